import string

import pytest
from django.utils import translation

from ranking import notices
from ranking.estimators import SENTENCES, Case


@pytest.mark.parametrize("case", list(Case))
def test_every_case_has_the_same_sentence_here_and_there(case):
    with translation.override("en"):
        assert str(notices.SENTENCES[case]) == SENTENCES[case]


@pytest.mark.parametrize("language", ["eu", "es", "fr", "en"])
@pytest.mark.parametrize("case", list(Case))
def test_every_translation_names_the_same_values(case, language):
    def values(sentence):
        return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}

    with translation.override(language):
        assert values(str(notices.SENTENCES[case])) == values(SENTENCES[case])


def test_stored_notice_becomes_a_sentence():
    with translation.override("en"):
        said = notices.sentence({"case": "never_lost", "values": {"model": "latxa", "battles": 7}})
    assert said == "latxa never lost or tied (battles: 7), so its rating has no upper bound."
