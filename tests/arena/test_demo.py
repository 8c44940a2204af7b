"""The demo campaign, simulated votes, and rebuilding, through their commands."""

import io
import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client

from arena.actions.battles import pair_is_ready
from arena.demo.campaign import CONSENT, STARTING_PROMPTS, TEXTS
from arena.models import (
    Ballot,
    Battle,
    Campaign,
    Competitor,
    Contribution,
    EloRating,
    Judgement,
    Matchup,
    PairTally,
    Participant,
    StartingPrompt,
    User,
)
from inference.models import ServedModel
from tests.factories import CampaignFactory, MatchupFactory

pytestmark = pytest.mark.django_db


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def seed() -> Any:
    return json.loads(command("seed_demo"))


def test_seeding_makes_a_campaign_that_can_run_and_an_admin_who_changes_the_password() -> None:
    password = seed()["password"]
    campaign = Campaign.objects.get(slug="demo")
    assert campaign.is_accepting and campaign.competitors.count() == 4
    assert not pair_is_ready(campaign), "until its model has been probed"
    admin = User.objects.get()
    assert admin.is_superuser and admin.must_change_password and admin.check_password(password)


def test_seeding_twice_changes_nothing_and_tells_no_password() -> None:
    seed()
    Campaign.objects.update(name="Gurea")
    ServedModel.objects.update(base_url="http://127.0.0.1:9000/v1")
    models = (Campaign, Competitor, Matchup, StartingPrompt, User, ServedModel)
    before = [model._default_manager.count() for model in models]
    assert seed() == {"admin": "admin", "password": None}
    assert [model._default_manager.count() for model in models] == before
    assert Campaign.objects.get().name == "Gurea"
    assert ServedModel.objects.get().base_url == "http://127.0.0.1:9000/v1"


def test_the_demo_speaks_every_language(settings: Any) -> None:
    codes = {code for code, _name in settings.LANGUAGES}
    assert set(TEXTS) == set(CONSENT) == set(STARTING_PROMPTS) == codes


def test_what_the_demo_writes_is_what_an_admin_could_have_written() -> None:
    seed()
    for row in (*Campaign.objects.all(), *Competitor.objects.all(), *Matchup.objects.all(), *ServedModel.objects.all()):
        try:
            row.full_clean()
        except ValidationError as error:
            pytest.fail(f"{row}: {error}")


def test_the_demo_shows_factors_that_differ() -> None:
    seed()
    assert len({json.dumps(factors) for factors in Competitor.objects.values_list("factors", flat=True)}) == 4


@pytest.mark.parametrize("code", ["eu", "es", "fr", "en"])
def test_the_home_page_of_the_demo(client: Client, code: str) -> None:
    seed()
    client.cookies["lehia_language"] = code
    assert TEXTS[code]["title"] in client.get("/").content.decode()


@pytest.fixture
def campaign(db: None) -> Campaign:
    campaign: Campaign = CampaignFactory(slug="probak")
    MatchupFactory(campaign=campaign, running=True, competitors=3)
    return campaign


def simulate(votes: int = 40, seed: int = 7, slug: str = "probak") -> str:
    return command("simulate_votes", f"--campaign={slug}", f"--votes={votes}", f"--seed={seed}")


def simulated() -> list[Any]:
    """What was voted, without keys, times and ids."""
    battles = Battle.objects.order_by("pk").select_related("competitor_a", "competitor_b", "ballot", "participant")
    voters: dict[int, int] = {}
    return [
        (
            battle.competitor_a.name,
            battle.competitor_b.name,
            battle.draw_probability,
            battle.ballot.choices(),
            battle.ballot.winner,
            voters.setdefault(battle.participant_id, len(voters)),
            battle.participant.language_level,
        )
        for battle in battles
    ]


def test_simulated_votes_are_marked_whole_and_collected(campaign: Campaign) -> None:
    out = simulate()
    assert "40 simulated votes" in out and all(
        name in out for name in campaign.competitors.values_list("name", flat=True)
    )
    assert Ballot.objects.filter(collected_at__isnull=False).count() == 40
    assert set(Participant.objects.values_list("kind", flat=True)) == {"simulated"}
    assert sum(Contribution.objects.values_list("votes", flat=True)) == 40
    assert sum(EloRating.objects.values_list("battles", flat=True)) == 80
    assert not Battle.objects.filter(draw_probability=None).exists()


def test_the_same_seed_gives_the_same_votes_and_another_others(campaign: Campaign) -> None:
    runs = []
    for seed in (7, 7, 8):
        simulate(seed=seed)
        runs.append(simulated())
        Judgement.objects.all().delete()
        Ballot.objects.all().delete()
        Battle.objects.all().delete()
    assert runs[0] == runs[1] != runs[2]


def test_simulating_goes_into_matchups_whose_models_are_down(campaign: Campaign) -> None:
    ServedModel.objects.update(health="failing", ready_since=None)
    Matchup.objects.update(state="paused")
    simulate(votes=3)
    assert Ballot.objects.count() == 3


@pytest.mark.parametrize(
    ("slug", "votes", "sentence"),
    [("ez-dago", 3, "no campaign 'ez-dago'"), ("hutsa", 3, "no matchup"), ("probak", 0, "at least 1")],
)
def test_what_cannot_be_simulated_is_refused(campaign: Campaign, slug: str, votes: int, sentence: str) -> None:
    MatchupFactory(campaign=CampaignFactory(slug="hutsa"), competitors=2)
    with pytest.raises(CommandError, match=sentence):
        simulate(votes=votes, slug=slug)
    assert not Battle.objects.exists() and not Participant.objects.exists()


def test_rebuilding_gives_what_simulating_counted(campaign: Campaign) -> None:
    simulate()
    before = sorted(PairTally.objects.values_list("dimension", "first", "second", "first_wins", "second_wins", "ties"))
    assert command("rebuild_tallies") == "probak: 40 ballots\n"
    assert command("rebuild_tallies", "--campaign=probak") == "probak: 40 ballots\n"
    after = sorted(PairTally.objects.values_list("dimension", "first", "second", "first_wins", "second_wins", "ties"))
    assert after == before
    with pytest.raises(CommandError, match="ez-dago"):
        command("rebuild_tallies", "--campaign=ez-dago")
