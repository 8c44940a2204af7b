import csv
import gzip
import hashlib
import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from arena.actions.collection import collect_ballots
from arena.models import Answer, Ballot, Battle, Campaign, Participant, Turn
from ranking.files.columns import ALL, PUBLIC
from tests.factories import CampaignFactory
from tests.ranking.campaigns import campaign_with_votes, form_with_dont_know
from tests.ranking.files.test_reading import LEAST, lines
from tests.ranking.files.test_reading import PUBLIC as PUBLIC_ROW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_task(monkeypatch):
    monkeypatch.setattr("ranking.actions.imports.send_on_commit", lambda task: None)


def run(command, *args, **options):
    out = StringIO()
    call_command(command, *args, stdout=out, **options)
    return out.getvalue()


def exported(campaign, tmp_path, name="out.jsonl", **options):
    path = tmp_path / name
    run("export_battles", campaign=campaign.slug, output=path, **options)
    return path


def rows_of(path):
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in text.splitlines()]


class TestLabels:
    @pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
    def test_labels_go_through_export_and_import_with_who_told_them(self, tmp_path, form):
        campaign = campaign_with_votes(4)
        told = Turn.objects.order_by("pk")[1]
        Turn.objects.filter(pk=told.pk).update(
            language="es", language_source="lingua:2.1.1", category="code", category_source="model:sorter"
        )
        Answer.objects.filter(turn=told, side="a").update(language="eu", language_source="lingua:2.1.1")
        path = exported(campaign, tmp_path, f"out.{form}", format=form)
        run("import_battles", path, campaign="berriz")
        kept = Turn.objects.get(battle__campaign__slug="berriz", category="code")
        assert (kept.language, kept.language_source) == ("es", "lingua:2.1.1")
        assert (kept.category_source, kept.answer("a").language) == ("model:sorter", "eu")
        assert Turn.objects.filter(battle__campaign__slug="berriz", category_source="").count() == 3
        sliced = run("rank", input=path, slice=["category=code"], format="json")
        assert sliced == run("rank", campaign="berriz", slice=["category=code"], format="json")
        assert json.loads(sliced)["n_battles"] == 1

    def test_a_label_without_a_source_is_the_files(self, tmp_path):
        row = {**PUBLIC_ROW, "category": "code"}
        run("import_battles", lines(tmp_path, row), campaign="berriz")
        assert Turn.objects.values_list("category", "category_source", "language_source").get() == ("code", "file", "")

    @pytest.mark.parametrize("label", [{"category": 3}, {"prompt_language": "x" * 9}, {"category": ["code"]}])
    def test_a_label_that_is_none_is_a_bad_line(self, tmp_path, label):
        with pytest.raises(CommandError, match="line 1: (category|prompt_language)"):
            run("import_battles", lines(tmp_path, {**PUBLIC_ROW, **label}), campaign="berriz")


class TestSlices:
    @pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
    @pytest.mark.parametrize(
        "texts", [["level=b1_b2"], ["to=2026-03-19", "turns=one"], ["language=eu", "from=2026-03-19"]]
    )
    def test_a_slice_of_a_campaign_is_that_of_its_export(self, tmp_path, form, texts):
        campaign = campaign_with_votes(12)
        Participant.objects.filter(pk=Participant.objects.order_by("pk")[0].pk).update(language_level="b1_b2")
        path = exported(campaign, tmp_path, f"out.{form}", format=form)
        options = {"format": "json", "slice": texts}
        here, there = run("rank", campaign=campaign.slug, **options), run("rank", input=path, **options)
        assert here == there
        found = json.loads(here)
        assert found["n_battles"] == (4 if texts == ["level=b1_b2"] else 12)
        assert found["warnings"][0] == f"Only votes of this slice count: {', '.join(sorted(texts))}."

    def test_what_no_vote_has_is_refused_with_what_there_is(self, tmp_path):
        campaign = campaign_with_votes(3)
        path = exported(campaign, tmp_path)
        for source in ({"campaign": campaign.slug}, {"input": path}):
            with pytest.raises(CommandError, match=r"No vote has level=c3. The values of level here are: c1_c2\."):
                run("rank", slice=["level=c3"], **source)
            with pytest.raises(CommandError, match="There is no slice by 'age'. The keys are: level, education"):
                run("rank", slice=["age=3"], **source)

    def test_a_file_without_the_column_says_so_by_having_no_value(self, tmp_path):
        path = lines(tmp_path, LEAST)
        with pytest.raises(CommandError, match=r"The values of category here are: none\."):
            run("rank", input=path, slice=["category=code"])

    @pytest.mark.parametrize(
        ("texts", "said"),
        [
            (["from=2026-03-19"], "when it was cast, so it has no slice by from"),
            (["to=2026-03-19"], "when it was cast, so it has no slice by to"),
            (["turns=one"], "how many turns it had, so it has no slice by turns"),
        ],
    )
    def test_a_file_that_says_no_times_or_turns_is_refused(self, tmp_path, texts, said):
        with pytest.raises(CommandError, match=f"No vote of this file says {said}"):
            run("rank", input=lines(tmp_path, LEAST), slice=texts)

    def test_a_time_that_is_none_is_named_by_its_line(self, tmp_path):
        path = lines(tmp_path, {**LEAST, "timestamp": "2026-03-19"}, {**LEAST, "timestamp": "atzo"})
        with pytest.raises(CommandError, match="line 2: 'atzo' is no time in ISO 8601"):
            run("rank", input=path, slice=["from=2026-03-19"])


class TestRank:
    def test_object_has_exactly_the_keys_that_programs_rely_on(self, tmp_path):
        printed = json.loads(run("rank", input=lines(tmp_path, *[LEAST] * 3), format="json"))
        assert [*printed] == [
            "method", "dimension", "interval", "level", "rounds", "seed", "n_battles", "n_ties", "input_sha256",
            "ratings", "warnings",
        ]  # fmt: skip
        assert [*printed["ratings"][0]] == [
            "model", "rating", "ci_low", "ci_high", "rank", "rank_low", "rank_high", "battles", "wins", "losses",
            "ties", "component",
        ]  # fmt: skip
        assert printed["method"] == "bradley-terry"
        assert (printed["interval"], printed["level"], printed["rounds"], printed["seed"]) == (
            "sandwich",
            0.95,
            1000,
            0,
        )

    @pytest.mark.parametrize("method", ["bradley-terry", "davidson", "elo"])
    @pytest.mark.parametrize("dimension", ["overall", "content", "language"])
    @pytest.mark.parametrize("cluster", ["voter", "none"])
    def test_campaign_and_its_export_give_the_same_object(self, tmp_path, method, dimension, cluster):
        campaign = campaign_with_votes(20)
        how = {"method": method, "dimension": dimension, "cluster": cluster, "rounds": 40, "format": "json"}
        how["interval"] = "bootstrap"
        ours = run("rank", campaign=campaign.slug, **how)
        assert ours == run("rank", input=exported(campaign, tmp_path), **how)
        assert json.loads(ours)["n_battles"] == 20

    def test_with_votes_that_do_not_know(self, tmp_path):
        campaign = campaign_with_votes(9, ballot_form=form_with_dont_know())
        ballot = Ballot.objects.first()
        ballot.judgements.filter(dimension="language").update(choice="dont_know")
        how = {"dimension": "language", "rounds": 40, "format": "json"}
        ours = run("rank", campaign=campaign.slug, **how)
        assert ours == run("rank", input=exported(campaign, tmp_path), **how)
        assert "Votes that say nothing about this dimension and are left out: 1." in json.loads(ours)["warnings"]

    @pytest.mark.parametrize(("name", "kind"), [("a.jsonl", "jsonl"), ("a.csv", "csv"), ("a.parquet", "parquet")])
    def test_without_votes_on_answers_that_name_a_model(self, tmp_path, name, kind):
        campaign = campaign_with_votes(20)
        Answer.objects.filter(turn__battle=Battle.objects.order_by("pk")[3], side="a").update(self_identified=True)
        path = exported(campaign, tmp_path, name, format=kind)
        how = {"rounds": 20, "format": "json", "without_self_identified": True}
        printed = run("rank", campaign=campaign.slug, **how)
        assert json.loads(printed)["n_battles"] == 19
        assert run("rank", input=path, **how) == printed

    def test_without_votes_on_such_answers_where_another_program_wrote_the_file(self, tmp_path):
        path = tmp_path / "a.csv"
        path.write_text("model_a,model_b,winner,self_identified_a,self_identified_b\n" + "m,n,tie,false,false\n" * 3)
        path.write_text(path.read_text() + "m,n,tie,FALSE,TRUE\n")
        printed = run("rank", input=path, format="json", rounds=20, without_self_identified=True)
        assert json.loads(printed)["n_battles"] == 3

    def test_a_file_that_does_not_say_who_names_a_model(self, tmp_path):
        with pytest.raises(CommandError, match="line 1: self_identified_a must be true or false, and None is neither"):
            run("rank", input=lines(tmp_path, *[LEAST] * 3), without_self_identified=True)

    @pytest.mark.parametrize("name", ["table", "json", "csv", "latex", "markdown"])
    def test_formats(self, tmp_path, name):
        rows = [LEAST, {**LEAST, "winner": "model_b"}, {**LEAST, "model_b": "exp_1|&%"}]
        output = tmp_path / "ranking.txt"
        printed = run("rank", input=lines(tmp_path, *rows), format=name, rounds=50)
        assert run("rank", input=lines(tmp_path, *rows), format=name, rounds=50, output=output) == ""
        assert output.read_text() == printed
        model = {"latex": r"exp\_1$|$\&\%", "markdown": r"exp_1\|&%"}.get(name, "exp_1|&%")
        assert model in printed
        assert ("1--3" in printed) == (name == "latex")

    def test_csv_has_the_fields_of_the_object(self, tmp_path):
        rows = [LEAST, {**LEAST, "winner": "model_b"}]
        table = list(csv.DictReader(StringIO(run("rank", input=lines(tmp_path, *rows), format="csv", rounds=50))))
        assert [(line["model"], line["rating"], line["rank"]) for line in table] == [
            ("x", "1000.0", "1"),
            ("y", "1000.0", "1"),
        ]

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ({"level": 2.0}, "level must lie between 0 and 1"),
            ({"method": "elo", "interval": "sandwich"}, "Elo"),
            ({"cluster": "voter"}, "no vote names its voter"),
            ({"dimension": "content"}, "line 1: winner_content is missing"),
            ({"output": Path("/nowhere/at/all")}, "cannot be written"),
        ],
    )
    def test_refusals(self, tmp_path, options, sentence):
        with pytest.raises(CommandError, match=sentence):
            run("rank", input=lines(tmp_path, LEAST), **options)

    def test_unknown_campaign_and_dimension(self):
        campaign = CampaignFactory(slug="udaberria")
        with pytest.raises(CommandError, match="There is no campaign 'uda'. There are: udaberria."):
            run("rank", campaign="uda")
        with pytest.raises(CommandError, match="It asks: overall, content, language"):
            run("rank", campaign=campaign.slug, dimension="colour")

    def test_needs_one_source(self):
        with pytest.raises(CommandError, match="one of the arguments --campaign --input is required"):
            run("rank")


@pytest.mark.processes
def test_file_is_ranked_without_a_database(tmp_path):
    path = lines(tmp_path, *[LEAST, {**LEAST, "winner": "model_b"}] * 5, name="votes.jsonl.gz")
    environment = {
        **os.environ,
        "LEHIA_DATABASE_URL": "postgres://nobody:none@127.0.0.1:1/none",
        "LEHIA_VAR_DIR": str(tmp_path),
    }
    command = [sys.executable, "manage.py", "rank", "--input", str(path), "--format", "json", "--rounds", "50"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["n_battles"] == 10


class TestExport:
    def test_columns_begin_with_those_of_the_public_data_set(self, tmp_path):
        campaign = campaign_with_votes(5)
        row = rows_of(exported(campaign, tmp_path))[2]
        assert tuple(row) == ALL
        assert ALL[: len(PUBLIC)] == PUBLIC == tuple(PUBLIC_ROW)
        assert row["conv_a"][0]["role"] == "user"
        assert [message["role"] for message in row["conv_b"]] == ["user", "assistant"]
        assert (row["winner"], row["winner_content"], row["winner_language"]) == ("model_a", "model_a", "model_b")
        assert row["timestamp"] == "2026-03-19T07:02:00.123456+00:00"
        assert row["choices"] == {"content": "a", "language": "b", "overall": "a"}
        assert row["user_language"] == "c1_c2"
        assert row["turns"][0]["a"]["completion_tokens"] == 12

    def test_system_prompt_comes_first(self, tmp_path):
        campaign = campaign_with_votes(1)
        Answer.objects.update(system_prompt="Latxa zara.")
        row = rows_of(exported(campaign, tmp_path))[0]
        assert row["conv_a"][0] == {"role": "system", "content": "Latxa zara."}

    def test_names_nobody(self, tmp_path):
        campaign = campaign_with_votes(5)
        text = exported(campaign, tmp_path).read_text()
        for person in Participant.objects.all():
            assert str(person.uid) not in text
        assert {row["username"][:2] for row in rows_of(tmp_path / "out.jsonl")} == {"p_"}

    def test_leaves_out_quarantine_and_what_failures_say(self, tmp_path):
        campaign = campaign_with_votes(5)
        Ballot.objects.filter(pk=Ballot.objects.first().pk).update(quarantined_at=timezone.now())
        Answer.objects.update(failure_detail="http://10.0.0.7 is on fire")
        path = exported(campaign, tmp_path)
        assert len(rows_of(path)) == 4
        assert "on fire" not in path.read_text()

    def test_says_of_each_answer_what_a_paper_needs(self, tmp_path):
        campaign = campaign_with_votes(1)
        told = {
            "system_prompt": "Latxa zara.", "parameters": {"temperature": 0.3, "top_p": 0.8, "max_tokens": 99},
            "model_name": "latxa-8b", "model_revision": "4f1c2d", "finish_reason": "length", "prompt_tokens": 31,
            "completion_tokens": 99, "first_token_ms": 210, "duration_ms": 5400, "queued_ms": 80, "attempts": 2,
            "run": 3, "self_identified": True,
        }  # fmt: skip
        Answer.objects.filter(side="b").update(**told)
        row = rows_of(exported(campaign, tmp_path))[0]
        said = {**row["turns"][0]["b"], "system_prompt": row["conv_b"][0]["content"]}
        assert {name: said[name] for name in told} == told
        assert said["status"] == "complete"
        assert (row["self_identified_a"], row["self_identified_b"]) == (False, True)

    def test_compressed(self, tmp_path):
        assert len(rows_of(exported(campaign_with_votes(3), tmp_path, "out.jsonl.gz"))) == 3

    def test_preference(self, tmp_path):
        path = exported(campaign_with_votes(5), tmp_path, format="preference")
        rows = rows_of(path)
        assert len(rows) == 4  # the fifth is a tie
        second = rows[1]
        assert second["chosen"][0] == second["rejected"][0]
        assert "**B**" in second["chosen"][1]["content"]
        assert (second["winner_content"], second["winner_language"]) == ("chosen", "tie")

    def test_parquet(self, tmp_path):
        campaign = campaign_with_votes(5)
        table = pq.read_table(exported(campaign, tmp_path, "out.parquet", format="parquet"))
        assert tuple(table.column_names) == ALL
        assert table["conv_a"][0].as_py()[0]["role"] == "user"
        with pytest.raises(CommandError, match="compressed by itself"):
            run("export_battles", campaign=campaign.slug, output=tmp_path / "out.parquet.gz", format="parquet")

    def test_path_that_cannot_be_written(self):
        campaign = campaign_with_votes(1)
        with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
            run("export_battles", campaign=campaign.slug, output=Path("/nowhere/out.jsonl"))

    def test_queries_do_not_grow_with_the_votes(self, tmp_path, django_assert_num_queries):
        campaign = campaign_with_votes(15)
        with django_assert_num_queries(5):
            exported(campaign, tmp_path)


class TestImport:
    def test_public_rows_and_their_ranking(self, tmp_path):
        tie = {**PUBLIC_ROW, "id": "2", "winner": "tie", "winner_content": "model_a", "winner_language": "model_b"}
        lost = {**PUBLIC_ROW, "id": "3", "winner": "model_b", "winner_content": "model_b", "winner_language": "model_b"}
        path = lines(tmp_path, PUBLIC_ROW, tie, lost, name="25-03.jsonl.gz")
        said = run("import_battles", path, campaign="ebaluatoia")
        assert "Votes imported into ebaluatoia: 3." in said
        assert "made as a draft" in said
        campaign = Campaign.objects.get(slug="ebaluatoia")
        assert campaign.status == "draft"
        battles = Battle.objects.order_by("pk")
        assert [battle.external_id for battle in battles] == [PUBLIC_ROW["id"], "2", "3"]
        # Overall was asked where content and language disagree, and only there.
        assert [battle.ballot.choices().get("overall") for battle in battles] == [None, "tie", None]
        assert Participant.objects.get().language_level == "C1-C2"
        assert battles[0].turns.get().answers.get(side="b").text == "Gabon"
        how = {"rounds": 40, "format": "json"}
        assert run("rank", campaign="ebaluatoia", **how) == run("rank", input=path, **how)
        assert collect_ballots() == 3

    @pytest.mark.parametrize(("name", "kind"), [("a.jsonl.gz", "jsonl"), ("a.csv", "csv"), ("a.parquet", "parquet")])
    def test_export_import_export_keeps_everything(self, tmp_path, name, kind):
        campaign = campaign_with_votes(20)
        first_answer = Answer.objects.order_by("pk").first()
        Answer.objects.exclude(pk=first_answer.pk).update(
            system_prompt="Latxa zara.", model_name="latxa", parameters={"top_p": 0.9}, self_identified=True, run=2
        )
        before = exported(campaign, tmp_path, name, format=kind)
        plain = rows_of(exported(campaign, tmp_path, "before.jsonl"))
        Ballot.objects.all().delete()
        Battle.objects.all().delete()
        Participant.objects.all().delete()
        run("import_battles", before, campaign=campaign.slug)
        after = rows_of(exported(campaign, tmp_path, "after.jsonl"))
        assert [{**row, "voter_kind": "person"} for row in after] == plain
        assert {row["voter_kind"] for row in after} == {"imported"}

    def test_twice_is_harmless(self, tmp_path):
        path = lines(tmp_path, PUBLIC_ROW, {**PUBLIC_ROW, "id": "2"})
        run("import_battles", path, campaign="behin")
        assert "imported into behin: 0. Votes that were there before: 2." in run(
            "import_battles", path, campaign="behin"
        )
        assert Ballot.objects.count() == 2

    def test_into_the_campaign_that_it_came_from_is_harmless(self, tmp_path):
        campaign = campaign_with_votes(5)
        said = run("import_battles", exported(campaign, tmp_path), campaign=campaign.slug)
        assert "imported into" in said and "there before: 5." in said
        assert Ballot.objects.count() == 5

    def test_twice_with_another_winner_is_refused(self, tmp_path):
        run("import_battles", lines(tmp_path, PUBLIC_ROW), campaign="behin")
        changed = {**PUBLIC_ROW, "winner": "model_b", "winner_content": "model_b"}
        with pytest.raises(CommandError, match="line 2: the battle .* is there already and says something else"):
            run("import_battles", lines(tmp_path, {**PUBLIC_ROW, "id": "new"}, changed), campaign="behin")
        assert Ballot.objects.count() == 1

    def test_rows_without_id_name_and_conversation(self, tmp_path):
        path = lines(tmp_path, LEAST, LEAST, {**LEAST, "winner": "tie"})
        for there in (0, 3):
            assert f"there before: {there}." in run("import_battles", path, campaign="gutxi")
        assert Ballot.objects.count() == Participant.objects.count() == 3
        assert json.loads(run("rank", campaign="gutxi", rounds=40, format="json"))["n_ties"] == 1

    @pytest.mark.parametrize(
        ("bad", "reason"),
        [
            ("no json", "no JSON"),
            ({**PUBLIC_ROW, "winner": None}, "winner is missing"),
            ({**PUBLIC_ROW, "winner_content": "both"}, "winner_content must be"),
            ({**PUBLIC_ROW, "model_b": "exp_0_011"}, "set against itself"),
            ({**PUBLIC_ROW, "model_a": ""}, "model_a is missing"),
            ({**PUBLIC_ROW, "model_a": "x" * 121}, "longer than 120"),
            ({**PUBLIC_ROW, "id": "1"}, "was on line 1 already"),
            ({**PUBLIC_ROW, "timestamp": "gaur"}, "no time in ISO 8601"),
            ({**PUBLIC_ROW, "conv_a": "kaixo"}, "must be a list"),
            ({**PUBLIC_ROW, "conv_a": [{"role": "assistant", "content": "x"}]}, "where none can stand"),
            ({**PUBLIC_ROW, "conv_a": [{"role": "user", "content": ""}]}, "empty prompt"),
            ({**PUBLIC_ROW, "conv_a": [{"role": "user", "content": "a\x00b"}]}, "NUL"),
            ({**PUBLIC_ROW, "conv_a": [{"role": "user", "content": 3}]}, "no text"),
            ({**PUBLIC_ROW, "choices": {"content": "b"}}, "winner and choices say different things"),
            ({**PUBLIC_ROW, "choices": {"content": "x"}}, "is none of a, tie, b"),
            ({**PUBLIC_ROW, "draw_probability": 0}, "draw_probability"),
            ({**PUBLIC_ROW, "turns": [{"a": {"status": "waiting"}}]}, "the status must be"),
            ({**PUBLIC_ROW, "turns": [{"a": {"prompt_tokens": -1}}]}, "prompt_tokens must be a whole number"),
            ({**PUBLIC_ROW, "factors_a": [1]}, "factors_a must be an object"),
            ({**PUBLIC_ROW, "reasons": "clear"}, "reasons must be a list"),
        ],
    )
    def test_bad_line_is_named_and_nothing_is_imported(self, tmp_path, bad, reason):
        path = lines(tmp_path, {**PUBLIC_ROW, "id": "1"}, bad)
        with pytest.raises(CommandError, match="line 2: ") as caught:
            run("import_battles", path, campaign="ezer")
        assert reason in str(caught.value)
        assert not Campaign.objects.exists()
        assert not Battle.objects.exists()

    def test_answer_that_is_missing_is_a_failed_one(self, tmp_path):
        row = {**PUBLIC_ROW, "conv_b": [{"role": "user", "content": "Kaixo"}]}
        run("import_battles", lines(tmp_path, row), campaign="hutsik")
        answer = Answer.objects.get(side="b")
        assert (answer.status, answer.failure_kind, answer.text) == ("failed", "no_text", "")
        assert rows_of(exported(Campaign.objects.get(), tmp_path))[0]["conv_b"] == row["conv_b"]

    def test_what_has_no_place_is_said(self, tmp_path):
        other = {**PUBLIC_ROW, "id": "2", "user_education": "PhD", "conv_b": [{"role": "user", "content": "Agur"}]}
        said = run("import_battles", lines(tmp_path, PUBLIC_ROW, other), campaign="berri")
        assert "asked different things (side A's is kept): 1." in said
        assert "another level or education before (the first is kept): 1." in said

    def test_votes_of_the_blocked_go_into_quarantine(self, tmp_path):
        run("import_battles", lines(tmp_path, PUBLIC_ROW), campaign="bat")
        Participant.objects.update(blocked_at=timezone.now(), block_reason="Always A.")
        run("import_battles", lines(tmp_path, PUBLIC_ROW), campaign="bi")
        assert Ballot.objects.filter(quarantined_at__isnull=False).get().battle.campaign.slug == "bi"

    def test_address_that_can_be_none(self, tmp_path):
        with pytest.raises(CommandError, match="can be no campaign's address"):
            run("import_battles", lines(tmp_path, PUBLIC_ROW), campaign="a b")

    def test_thousands_of_rows_in_few_queries(self, tmp_path, django_assert_max_num_queries):
        rows = [
            {**PUBLIC_ROW, "id": hashlib.md5(str(i).encode()).hexdigest(), "username": f"u{i % 50}"} for i in range(520)
        ]
        path = lines(tmp_path, *rows)
        with django_assert_max_num_queries(150):
            run("import_battles", path, campaign="asko")
        assert Ballot.objects.count() == 520


def test_competitors_that_are_known_are_kept(tmp_path):
    campaign = CampaignFactory(slug="lehen")
    from tests.factories import CompetitorFactory

    known = CompetitorFactory(campaign=campaign, name="exp_0_011", factors={"backbone": "0"})
    said = run("import_battles", lines(tmp_path, {**PUBLIC_ROW, "factors_b": {"backbone": "2"}}), campaign="lehen")
    assert "New competitors, which are never drawn: exp_2_010." in said
    known.refresh_from_db()
    assert known.factors == {"backbone": "0"} and known.is_active
    new = campaign.competitors.get(name="exp_2_010")
    assert new.factors == {"backbone": "2"} and not new.is_active
