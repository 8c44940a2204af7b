from datetime import UTC, datetime, timedelta

import pytest

from arena.models import Ballot, Turn
from ranking.slices import BadSlice, Slice, check_slice, slice_choices
from tests.factories import TurnFactory
from tests.ranking.campaigns import START, campaign_with_votes


def test_the_text_of_a_slice_is_canonical():
    chosen = Slice.parse(["level=c1_c2", "category=code", "level=b1_b2", "level=c1_c2"])
    assert chosen.text == "category=code&level=b1_b2&level=c1_c2"
    assert Slice.from_text("level=c1_c2&level=b1_b2&category=code") == chosen
    assert Slice.from_text(chosen.text) == chosen
    assert not Slice.parse([]) and Slice.parse([]).text == ""


def test_values_of_any_words_survive_the_text_and_the_command_line():
    chosen = Slice.parse(["level=C1 & gehiago=bai"])
    assert Slice.from_text(chosen.text) == chosen
    assert chosen.arguments == "--slice 'level=C1 & gehiago=bai'"


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["level"], "KEY=VALUE"),
        (["age=14"], "no slice by 'age'. The keys are: level, education,"),
        (["level="], "level has no value"),
        (["from=yesterday"], "'yesterday' is none"),
        (["from=20260319"], "is none"),
        (["from=2026-02-30"], "is none"),
        (["turns=3"], "turns is one or more"),
        (["from=2026-03-20", "to=2026-03-19"], "ends before it begins"),
        (["from=2026-03-20", "from=2026-03-19"], "has one from"),
        (["to=9999-12-31"], "is none"),
    ],
)
def test_rubbish_is_refused_with_what_there_is(texts, said):
    with pytest.raises(BadSlice, match=said.replace("(", r"\(")):
        Slice.parse(texts)


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        ([], True),
        (["level=c1_c2", "education=university"], True),
        (["level=c1_c2", "education=vocational"], False),
        (["level=c1_c2", "level=b1_b2"], True),
        (["category=code"], False),
        (["from=2026-03-19", "to=2026-03-19"], True),
        (["from=2026-03-20"], False),
        (["to=2026-03-18"], False),
        (["turns=one"], False),
        (["turns=more"], True),
    ],
)
def test_rows_of_a_file(texts, kept):
    row = {
        "user_language": "c1_c2",
        "user_education": "university",
        "timestamp": "2026-03-19T23:59:59",
        "n_turns": "2",
        "category": None,
    }
    assert Slice.parse(texts).keeps(row) is kept


def test_turns_are_counted_in_the_conversation_where_the_file_does_not_say():
    asked = {"role": "user", "content": "Kaixo"}
    told = {"role": "assistant", "content": "Kaixo!"}
    one = Slice.parse(["turns=one"])
    assert one.keeps({"conv_a": [{"role": "system", "content": ""}, asked, told]})
    assert not one.keeps({"conv_a": [asked, told, asked, told]})
    assert not one.keeps({"conv_a": None}) and not Slice.parse(["turns=more"]).keeps({})
    assert Slice.parse(["turns=one", "from=2026-03-19"]).columns == {"n_turns", "conv_a", "timestamp"}


@pytest.mark.parametrize("told", ["two", float("nan"), float("inf"), []])
def test_a_number_of_turns_that_is_none_is_said(told):
    with pytest.raises(BadSlice, match="n_turns must be a whole number"):
        Slice.parse(["turns=one"]).keeps({"n_turns": told})


@pytest.mark.parametrize("row", [{"timestamp": "noiz"}, {"timestamp": 3}])
def test_a_time_that_is_none_is_said(row):
    with pytest.raises(BadSlice, match="no time"):
        Slice.parse(["to=2026-03-19"]).keeps(row)


@pytest.mark.django_db
def test_ballots_of_a_slice_are_those_of_the_rows():
    """Every condition means the same for a campaign as for its export."""
    campaign = campaign_with_votes(9)
    ballots = list(Ballot.objects.of_campaign(campaign).order_by("pk").select_related("battle__participant"))
    ballots[0].battle.participant.language_level = "b1_b2"
    ballots[0].battle.participant.save()
    second = TurnFactory(battle=ballots[3].battle, index=2, answered=True)
    Turn.objects.filter(battle=ballots[4].battle).update(
        language="es", language_source="lingua", category="code", category_source="rules"
    )
    Turn.objects.filter(pk=second.pk).update(language="es", language_source="lingua")
    Ballot.objects.filter(pk=ballots[8].pk).update(created_at=START + timedelta(days=1, hours=17))
    Ballot.objects.filter(pk=ballots[7].pk).update(created_at=datetime(2026, 3, 20, 0, 0, tzinfo=UTC))
    from ranking.exports import battle_rows

    rows = list(battle_rows(campaign))
    counts = {
        "level=b1_b2": 3,
        "language=eu": 9,
        "language=es": 0,
        "from=2026-03-20": 2,
        "to=2026-03-19": 7,
        "turns=more": 1,
        "turns=one": 8,
        "prompt_language=es": 1,
        "category=code": 1,
    }
    for text, count in counts.items():
        chosen = Slice.parse([text])
        found = chosen.apply(Ballot.objects.of_campaign(campaign))
        assert found.count() == count, text
        if text.partition("=")[0] in ("prompt_language", "category"):
            continue
        kept = {row["id"] for row in rows if chosen.keeps(row)}
        assert kept == {str(ballot.battle.uid) for ballot in found.select_related("battle")}, text


@pytest.mark.django_db
def test_an_unknown_value_is_refused_with_those_that_there_are():
    campaign = campaign_with_votes(3)
    check_slice(campaign, Slice.parse(["level=c1_c2", "turns=more"]))
    with pytest.raises(BadSlice, match=r"No vote has level=c3. The values of level here are: c1_c2\."):
        check_slice(campaign, Slice.parse(["level=c1_c2", "level=c3"]))
    with pytest.raises(BadSlice, match=r"category here are: none\."):
        check_slice(campaign, Slice.parse(["category=code"]))


@pytest.mark.django_db
def test_what_a_page_offers(django_assert_max_num_queries):
    campaign = campaign_with_votes(3, category_source="model", categories="bertsoak\nother")
    with django_assert_max_num_queries(1):
        choices = slice_choices(campaign)
    assert [value for value, _ in choices["category"]] == ["bertsoak", "other"]
    assert [value for value, _ in choices["prompt_language"]] == ["eu", "es", "fr", "en"]
    assert choices["turns"][0][0] == "one"
    campaign.category_source = "none"
    assert "category" not in slice_choices(campaign)
