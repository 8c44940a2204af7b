"""What a page says to whoever reads or hears it, and which of it is English where it should not be."""

import gettext
import re
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
def _english(language: str) -> tuple[frozenset[str], re.Pattern[str]]:
    """The English msgids, ours and the libraries', that read otherwise in this language: as they are, and the pattern
    of those with placeholders, which fit anything."""
    translations: set[str] = set()
    msgids = _library_msgids(language)
    for message in read_catalogue(language):
        translations.update(map(_spoken, strings_of(message)))
        msgids.update(message.id if isinstance(message.id, tuple) else (str(message.id),))
    # "Votes" is English and French: it proves nothing.
    telling = {text for text in map(_spoken, msgids) if text not in translations and re.search("[a-z]{2}", text)}
    plain = {msgid for msgid in telling if not PLACEHOLDER.search(msgid)}
    patterns = [".+".join(map(re.escape, PLACEHOLDER.split(msgid))).replace("%%", "%") for msgid in telling - plain]
    # A placeholder alone, as in "%(label)s: ", would fit anything.
    return frozenset(plain), re.compile("|".join(pattern for pattern in patterns if re.search("[a-z]{3}", pattern)))


def _spoken(text: str) -> str:
    """A text as a label or a heading may show it: in capitals, or before a colon."""
    return " ".join(text.split()).removesuffix(":").rstrip().casefold()


def _library_msgids(language: str) -> set[str]:
    """Those of Django and allauth that they translate into something else: "hash" is "hash" in Basque too."""
    found: set[str] = set()
    for library in _LIBRARIES:
        with (library / "locale" / language / "LC_MESSAGES/django.mo").open("rb") as file:
            translated = gettext.GNUTranslations(file)
        with (library / "locale/en/LC_MESSAGES/django.po").open("rb") as file:
            msgids = [message.id for message in read_po(file) if isinstance(message.id, str)]
        found.update(msgid for msgid in msgids if _spoken(translated.gettext(msgid)) != _spoken(msgid))
    return found


def untranslated(html: str, language: str) -> list[str]:
    """The texts of a page that are an English msgid, word for word."""
    plain, patterns = _english(language)
    texts = [(text, _spoken(text)) for text in visible_texts(html, language)]
    return [text for text, spoken in texts if spoken in plain or patterns.fullmatch(spoken)]
