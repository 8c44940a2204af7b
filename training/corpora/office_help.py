"""The help of LibreOffice in Basque and English (MPL-2.0), which Debian packages as HTML, a tree for each language.

Pages share paragraphs. Each text counts once, for the first page that has it in the order of paths, so that what is
held out is not in a page that trains.
"""

from collections.abc import Iterator
from pathlib import Path

from training.columns import Row
from training.corpora.paragraphs import Paragraph, paragraphs_of
from training.exceptions import BadSource

PACKAGES = {"eu": "libreoffice-help-eu", "en-US": "libreoffice-help-en-us"}
INSTALLED = Path("usr/share/libreoffice/help")
_CONTENT = "DisplayArea"

Pages = dict[str, list[Paragraph]]
"""Paragraphs by the path of their page, without the language."""


def read_pages(tree: Path, language: str) -> Pages:
    """All pages of a language under `tree`, in the order of their paths. Raises BadSource where there are none."""
    root = tree / language / "text"
    pages: Pages = {}
    for file in sorted(root.rglob("*.html"), key=lambda path: path.relative_to(root).as_posix()):
        try:
            html = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadSource(f"{file} cannot be read: {error}.") from error
        pages[file.relative_to(root).as_posix()] = paragraphs_of(html, within=_CONTENT)
    if not pages:
        raise BadSource(f"{root} has no pages of help in HTML.")
    return pages


def each_once(pages: Pages) -> Pages:
    """The pages without paragraphs that were on an earlier one, or earlier on the same."""
    seen: set[str] = set()
    return {path: [each for each in page if _is_new(each.text, seen)] for path, page in pages.items()}


def documents(pages: Pages, foreign: Pages) -> Iterator[tuple[str, Row]]:
    """A document for each page that has something of its own: what is not the same in `foreign` (not translated)."""
    untranslated = {each.text for page in foreign.values() for each in page}
    for path, page in each_once(pages).items():
        if lines := [each.text for each in page if each.text not in untranslated]:
            yield path, {"text": "\n".join(lines), "source": f"{PACKAGES['eu']}/{path}"}


def pairs(pages: Pages, foreign: Pages, *, min_words: int) -> Iterator[tuple[str, Row]]:
    """Paragraphs with their translation: of the same page and id, both of `min_words` words at least, not the same."""
    seen: set[str] = set()
    for path, page in each_once(pages).items():
        english = {each.id: each.text for each in foreign.get(path, ()) if each.id}
        for basque in page:
            text = english.get(basque.id, "")
            enough = min(len(text.split()), len(basque.text.split())) >= min_words
            if enough and text != basque.text and _is_new(text, seen):
                yield path, {"en": text, "eu": basque.text, "source": f"{PACKAGES['eu']}/{path}#{basque.id}"}


def _is_new(text: str, seen: set[str]) -> bool:
    key = "".join(letter for letter in text.casefold() if letter.isalnum())
    if key in seen:
        return False
    seen.add(key)
    return True
