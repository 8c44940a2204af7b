"""`rank --style-control`, of files and campaigns, and the measures that are kept of answers."""

import json
import random
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from arena.models import Answer
from ranking.actions.styles import ballot_styles, measure_answers
from ranking.comparisons import campaign_comparisons
from ranking.models import AnswerStyle
from ranking.style_measures import MEASURES, VERSION
from tests.ranking.campaigns import campaign_with_votes

SENTENCES = [
    "Euskal Herriko hiririk handiena Bilbo da, eta bertan dago Guggenheim museoa.",
    "Donostiako hondartza ederra da, eta udan jende asko biltzen da han eguzkia hartzera.",
    "The largest city is Bilbao, and that is where the Guggenheim museum stands today.",
]


def run(command="rank", *arguments, **options):
    out = StringIO()
    call_command(command, *arguments, stdout=out, **options)
    return out.getvalue()


def text_of(rng):
    lines = [rng.choice(SENTENCES) for _ in range(rng.randint(1, 4))]
    marks = rng.choice(["{}", "- {}", "# {}", "**{}**"])
    return "\n\n".join([marks.format(lines[0]), *lines[1:]])


def write_answers(campaign):
    rng = random.Random(4)
    for answer in Answer.objects.filter(turn__battle__campaign=campaign).order_by("pk"):
        Answer.objects.filter(pk=answer.pk).update(text=text_of(rng))


@pytest.fixture
def campaign(db):
    found = campaign_with_votes(90, voters=30)
    write_answers(found)
    return found


def test_campaign_and_its_export_give_the_same_object(campaign, tmp_path):
    path = tmp_path / "out.jsonl"
    run("export_battles", campaign=campaign.slug, output=path)
    ours = run(campaign=campaign.slug, style_control=True, format="json")
    assert ours == run(input=path, style_control=True, format="json")
    printed = json.loads(ours)
    assert [effect["name"] for effect in printed["effects"]] == list(MEASURES)
    assert printed["style_control"] is True
    assert len(printed["ratings_without_style"]) == len(printed["ratings"]) == 3
    plain = json.loads(run(campaign=campaign.slug, format="json"))
    assert printed["ratings_without_style"] == plain["ratings"]
    assert printed["input_sha256"] == plain["input_sha256"]


@pytest.mark.thorough
@pytest.mark.parametrize("form", ["table", "markdown", "latex", "csv"])
def test_formats_show_ratings_with_and_without(campaign, form):
    printed = run(campaign=campaign.slug, style_control=True, format=form)
    if form != "csv":
        assert "without" in printed
        assert "basque" in printed


def test_answers_are_measured_once(campaign):
    found = campaign_comparisons(campaign, "overall")
    first = ballot_styles(campaign=campaign, ballots=found.ballots)
    assert AnswerStyle.objects.count() == 180
    assert measure_answers(campaign=campaign) == 0
    np.testing.assert_array_equal(ballot_styles(campaign=campaign, ballots=found.ballots).values, first.values)


def test_a_new_run_or_version_is_measured_again(campaign):
    measure_answers(campaign=campaign)
    answer = Answer.objects.filter(turn__battle__campaign=campaign).first()
    Answer.objects.filter(pk=answer.pk).update(run=2, text="# Berria\n\n" + SENTENCES[0])
    others = AnswerStyle.objects.exclude(pk=answer.pk).values_list("pk", flat=True)[:2]
    AnswerStyle.objects.filter(pk__in=list(others)).update(version=VERSION - 1)
    assert measure_answers(campaign=campaign) == 3
    assert AnswerStyle.objects.get(pk=answer.pk).headings == 1
    assert AnswerStyle.objects.current().count() == 180


def test_as_many_as_are_asked_for(campaign):
    assert measure_answers(campaign=campaign, at_most=7) == 7
    assert AnswerStyle.objects.count() == 7


def test_votes_without_answers_are_left_out_and_said(campaign):
    Answer.objects.filter(turn__battle__campaign=campaign, side="b", turn__battle__pk__lte=0).update(text="")
    some = list(Answer.objects.filter(turn__battle__campaign=campaign, side="b").values_list("pk", flat=True)[:4])
    Answer.objects.filter(pk__in=some).update(text="17")
    printed = json.loads(run(campaign=campaign.slug, style_control=True, format="json"))
    assert printed["n_battles"] == 86
    assert any(warning.endswith("style to be known: 4.") for warning in printed["warnings"])


def test_the_share_of_basque_stays_within_the_letters(campaign):
    measure_answers(campaign=campaign, at_most=1)
    with pytest.raises(IntegrityError, match="answer_style_basque_within_letters"), transaction.atomic():
        AnswerStyle.objects.update(basque_letters=10**6)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"method": "elo"}, "Elo"),
        ({"interval": "bootstrap"}, "sandwich"),
        ({"regularisation": 1.0}, "regularisation"),
        ({}, "line 1: conv_a is missing"),
        ({"preset": "paper"}, "leave out the options"),
    ],
)
def test_refusals(tmp_path, options, sentence):
    path = tmp_path / "votes.jsonl"
    path.write_text('{"model_a": "x", "model_b": "y", "winner": "model_a"}\n' * 3)
    with pytest.raises(CommandError, match=sentence):
        run(input=path, style_control=True, **options)
