"""What a page says to whoever reads or hears it, and which of it is English where it should not be."""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import allauth
import django
from babel.messages.pofile import read_po

from tools.messages import PLACEHOLDER, read_catalogue, strings_of

_SPOKEN_ATTRIBUTES = ("alt", "aria-description", "aria-label", "aria-roledescription", "placeholder", "title")
_VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
_LIBRARIES = (
    *(Path(django.__file__).parent / app for app in ("conf", "contrib/admin", "contrib/auth", "contrib/humanize")),
    Path(allauth.__file__).parent,
)


class _Reader(HTMLParser):
    """Collects texts and spoken attributes, but not code, and not what is marked as being in another language."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._language = language
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        silent = tag in ("script", "style") or values.get("lang", self._language) != self._language
        if not self._is_silent() and not silent:
            self.texts += [str(values[name]) for name in _SPOKEN_ATTRIBUTES if values.get(name)]
            if tag == "meta" and values.get("name") == "description":
                self.texts.append(str(values.get("content")))
        if tag not in _VOID:
            self._open.append((tag, silent))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self._is_silent() and data.strip():
            self.texts += " ".join(data.split()).split(" · ")

    def _is_silent(self) -> bool:
        return any(silent for _tag, silent in self._open)


def visible_texts(html: str, language: str) -> list[str]:
    reader = _Reader(language)
    reader.feed(html)
    return reader.texts


@cache
def _english(language: str) -> re.Pattern[str]:
    """Every English msgid, ours and the libraries', that reads otherwise in this language. A placeholder fits anything."""
    translations: set[str] = set()
    msgids: set[str] = set()
    for message in read_catalogue(language):
        translations.update(strings_of(message))
        msgids.update(message.id if isinstance(message.id, tuple) else (str(message.id),))
    for msgid in _library_msgids():
        msgids.add(msgid)
    # "Votes" is English and French: it proves nothing.
    telling = {" ".join(msgid.split()) for msgid in msgids - translations if re.search("[A-Za-z]{2}", msgid)}
    patterns = [".+".join(map(re.escape, PLACEHOLDER.split(msgid))).replace("%%", "%") for msgid in sorted(telling)]
    return re.compile("|".join(pattern for pattern in patterns if re.search("[A-Za-z]{3}", pattern)))


def _library_msgids() -> Iterator[str]:
    for library in _LIBRARIES:
        with (library / "locale/en/LC_MESSAGES/django.po").open("rb") as file:
            for message in read_po(file):
                # A placeholder alone, as in "%(label)s: ", would match anything.
                if isinstance(message.id, str) and len(PLACEHOLDER.sub("", message.id)) > 3:
                    yield message.id


def untranslated(html: str, language: str) -> list[str]:
    """The texts of a page that are an English msgid, word for word."""
    english = _english(language)
    return [text for text in visible_texts(html, language) if english.fullmatch(text)]
