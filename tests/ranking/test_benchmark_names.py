"""The tasks of the study, as its tables have them."""

import pytest

from ranking.benchmark_tasks import ACCURACY, BASQUE, ENGLISH, FLEXIBLE, SPANISH, TASKS, language_of, whole_of


def test_there_are_29_of_three_languages():
    assert (len(BASQUE), len(ENGLISH), len(SPANISH), len(TASKS)) == (15, 10, 4, 29)
    assert {task.name for task in TASKS.values() if task.is_bias} == {"basqbbq", "bbq"}
    assert {task.name for task in TASKS.values() if task.shots == 4} == {"basqbbq", "bbq"}
    assert {task.name for task in TASKS.values() if task.metrics[0] == FLEXIBLE} == {
        f"mgsm_native_cot_{language}" for language in ("eu", "en", "es")
    }
    assert TASKS["piqa"].metrics[0] == ACCURACY


def test_two_are_made_of_parts():
    assert {task.name for task in TASKS.values() if task.parts} == {"basqbbq", "eus_exams_eu"}
    assert whole_of("eus_exams_eu_opebilbaoeu") is TASKS["eus_exams_eu"]
    assert whole_of("basqbbq_Generoa_ambig") is TASKS["basqbbq"]
    assert whole_of("eus_exams_eu") is None
    assert whole_of("eus_exams_es_opebilbao") is None


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("bl2mp", "eu"),
        ("piqa", "en"),
        ("belebele_spa_Latn", "es"),
        ("heldout_eu", "eu"),
        ("eus_exams_eu_ejlaguntza", "eu"),
        ("wikitext", ""),
        ("eu", ""),
    ],
)
def test_languages(name, language):
    assert language_of(name) == language
