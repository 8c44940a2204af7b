"""`plot`: every figure of a file and of a campaign, in the format that the output's name says."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.ranking.campaigns import campaign_with_votes
from tests.ranking.estimators.samples import draw_rows

MAGIC = {"pdf": b"%PDF", "png": b"\x89PNG", "svg": b"<?xml"}
NAMES = ["exp_0_010", "exp_0_110", "exp_1_010", "exp_1_110", "exp_2_101"]
WINNERS = {"a": "model_a", "b": "model_b", "tie": "tie"}


def plot(**options):
    call_command("plot", stdout=StringIO(), **options)


@pytest.fixture
def path(tmp_path):
    rows = draw_rows([0.1, 0.5, 0.2, 0.4, 0.7], 400, names=NAMES)
    file = tmp_path / "votes.jsonl"
    lines = [
        {"model_a": a, "model_b": b, "winner": WINNERS[outcome], "timestamp": f"2026-03-{28 - i // 20:02d}T10:00:00"}
        for i, (a, b, outcome) in enumerate(rows)
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


@pytest.mark.parametrize(
    ("figure", "kind", "more"),
    [
        ("intervals", "png", {}),
        ("intervals", "pdf", {"width": 5.0}),
        ("battles", "svg", {}),
        ("wins", "svg", {"width": 4.0}),
        ("predicted", "png", {"method": "davidson"}),
        ("factors", "svg", {"by": ["corpus", "backbone*corpus"]}),
        ("history", "png", {"model": ["exp_2_101"]}),
    ],
)
def test_of_a_file(path, tmp_path, figure, kind, more):
    output = tmp_path / f"figure.{kind}"
    plot(input=path, figure=figure, output=output, **more)
    assert output.read_bytes().startswith(MAGIC[kind])


def test_a_correlation_is_drawn_and_printed(path, tmp_path):
    scores = tmp_path / "scores.csv"
    scores.write_text("model,benchmark,score\n" + "".join(f"{name},arc_eu,{i}\n" for i, name in enumerate(NAMES)))
    out = StringIO()
    call_command("plot", stdout=out, input=path, figure="correlation", benchmarks=scores, output=tmp_path / "c.png")
    assert out.getvalue().startswith("arc_eu: rho ")
    assert (tmp_path / "c.png").read_bytes().startswith(MAGIC["png"])


@pytest.mark.thorough
@pytest.mark.django_db
@pytest.mark.parametrize("figure", ["intervals", "history"])
def test_of_a_campaign(tmp_path, figure):
    campaign = campaign_with_votes(40, voters=12)
    output = tmp_path / "figure.svg"
    plot(campaign=campaign.slug, figure=figure, output=output)
    first = output.read_bytes()
    plot(campaign=campaign.slug, figure=figure, output=output)
    assert output.read_bytes() == first


def test_a_history_goes_by_time_and_not_by_the_file(path, tmp_path):
    backwards = tmp_path / "backwards.jsonl"
    lines = path.read_text().splitlines()
    backwards.write_text("\n".join(sorted(lines, key=lambda line: json.loads(line)["timestamp"])) + "\n")
    images = []
    for file in (path, backwards):
        plot(input=file, figure="history", output=tmp_path / "history.svg", interval="none")
        images.append((tmp_path / "history.svg").read_bytes())
    assert images[0] == images[1]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"figure": "factors"}, "needs --by FACTOR"),
        ({"figure": "factors", "by": ["colour"]}, "No model has a factor 'colour'"),
        ({"figure": "wins", "by": ["corpus"]}, "--by is for the figure of factors"),
        ({"figure": "wins", "model": ["x"]}, "--model is for the figure of histories"),
        ({"figure": "history", "model": ["x"]}, "'x' is none of the ranked models"),
        ({"figure": "history", "style_control": True}, "conv_a is missing"),
        ({"figure": "predicted", "method": "elo"}, "Elo is no model of votes"),
        ({"figure": "correlation"}, "--benchmarks FILE is for"),
        ({"figure": "wins", "benchmarks": Path("x.csv")}, "--benchmarks FILE is for"),
        ({"figure": "correlation", "benchmarks": Path("/nowhere/x.csv")}, "cannot be read: No such file"),
        ({"figure": "wins", "width": 0.1}, "between 1 and 50 inches"),
        ({"figure": "wins", "slice": ["level=x"]}, "No vote has level=x"),
    ],
)
def test_refusals(path, tmp_path, options, sentence):
    with pytest.raises(CommandError, match=sentence):
        plot(input=path, output=tmp_path / "figure.png", **options)
    assert not (tmp_path / "figure.png").exists()


@pytest.mark.parametrize("name", ["figure", "figure.jpg", "figure.pdf.gz"])
def test_the_name_says_the_format(path, tmp_path, name):
    with pytest.raises(CommandError, match=r"must end in .pdf, .png or .svg"):
        plot(input=path, figure="wins", output=tmp_path / name)


@pytest.mark.parametrize("figure", ["intervals", "battles", "wins", "predicted", "history"])
def test_no_votes_make_no_figure(tmp_path, figure):
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(CommandError, match="there are no votes"):
        plot(input=tmp_path / "empty.jsonl", figure=figure, output=tmp_path / "figure.svg")
