from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils import timezone

from arena.models import Ballot
from ranking.actions import current as actions
from ranking.actions.current import refresh_campaign, run_computation, sweep_computations
from ranking.actions.refreshing import MOST_WAITING, request_refresh
from ranking.actions.snapshots import is_stale
from ranking.enums import ComputationStatus, Step
from ranking.estimators import EstimationError, Options
from ranking.models import Computation, CurrentRanking
from ranking.selections import Selection
from ranking.tasks import compute_ranking, refresh_snapshots
from tests.ranking.campaigns import campaign_with_votes, vote_again

pytestmark = pytest.mark.django_db
EVERYTHING = Selection()


@pytest.fixture(autouse=True)
def _quick_and_without_memory(monkeypatch):
    monkeypatch.setattr("ranking.actions.computing.PUBLISHED", Options(interval="bootstrap", rounds=50))
    cache.clear()


def find(campaign, dimension="overall", selection=EVERYTHING):
    return CurrentRanking.objects.find(campaign, dimension, selection)


class TestRefresh:
    def test_takes_each_dimension_once(self):
        campaign = campaign_with_votes(8)
        assert refresh_campaign(campaign=campaign) == 3
        assert refresh_campaign(campaign=campaign) == 0
        assert set(CurrentRanking.objects.values_list("dimension", flat=True)) == {"overall", "content", "language"}
        assert not Computation.objects.exists()

    def test_overwrites_with_a_new_vote(self):
        campaign = campaign_with_votes(8)
        refresh_campaign(campaign=campaign)
        vote_again(campaign)
        assert is_stale(campaign=campaign, dimension="content")
        assert refresh_snapshots() == 3
        assert CurrentRanking.objects.count() == 3
        assert find(campaign, "content").n_battles == 9

    def test_comes_again_when_a_vote_is_quarantined(self):
        campaign = campaign_with_votes(8)
        refresh_campaign(campaign=campaign)
        first = Ballot.objects.order_by("created_at").first()
        Ballot.objects.filter(pk=first.pk).update(quarantined_at=timezone.now())
        assert refresh_campaign(campaign=campaign) == 3
        assert find(campaign).n_battles == 7

    def test_leaves_campaigns_without_votes_alone(self):
        campaign_with_votes(0)
        assert refresh_snapshots() == 0
        assert not Computation.objects.exists()

    def test_what_took_long_is_left_alone_for_a_while(self):
        campaign = campaign_with_votes(8)
        refresh_campaign(campaign=campaign)
        CurrentRanking.objects.update(seconds=30)
        vote_again(campaign)
        assert refresh_snapshots() == 0
        CurrentRanking.objects.update(created_at=timezone.now() - timedelta(seconds=601))
        assert refresh_snapshots() == 3

    def test_one_ranking_of_each_selection(self):
        refresh_campaign(campaign=campaign_with_votes(8))
        with pytest.raises(IntegrityError, match=r"one_current_ranking|UNIQUE"), transaction.atomic():
            CurrentRanking.objects.update(dimension="overall")


class TestRequest:
    @pytest.fixture(autouse=True)
    def sent(self, monkeypatch):
        sent = []
        monkeypatch.setattr("ranking.actions.refreshing.compute_ranking.delay", sent.append)
        return sent

    @pytest.fixture
    def request_(self, django_capture_on_commit_callbacks):
        def ask(campaign, selection=EVERYTHING, dimension="overall"):
            with django_capture_on_commit_callbacks(execute=True):
                current = find(campaign, dimension, selection)
                return request_refresh(campaign=campaign, dimension=dimension, selection=selection, current=current)

        return ask

    def test_sends_a_task_for_the_first_ranking_and_no_second(self, request_, sent):
        campaign = campaign_with_votes(4)
        first, second = request_(campaign), request_(campaign)
        assert first.computation == second.computation == Computation.objects.get()
        assert sent == [first.computation.pk]
        assert compute_ranking(sent[0])
        assert find(campaign).n_battles == 4
        assert request_(campaign).computation is None

    def test_a_ranking_less_than_a_minute_old_is_new_enough(self, request_, sent):
        campaign = campaign_with_votes(4)
        refresh_campaign(campaign=campaign)
        vote_again(campaign)
        assert request_(campaign).computation is None
        CurrentRanking.objects.update(created_at=timezone.now() - timedelta(seconds=70))
        assert request_(campaign).computation is not None
        assert len(sent) == 1

    def test_asks_for_nothing_where_nothing_is_new(self, request_, sent):
        campaign = campaign_with_votes(4)
        refresh_campaign(campaign=campaign)
        CurrentRanking.objects.update(created_at=timezone.now() - timedelta(days=1))
        assert request_(campaign).computation is None
        assert not request_(campaign_with_votes(0)).has_votes
        assert sent == []

    def test_few_wait_at_once(self, request_, sent):
        campaign = campaign_with_votes(4)
        for day in range(1, MOST_WAITING + 3):
            found = request_(campaign, Selection(slice=f"from=2026-03-{day:02}"))
        assert found.is_refused and found.computation is None
        assert len(sent) == MOST_WAITING
        assert not request_(campaign_with_votes(4)).is_refused

    def test_what_failed_is_tried_again_later(self, request_, sent):
        campaign = campaign_with_votes(4)
        request_(campaign)
        Computation.objects.update(status=ComputationStatus.FAILED)
        assert request_(campaign).computation.status == ComputationStatus.FAILED
        Computation.objects.update(touched_at=timezone.now() - timedelta(minutes=11))
        assert request_(campaign).computation.status == ComputationStatus.WAITING
        assert len(sent) == 2


class TestRun:
    @pytest.fixture
    def computation(self):
        return Computation.objects.create(campaign=campaign_with_votes(6), dimension="overall")

    def test_tells_its_steps_in_order(self, computation, monkeypatch):
        told = []
        teller = actions._teller

        def listening(computations):
            tell = teller(computations)
            return lambda step: (told.append(step), tell(step))

        monkeypatch.setattr(actions, "_teller", listening)
        assert run_computation(computation_id=computation.pk)
        assert told == [Step.READ, Step.FIT, Step.COMPARE, Step.STORE]
        assert not run_computation(computation_id=computation.pk)

    def test_is_run_by_one_worker_only(self, computation):
        Computation.objects.update(status=ComputationStatus.RUNNING)
        assert not run_computation(computation_id=computation.pk)
        Computation.objects.update(touched_at=timezone.now() - timedelta(minutes=11))
        assert run_computation(computation_id=computation.pk)

    def test_says_why_it_failed(self, computation, monkeypatch):
        def fails(*args, **kwargs):
            raise EstimationError("nothing to be had")

        monkeypatch.setattr("ranking.sources.solve", fails)
        assert not run_computation(computation_id=computation.pk)
        found = Computation.objects.get()
        assert (found.status, found.error) == (ComputationStatus.FAILED, "nothing to be had")

    def test_an_error_of_ours_is_not_swallowed_and_not_shown(self, computation, monkeypatch):
        def fails(*args, **kwargs):
            raise RuntimeError("secret")

        monkeypatch.setattr("ranking.sources.solve", fails)
        with pytest.raises(RuntimeError):
            run_computation(computation_id=computation.pk)
        assert Computation.objects.get().error == "RuntimeError"

    def test_a_lost_message_is_made_up_for(self, computation):
        assert sweep_computations() == 0
        assert sweep_computations(now=timezone.now() + timedelta(minutes=3)) == 1
        assert find(computation.campaign) is not None

    def test_the_oldest_slices_are_forgotten(self, computation, monkeypatch):
        monkeypatch.setattr(actions, "MOST_KEPT", 2)
        campaign = computation.campaign
        refresh_campaign(campaign=campaign)
        for day in (1, 2, 3):
            waiting = Computation.objects.create(
                campaign=campaign, dimension="overall", **Selection(slice=f"from=2026-03-0{day}").columns()
            )
            run_computation(computation_id=waiting.pk)
        kept = CurrentRanking.objects.filter(dimension="overall").order_by("pk").values_list("slice", flat=True)
        assert list(kept) == ["", "from=2026-03-02", "from=2026-03-03"]

    @pytest.mark.parametrize(("name", "values"), [("status", {"status": "lost"}), ("step", {"step": "rest"})])
    def test_constraints(self, computation, name, values):
        with pytest.raises(IntegrityError, match=f"computation_{name}_valid"), transaction.atomic():
            Computation.objects.update(**values)

    def test_one_computation_of_each_selection(self, computation):
        with pytest.raises(IntegrityError, match=r"one_computation_for_pages|UNIQUE"), transaction.atomic():
            Computation.objects.create(campaign=computation.campaign, dimension="overall")
