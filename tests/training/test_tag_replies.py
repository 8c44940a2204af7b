"""What is made of a model's reply, and what is not."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.tagging.replies import object_in

GOLDEN = json.loads((Path(__file__).parent / "golden/tagging/replies.json").read_text())
JSON = st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text()), min_size=1)


@pytest.mark.parametrize("case", GOLDEN["repaired"], ids=lambda case: case["what"])
def test_what_is_repaired(case: dict[str, object]) -> None:
    assert object_in(str(case["reply"])) == case["object"]


@pytest.mark.parametrize("case", GOLDEN["broken"], ids=lambda case: case["what"])
def test_what_is_not(case: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="no JSON object"):
        object_in(case["reply"])


@given(JSON)
def test_a_good_reply_is_what_it_says(value: dict[str, object]) -> None:
    assert object_in(json.dumps(value)) == value


@given(JSON)
def test_a_reply_that_goes_on_after_the_brace(value: dict[str, object]) -> None:
    assert object_in(json.dumps(value, ensure_ascii=False)[1:]) == value


@given(st.text())
def test_any_text_is_an_object_or_an_error(text: str) -> None:
    try:
        assert isinstance(object_in(text), dict)
    except ValueError as error:
        assert "no JSON object" in str(error)
