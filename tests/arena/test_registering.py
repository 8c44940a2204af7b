"""Trained and released models become competitors, and matchups are launched, through their commands."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from arena.models import Campaign, Competitor, Matchup
from inference.engine.spec import load_spec
from inference.models import ServedModel
from ranking.factors import factors_of_name
from tests.factories import CampaignFactory, CompetitorFactory, MatchupFactory, ServedModelFactory

pytestmark = pytest.mark.django_db

FACTORS = factors_of_name("exp_2_101")
URL = "http://127.0.0.1:9/v1"


def model_folder(folder: Path, **values: Any) -> Path:
    """A folder as training leaves it; a value of None leaves the key out."""
    made: dict[str, Any] = {
        "format": 1,
        "name": "exp_2_101",
        "kind": "full",
        "base": "meta-llama/Llama-3.1-8B-Instruct",
        "base_revision": "main",
        "factors": FACTORS,
        "data_sha256": "0123456789abcdef" * 4,
        "seed": 33,
        "steps": 60,
        "recipe": {},
        **values,
    }
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({key: value for key, value in made.items() if value is not None})
    (folder / "lehia-model.json").write_text(text, encoding="utf-8")
    (folder / "model.safetensors").write_bytes(b"0" * 10)
    return folder


def adapter_folder(folder: Path, base: Path, **values: Any) -> Path:
    model_folder(folder, kind="adapter", base=str(base), **values)
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 8}')
    (folder / "adapter_model.safetensors").write_bytes(b"0")
    return folder


@pytest.fixture
def campaign() -> Campaign:
    created: Campaign = CampaignFactory(slug="berria")
    return created


def register(model: object, *arguments: str) -> str:
    out = io.StringIO()
    call_command("register_competitor", str(model), "--campaign", "berria", *arguments, stdout=out)
    return out.getvalue()


def test_a_checkpoint_becomes_a_served_model_and_a_competitor(campaign: Campaign, tmp_path: Path) -> None:
    said = register(model_folder(tmp_path / "m"), "--base-url", URL, "--model-name", "llama")
    competitor = Competitor.objects.get()
    assert (competitor.campaign, competitor.name, competitor.factors) == (campaign, "exp_2_101", FACTORS)
    assert competitor.base == "Llama-3.1-8B-Instruct"
    assert (competitor.temperature, competitor.top_p, competitor.max_tokens) == (0.9, 0.95, 2048)
    served = competitor.served_model
    assert served is not None
    assert (served.name, served.base_url, served.model_name) == ("exp_2_101", URL, "llama")
    assert served.revision == "0123456789ab seed-33 steps-60"
    assert "exp_2_101 in berria: made." in said
    assert yaml.safe_load(said[said.index("models:") :]) == {
        "models": [{"name": "exp_2_101", "path": str(tmp_path / "m")}]
    }


def test_twice_is_harmless(campaign: Campaign, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    register(folder, "--base-url", URL)
    assert "unchanged" in register(folder, "--base-url", URL)
    assert (Competitor.objects.count(), ServedModel.objects.count()) == (1, 1)


def test_other_factors_are_refused_unless_it_is_an_update(campaign: Campaign, tmp_path: Path) -> None:
    register(model_folder(tmp_path / "m"), "--base-url", URL)
    other = model_folder(tmp_path / "other", factors={"corpus": "none"}, steps=7)
    with pytest.raises(CommandError, match=r"a competitor exp_2_101 already, and factors is .*--update"):
        register(other, "--base-url", URL)
    assert Competitor.objects.get().factors == FACTORS
    assert "steps-60" in ServedModel.objects.get().revision, "nothing is changed by halves"
    assert "updated" in register(other, "--base-url", URL, "--update", "--temperature", "0.1")
    competitor = Competitor.objects.get()
    assert (competitor.factors, competitor.temperature) == ({"corpus": "none"}, 0.1)


def test_it_is_asked_as_the_others_of_the_campaign_are(campaign: Campaign, tmp_path: Path) -> None:
    for temperature in (0.3, 0.4):
        CompetitorFactory(campaign=campaign, system_prompt="Euskaraz, {date}.", max_tokens=300, temperature=temperature)
    register(model_folder(tmp_path / "m"), "--base-url", URL, "--top-p", "0.5")
    competitor = Competitor.objects.get(name="exp_2_101")
    assert (competitor.system_prompt, competitor.max_tokens) == ("Euskaraz, {date}.", 300)
    assert (competitor.temperature, competitor.top_p) == (0.9, 0.5), "the others differ in the first"


def test_a_released_model_with_factors_by_hand(campaign: Campaign, tmp_path: Path) -> None:
    (tmp_path / "Latxa-8B").mkdir()
    served = ServedModelFactory(name="latxa")
    factors = ("--factors", "backbone=Latxa-Llama-3.1-8B", "corpus=eu")
    register(tmp_path / "Latxa-8B", *factors, "--served", "latxa")
    register("HiTZ/Latxa-Llama-3.1-70B", *factors, "--served", "latxa", "--base", "meta-llama/Llama-3.1-70B")
    found = {each.name: each for each in Competitor.objects.all()}
    assert found.keys() == {"Latxa-8B", "Latxa-Llama-3.1-70B"}
    assert {each.served_model for each in found.values()} == {served}
    assert found["Latxa-8B"].factors == {"backbone": "Latxa-Llama-3.1-8B", "corpus": "eu"}
    assert [found[name].base for name in sorted(found)] == ["", "Llama-3.1-70B"]


def test_adapters_of_one_base_are_modules_of_one_server(campaign: Campaign, tmp_path: Path) -> None:
    base, spec = tmp_path / "base", tmp_path / "specs" / "grid.yaml"
    model_folder(base, name="smollm", factors={})
    for name in ("one", "two", "two"):
        said = register(adapter_folder(tmp_path / name, base, name=name), "--spec", str(spec))
    assert f"manage.py serve_models {spec}" in said
    loaded = load_spec(spec)
    assert [(model.name, [adapter.name for adapter in model.adapters]) for model in loaded.models] == [
        ("smollm", ["one", "two"])
    ]
    served = {model.name: model.base_url for model in ServedModel.objects.all()}
    assert served.keys() == {"smollm", "one", "two"} and len(set(served.values())) == 1
    assert {each.base for each in Competitor.objects.all()} == {"smollm"}
    register(base, "--name", "original", "--spec", str(spec))
    original = Competitor.objects.get(name="original")
    assert original.served_model is not None and original.served_model.name == "smollm"
    assert list(spec.parent.iterdir()) == [spec]


def test_a_spec_keeps_what_else_it_says(campaign: Campaign, tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        "models:\n- {name: other, hub_id: a/b, max_model_len: 512}\nhosts:\n- {name: localhost, ports: 8300-8302}\n"
    )
    register(model_folder(tmp_path / "m"), "--spec", str(spec))
    written = yaml.safe_load(spec.read_text())
    assert written["models"][0] == {"name": "other", "hub_id": "a/b", "max_model_len": 512}
    assert written["hosts"] == [{"name": "localhost", "ports": "8300-8302"}]
    assert ServedModel.objects.get(name="exp_2_101").base_url == "http://127.0.0.1:8301/v1"


def test_a_competitor_that_is_refused_changes_no_spec(campaign: Campaign, tmp_path: Path) -> None:
    CompetitorFactory(campaign=campaign, name="exp_2_101")
    spec = tmp_path / "spec.yaml"
    with pytest.raises(CommandError, match="a competitor exp_2_101 already"):
        register(model_folder(tmp_path / "m"), "--spec", str(spec))
    assert {path.name for path in tmp_path.iterdir()} == {"m"}
    assert not ServedModel.objects.filter(name="exp_2_101").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("models: 3", "it needs a list 'models'"),
        ("models: [", "cannot be read"),
        ("models:\n- {name: exp_2_101, hub_id: a/b}\n", "serves another model under the name exp_2_101"),
        ("models:\n- {name: x, hub_id: a/b, nonsense: 1}\n", r"spec\.yaml:\d+: 'nonsense' is unknown"),
    ],
)
def test_a_spec_that_is_wrong_stays_as_it_is(campaign: Campaign, tmp_path: Path, text: str, sentence: str) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(text)
    with pytest.raises(CommandError, match=sentence):
        register(model_folder(tmp_path / "m"), "--spec", str(spec))
    assert spec.read_text() == text
    assert not Competitor.objects.exists() and not ServedModel.objects.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"spec.yaml", "m"}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"format": 2}, "is of format 2, and this program reads format 1"),
        ({"name": None}, "does not say 'name'"),
        ({"base": " "}, "does not say 'base'"),
        ({"kind": "half"}, "the kind is 'half', and must be one of full, adapter"),
        ({"factors": ["eu"]}, "the factors must be names with texts"),
        ({"factors": {"corpus": None}}, "the factors must be names with texts"),
        ({"name": "n" * 121}, "name: "),
        ({"name": "a\x00b"}, "has a NUL character in it"),
    ],
)
def test_a_folder_whose_file_is_wrong(campaign: Campaign, tmp_path: Path, values: Any, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        register(model_folder(tmp_path / "m", **values), "--base-url", URL)
    assert not Competitor.objects.exists() and not ServedModel.objects.exists()


def test_what_else_is_refused(campaign: Campaign, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    with pytest.raises(CommandError, match="There is no folder"):
        register(tmp_path / "nowhere", "--base-url", URL)
    with pytest.raises(CommandError, match=r"There is no campaign 'x'\. There are: berria\."):
        call_command("register_competitor", str(folder), "--campaign", "x", "--base-url", URL)
    with pytest.raises(CommandError, match=r"no served model 'exp_2_101' \(there are: none\).*--spec FILE"):
        register(folder)
    with pytest.raises(CommandError, match="base_url: This is not a web address|base_url: The address must start"):
        register(folder, "--base-url", "nonsense")
    with pytest.raises(CommandError, match="--model-name is for --base-url"):
        register(folder, "--model-name", "m")
    with pytest.raises(CommandError, match="not of the form NAME=LEVEL"):
        register(folder, "--base-url", URL, "--factors", "corpus")
    (folder / "lehia-model.json").write_text("{")
    with pytest.raises(CommandError, match=r"lehia-model\.json cannot be read"):
        register(folder, "--base-url", URL)
    (folder / "lehia-model.json").write_text("[]")
    with pytest.raises(CommandError, match="no JSON object"):
        register(folder, "--base-url", URL)
    (folder / "lehia-model.json").unlink()
    with pytest.raises(CommandError, match=r"has no lehia-model\.json.*--factors backbone=NAME"):
        register(folder, "--base-url", URL)
    adapter_folder(tmp_path / "adapter", Path("/no/such/base"))
    with pytest.raises(CommandError, match="/no/such/base is neither a folder nor an id on the hub"):
        register(tmp_path / "adapter", "--spec", str(tmp_path / "spec.yaml"))


def test_into_a_matchup(campaign: Campaign, tmp_path: Path) -> None:
    for name in ("one", "two"):
        folder = model_folder(tmp_path / name, name=name)
        said = register(folder, "--base-url", URL, "--matchup", "Grid")
    assert "It takes part in Grid (draft)." in said
    register(folder, "--base-url", URL, "--matchup", "Grid")
    matchup = Matchup.objects.get()
    assert sorted(matchup.entries.values_list("competitor__name", flat=True)) == ["one", "two"]
    running = MatchupFactory(campaign=campaign, running=True, competitors=2)
    with pytest.raises(CommandError, match="The competitors of a matchup that is running cannot be changed"):
        register(folder, "--base-url", URL, "--matchup", running.name)


def launch(*arguments: str) -> str:
    out = io.StringIO()
    call_command("launch_matchup", "--campaign", "berria", *arguments, stdout=out)
    return out.getvalue()


def test_a_matchup_is_launched_once(campaign: Campaign) -> None:
    for name in ("one", "two", "three"):
        CompetitorFactory(campaign=campaign, name=name)
    wanted = ("--name", "Grid", "--competitors", "one", "two", "--target-votes", "30", "--pairing", "uniform")
    assert launch(*wanted) == "Grid is started: one, two.\n"
    assert launch(*wanted) == "Grid runs already: one, two.\n"
    matchup = Matchup.objects.get()
    assert (matchup.state, matchup.target_votes, matchup.pairing_policy) == ("running", 30, "uniform")
    with pytest.raises(CommandError, match="has a matchup 'Grid' already, with other competitors"):
        launch("--name", "Grid", "--competitors", "one", "three")
    Matchup.objects.update(state="paused")
    with pytest.raises(CommandError, match="has a matchup 'Grid' already, and is paused"):
        launch(*wanted)


def test_a_draft_is_taken(campaign: Campaign) -> None:
    one, two = (CompetitorFactory(campaign=campaign, name=name) for name in ("one", "two"))
    MatchupFactory(campaign=campaign, name="Grid", competitors=[one])
    launch("--name", "Grid", "--competitors", "one", "two")
    matchup = Matchup.objects.get()
    assert matchup.state == "running" and {entry.competitor for entry in matchup.entries.all()} == {one, two}


def test_a_launch_that_is_refused_leaves_nothing(campaign: Campaign) -> None:
    CompetitorFactory(campaign=campaign, name="one")
    for wanted, sentence in (
        (("one", "one"), "needs at least two competitors"),
        (("one", "nobody"), r"has no competitor 'nobody'\. It has: one\."),
        (("one", "one", "--target-votes", "0"), "target_votes: "),
    ):
        with pytest.raises(CommandError, match=sentence):
            launch("--name", "Grid", "--competitors", *wanted)
    assert not Matchup.objects.exists()
