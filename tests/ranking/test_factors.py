import pytest

from ranking.factors import factors_of_name, levels_of, with_names


def test_the_names_of_variants_tell_what_they_are_made_of():
    assert factors_of_name("exp_1_101") == {
        "backbone": "Latxa-Llama-3.1-8B",
        "corpus": "eu",
        "instructions": "en",
        "instructions_en": "yes",
        "instructions_eu": "no",
    }
    assert factors_of_name("exp_0_010")["instructions"] == "eu"
    assert factors_of_name("exp_2_111")["instructions"] == "eu+en"
    assert factors_of_name("exp_2_100")["instructions"] == "none"


@pytest.mark.parametrize("name", ["gpt-4o", "exp_1_10", "exp_1_102", "exp_2_101_70b", "xexp_1_101", ""])
def test_other_names_tell_nothing(name):
    assert factors_of_name(name) == {}


def test_recorded_levels_come_first():
    assert with_names({"exp_1_101": {}, "b": {"size": "8"}}) == {"exp_1_101": {}, "b": {"size": "8"}}
    assert with_names({"exp_1_101": {}, "b": {}})["exp_1_101"]["corpus"] == "eu"


def test_levels_are_texts():
    assert levels_of({"a": "eu", "b": 8, "c": True, "d": None, "e": False}) == {
        "a": "eu",
        "b": "8",
        "c": "yes",
        "e": "no",
    }
    with pytest.raises(ValueError, match="the level of a must be a text or a number"):
        levels_of({"a": ["eu"]})
