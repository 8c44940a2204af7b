"""`rank --differences`, `rank --compare` and `rank --preset paper`, as typed."""

import csv
import json

import pytest
from django.core.management import CommandError

from tests.ranking.campaigns import campaign_with_votes
from tests.ranking.estimators.samples import draw_rows, voters_for
from tests.ranking.test_commands import exported, run

WINNER = {"a": "model_a", "b": "model_b", "tie": "tie"}


@pytest.fixture
def votes(tmp_path):
    rows = draw_rows([0.0, 0.3, 0.6, 1.4], 600)
    path = tmp_path / "votes.jsonl"
    records = [
        {"model_a": a, "model_b": b, "winner": WINNER[outcome], "username": voter}
        for (a, b, outcome), voter in zip(rows, voters_for(rows, 50), strict=True)
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_one_difference_and_all_of_them_are_not_asked_for_together(votes):
    with pytest.raises(CommandError, match="one by one"):
        run("rank", input=votes, differences=True, compare=["a", "b"])


class TestDifferences:
    def test_json_has_one_key_more(self, votes):
        plain, more = (
            json.loads(run("rank", input=votes, format="json", differences=asked)) for asked in (False, True)
        )
        found = more.pop("differences")
        assert more == plain
        assert [*found] == ["pairs", "best", "separability"]
        assert [*found["pairs"][0]] == [
            "model_a", "model_b", "difference", "se", "ci_low", "ci_high", "simultaneous_low", "simultaneous_high",
            "p_better", "p", "p_holm", "p_max_t",
        ]  # fmt: skip
        assert found["separability"]["pairs"] == len(found["pairs"]) == 6

    def test_table(self, votes):
        plain, more = (run("rank", input=votes, differences=asked) for asked in (False, True))
        assert more.startswith(plain)
        block = more[len(plain) :].splitlines()
        assert block[1].split()[:3] == ["better", "worse", "difference"] and len(block) == 1 + 1 + 6 + 2
        assert block[2].startswith("m03")
        assert block[-2].startswith("Of 6 pairs, max-t tells")
        assert block[-1].startswith("Probability of being best: m03 above 0.999")

    @pytest.mark.parametrize(
        ("form", "sign"), [("markdown", "| better | worse |"), ("latex", r"\begin{longtable}{llrrrrrrr}")]
    )
    def test_for_papers(self, votes, form, sign):
        assert sign in run("rank", input=votes, format=form, differences=True)

    def test_csv_has_the_pairs(self, votes):
        pairs = json.loads(run("rank", input=votes, format="json", differences=True))["differences"]["pairs"]
        records = list(csv.DictReader(run("rank", input=votes, format="csv", differences=True).splitlines()))
        assert [list(record) for record in records] == [list(pair) for pair in pairs]
        assert [float(record["p_holm"]) for record in records] == pytest.approx([pair["p_holm"] for pair in pairs])

    @pytest.mark.parametrize("form", ["table", "json", "markdown", "latex"])
    def test_of_nothing(self, tmp_path, form):
        empty = tmp_path / "none.jsonl"
        empty.write_text("")
        assert run("rank", input=empty, format=form, differences=True)


class TestCompare:
    def test_sentence(self, votes):
        text = run("rank", input=votes, compare=["m03", "m00"])
        assert text.startswith("m03 is better than m00 with probability above 0.999: +")
        assert "95% interval +" in text and "Corrected for all 6 pairs, p is below 0.001 (max-t) or below 0.001" in text
        assert text.count("\n") == 1

    def test_the_other_way_round(self, votes):
        assert run("rank", input=votes, compare=["m00", "m03"]).startswith(
            "m00 is better than m03 with probability below 0.001: -"
        )

    def test_object(self, votes):
        printed = json.loads(run("rank", input=votes, compare=["m01", "m00"], format="json"))
        assert (printed["model_a"], printed["model_b"]) == ("m01", "m00")
        assert printed["sentence"].startswith("m01 is better than m00 with probability 0.")

    def test_without_errors(self, votes):
        text = run("rank", input=votes, compare=["m03", "m00"], interval="none")
        assert text.startswith("m03 and m00 differ by +") and "no error" in text

    def test_without_a_number(self, votes):
        with votes.open("a") as file:
            file.write('{"model_a": "top", "model_b": "m00", "winner": "model_a", "username": "u"}\n')
        assert run("rank", input=votes, compare=["m00", "top"]).startswith("m00 stands below top. How far")

    @pytest.mark.parametrize(
        ("pair", "complaint"), [(["m00", "nobody"], "“nobody” is no model"), (["m00", "m00"], "with itself")]
    )
    def test_rubbish(self, votes, pair, complaint):
        with pytest.raises(CommandError, match=complaint):
            run("rank", input=votes, compare=pair)

    def test_as_csv(self, votes):
        (record,) = csv.DictReader(run("rank", input=votes, compare=["m00", "m01"], format="csv").splitlines())
        assert (record["model_a"], record["model_b"]) == ("m00", "m01") and float(record["se"]) > 0

    def test_as_latex(self, votes):
        assert r"95\% interval" in run("rank", input=votes, compare=["m00", "m01"], format="latex")


class TestPreset:
    def test_table_has_steps_up_and_down(self, votes):
        lines = run("rank", input=votes, preset="paper").splitlines()
        assert "preset paper · bootstrap 0.9" in lines[0]
        assert lines[1].split() == ["rank", "range", "model", "rating", "down", "up", "battles", "won", "tied", "lost"]
        cells = lines[2].split()
        assert cells[2] == "m03" and cells[3].isdigit() and cells[4][0] == "-" and cells[5][0] == "+"

    @pytest.mark.django_db
    def test_campaign_and_its_export(self, tmp_path, monkeypatch):
        monkeypatch.setattr("ranking.actions.imports.send_on_commit", lambda task: None)
        campaign = campaign_with_votes(20)
        how = {"preset": "paper", "format": "json"}
        ours = run("rank", campaign=campaign.slug, **how)
        assert ours == run("rank", input=exported(campaign, tmp_path), **how)
        assert json.loads(ours)["preset"] == "paper"

    @pytest.mark.parametrize("how", [{"level": 0.9}, {"method": "elo"}, {"seed": 1}, {"interval": "bootstrap"}])
    def test_takes_no_other_recipe(self, votes, how):
        with pytest.raises(CommandError, match="leave out the options that say it otherwise"):
            run("rank", input=votes, preset="paper", **how)

    def test_has_no_differences(self, votes):
        with pytest.raises(CommandError, match="recipe gives no differences"):
            run("rank", input=votes, preset="paper", differences=True)

    @pytest.mark.parametrize("form", ["csv", "latex", "markdown", "json"])
    def test_formats(self, votes, form):
        assert "m03" in run("rank", input=votes, preset="paper", format=form)
