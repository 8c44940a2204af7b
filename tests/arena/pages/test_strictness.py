"""The guard of these tests is itself tested."""

import pytest
from django.template import engines


def test_an_unknown_variable_is_an_error() -> None:
    with pytest.raises(AssertionError, match="nobody_defines_this"):
        engines["django"].from_string("{{ nobody_defines_this }}").render({})


def test_an_unknown_variable_in_a_condition_is_not() -> None:
    assert engines["django"].from_string("{% if nobody_defines_this %}yes{% else %}no{% endif %}").render({}) == "no"
