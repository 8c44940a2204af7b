"""From the states of servers to the health of their models."""

from pathlib import Path

import pytest
from django.db import DatabaseError

from inference.engine import registration
from inference.engine.plan import Server, plan
from inference.engine.registration import HealthRecorder, register_spec
from inference.engine.spec import load_spec
from inference.engine.states import ServerState, verdict
from inference.models import ServedModel

# The recorder closes old connections, and an open transaction with them.
pytestmark = pytest.mark.django_db(transaction=True)

STARTING, READY, DIED = ServerState.STARTING, ServerState.READY, ServerState.DIED


def test_a_model_is_as_well_as_its_best_server() -> None:
    assert verdict([(DIED, "a"), (READY, ""), (STARTING, "")]) == (READY, "")
    assert verdict([(ServerState.GIVEN_UP, "a"), (STARTING, "")]) == (STARTING, "")
    assert verdict([(ServerState.STOPPED, ""), (ServerState.GIVEN_UP, "a")]) == (ServerState.GIVEN_UP, "a")


class Fleet:
    """Two servers of the model `m`, which has the adapter `a`."""

    def __init__(self, folder: Path) -> None:
        path = folder / "spec.yaml"
        path.write_text("models: [{name: m, hub_id: a/m, replicas: 2, adapters: [{name: a, hub_id: a/a}]}]")
        spec = load_spec(path)
        self.servers: list[Server] = plan(spec)
        self.served_models = register_spec(spec, self.servers)
        self.recorder = HealthRecorder(self.servers)

    def say(self, server: str, state: ServerState, problem: str = "") -> dict[str, ServedModel]:
        self.recorder.record(server, state, problem, served_models=self.served_models)
        return {served_model.name: served_model for served_model in ServedModel.objects.all()}


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


def test_a_model_is_ready_while_one_of_its_servers_is(fleet: Fleet) -> None:
    assert fleet.say("m#1", STARTING)["m"].health == "warming_up"
    fleet.say("m#2", STARTING)
    models = fleet.say("m#2", READY)
    assert {each.health for each in models.values()} == {"ready"}
    assert models["a"].reachable_addresses == ["http://127.0.0.1:8101/v1"]
    assert fleet.say("m#1", READY)["m"].unreachable_urls == []

    models = fleet.say("m#1", DIED, "ended with code 1")
    assert models["m"].health == "ready"
    assert models["m"].reachable_addresses == ["http://127.0.0.1:8101/v1"]
    models = fleet.say("m#2", DIED, "ended with code 1")
    assert {each.health for each in models.values()} == {"failing"}
    assert models["a"].health_reason == "The server ended; it is started again. ended with code 1"


def test_servers_that_others_watch_keep_bad_news_from_being_stored(fleet: Fleet) -> None:
    fleet.recorder = HealthRecorder(fleet.servers[:1], elsewhere=fleet.servers[1:])
    assert fleet.say("m#1", DIED, "ended")["m"].health == "unknown"
    assert fleet.say("m#1", READY)["m"].health == "ready"


def test_a_database_that_is_away_does_not_stop_the_servers(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**values: object) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr(registration, "record_probe", fail)
    assert fleet.say("m#1", READY)["m"].health == "unknown"
