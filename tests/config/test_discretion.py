"""Logs say what went wrong, and nothing of what somebody has written."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, OperationalError

from config.discretion import describe, trace, without_query_strings
from inference.exceptions import AnswerFailed, FailureKind

PROMPT = "nire sekretua"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError(f"invalid literal: {PROMPT!r}"), "ValueError"),
        (KeyError(PROMPT), "KeyError"),
        (AnswerFailed(FailureKind.HTTP_STATUS, f"400: {PROMPT}"), "inference.exceptions.AnswerFailed"),
        (ConnectionRefusedError(111, "Connection refused"), "ConnectionRefusedError: [Errno 111] Connection refused"),
        (ImproperlyConfigured("bad"), "django.core.exceptions.ImproperlyConfigured: bad"),
        (OperationalError("the server\nis away"), "django.db.utils.OperationalError: the server"),
        (
            IntegrityError(f'duplicate key violates "user_email_unique"\nDETAIL:  Key (email)=({PROMPT}) exists.'),
            'django.db.utils.IntegrityError: duplicate key violates "user_email_unique"',
        ),
        (OSError("GET http://host/?q=nire+sekretua failed"), "OSError: GET http://host/?… failed"),
        (ExceptionGroup(PROMPT, [ValueError(PROMPT), OSError("away")]), "ExceptionGroup: ValueError, OSError: away"),
        (OSError(), "OSError"),
    ],
)
def test_a_message_is_told_where_it_speaks_of_no_one(error: Exception, words: str) -> None:
    assert describe(error) == words
    assert PROMPT not in words


def stumble() -> None:
    local = PROMPT
    try:
        int(local)
    except ValueError as error:
        raise RuntimeError(f"cannot read {local}") from error


def test_a_trace_has_the_places_and_the_causes_and_no_values() -> None:
    with pytest.raises(RuntimeError) as caught:
        stumble()
    told = trace(caught.value)
    assert PROMPT not in told
    assert told.index("\nValueError") < told.index("\nRuntimeError")
    assert "int(local)" in told and "in stumble" in told


def test_a_trace_ends_where_causes_go_round() -> None:
    first, second = ValueError(), TypeError()
    first.__cause__, second.__cause__ = second, first
    assert trace(first).count("Traceback") == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/reset/?token=abc&next=/me/ was refused", "/reset/?… was refused"),
        ('"GET /?q=a%20b HTTP/1.1" 200', '"GET /?… HTTP/1.1" 200'),
        ("Zer moduz? Ondo.", "Zer moduz? Ondo."),
    ],
)
def test_query_strings_are_left_out(text: str, shown: str) -> None:
    assert without_query_strings(text) == shown
