"""Paragraphs of a page of HTML."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

BLOCKS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6"})
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
_UNREAD = frozenset({"script", "style", "pre", "code"})
_CODE_CLASSES = frozenset({"bascode", "pycode", "sqlcode", "code"})


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph or heading: its id in the page, empty where it has none, and its text in one line."""

    id: str
    text: str


def paragraphs_of(html: str, *, within: str = "") -> list[Paragraph]:
    """The paragraphs and headings of a page that have text, in order; of the element with the id `within` if given.

    Where a text has wordings by program or system (spans in a `switchinline`), the one for all others is taken.
    """
    reader = _Reader(within)
    reader.feed(html)
    reader.close()
    return [each for each in reader.found if each.text]


@dataclass(slots=True)
class _Element:
    tag: str
    id: str = ""
    classes: frozenset[str] = frozenset()
    pieces: list[str] = field(default_factory=list)
    wordings: list[tuple[str, str]] = field(default_factory=list)
    """Id and text of each wording, in a `switchinline`."""

    @property
    def is_switch(self) -> bool:
        return "switchinline" in self.classes

    @property
    def text(self) -> str:
        if not self.is_switch or not self.wordings:
            return "".join(self.pieces)
        return next((text for id, text in self.wordings if id.startswith("default")), self.wordings[0][1])


class _Reader(HTMLParser):
    """Text goes up from each element to the one around it when it ends, and stops at a paragraph."""

    def __init__(self, within: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Paragraph] = []
        self._within = within
        self._open: list[_Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            self.handle_data(" ")
            return
        given = {name: value or "" for name, value in attrs}
        self._open.append(_Element(tag, given.get("id", ""), frozenset(given.get("class", "").split())))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if any(element.tag == tag for element in self._open):
            while self._end().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1].pieces.append(data)

    def close(self) -> None:
        super().close()
        while self._open:
            self._end()

    def _end(self) -> _Element:
        is_read = not self._within or any(element.id == self._within for element in self._open)
        ended = self._open.pop()
        if ended.tag in BLOCKS:
            if is_read and not ended.classes & _CODE_CLASSES:
                self.found.append(Paragraph(ended.id, _in_one_line(ended.text)))
        elif self._open and ended.tag not in _UNREAD:
            around = self._open[-1]
            if around.is_switch:
                around.wordings.append((ended.id, ended.text))
            else:
                around.pieces.append(ended.text)
        return ended


def _in_one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
