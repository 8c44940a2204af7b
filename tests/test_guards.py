"""The guards of all tests are tests too: each catches what it is there for."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import engines
from django.test import Client
from django.urls import path

from tests import conftest
from tests.factories import CompetitorFactory
from tests.guards import foreign_resources, inline_code, leaked_names


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        '<script type="module">import "./x.mjs"</script>',
        "<SCRIPT>alert(1)</SCRIPT>",
        "<style>p { color: red }</style>",
        '<p style="color: red">',
        '<button type="button" onclick="go()">',
        '<img src="/x.png"\n onerror="go()">',
    ],
)
def test_inline_code_is_seen(html: str) -> None:
    assert inline_code(f"<main>{html}</main>")


@pytest.mark.parametrize(
    "html",
    [
        '<script src="/static/js/site.mjs" type="module"></script>',
        '<script id="battle-data" type="application/json">{"a": "<b>"}</script>',
        '<link rel="stylesheet" href="/static/css/base.css">',
        '<p class="style" data-on="1">once = "twice"</p>',
    ],
)
def test_what_is_allowed_is_not_inline_code(html: str) -> None:
    assert not inline_code(html)


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ('<script src="https://cdn.example.com/x.js"></script>', True),
        ('<link rel="preload" href="//fonts.example.com/x.woff2">', True),
        ('<img alt="" src="http://example.com/pixel.gif">', True),
        ('<script src="/static/x.js"></script>', False),
        ('<a href="https://arxiv.org/abs/2506.07597">', False),
    ],
)
def test_what_would_be_loaded_from_elsewhere_is_seen(html: str, seen: bool) -> None:
    assert bool(foreign_resources(html)) is seen


def test_names_of_models_are_seen() -> None:
    assert leaked_names('{"a": "latxa-8b"}', ["latxa-8b", "exp_1_010"]) == ["latxa-8b"]
    assert leaked_names("a b", ["a", "b"]) == [], "too short to mean anything"


def test_an_undefined_template_variable_fails_the_test() -> None:
    with pytest.raises(pytest.fail.Exception, match="nobody_defines_this"):
        engines["django"].from_string("{{ nobody_defines_this }}").render({})


LEAK = "latxa-ezkutua"


def _page(body: str) -> Any:
    return lambda request: HttpResponse(f"<main>{body}</main>")


def _in_a_header(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<main></main>", headers={"X-Model": LEAK})


class Urls:
    urlpatterns = [
        path("battles/leak/", _page(f"A is {LEAK}.")),
        path("battles/header/", _in_a_header),
        path("battles/json/", lambda request: JsonResponse({"message": f"{LEAK} is on fire"}, status=409)),
        path("battles/clean/", _page("A and B.")),
        path("about-battles/", _page(f"{LEAK} took part.")),
        path("inline/", _page("<script>alert(1)</script>")),
        path("foreign/", _page('<img src="https://example.com/x.png">')),
    ]


@pytest.fixture
def odd_site(settings: Any, db: None) -> None:
    settings.ROOT_URLCONF = Urls
    CompetitorFactory(name=LEAK)


@pytest.mark.parametrize(("address", "what"), [("/inline/", "inline code"), ("/foreign/", "another host")])
def test_a_page_with_what_does_not_belong_there_fails_the_test(
    client: Client, odd_site: None, address: str, what: str
) -> None:
    with pytest.raises(AssertionError, match=what):
        client.get(address)


@pytest.mark.parametrize(
    ("address", "caught"),
    [
        ("/battles/leak/", True),
        ("/battles/header/", True),
        ("/battles/json/", True),
        ("/battles/clean/", False),
        ("/about-battles/", False),
    ],
)
def test_a_model_named_before_the_vote_fails_the_test(
    client: Client, odd_site: None, request: pytest.FixtureRequest, address: str, caught: bool
) -> None:
    client.get(address)
    shown = request.node.stash[conftest.SHOWN]
    # What pytest does when this test has run, done here and now with what was shown.
    ending = conftest.pytest_runtest_call(SimpleNamespace(stash={conftest.SHOWN: list(shown)}))  # type: ignore[arg-type]
    shown.clear()
    next(ending)
    if caught:
        with pytest.raises(AssertionError, match=f"names a model before the vote: .*{LEAK}"):
            ending.send(None)
    else:
        with pytest.raises(StopIteration):
            ending.send(None)


@pytest.mark.processes
@pytest.mark.parametrize("ci", ["", "true"])
def test_what_a_machine_lacks_is_skipped_and_fails_on_ci(ci: str) -> None:
    """A fresh pytest without PostgreSQL: one line says what to install."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests/config/test_compose.py",
            "-m",
            "postgres",
        ],
        cwd=Path(__file__).resolve().parents[1],
        env={name: value for name, value in os.environ.items() if not name.startswith("LEHIA_")} | {"CI": ci},
        capture_output=True,
        text=True,
    )
    assert "PostgreSQL: install and start it" in done.stdout
    assert (done.returncode == 0) is (ci == "")
