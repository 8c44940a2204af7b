"""What the documents name exists: paths, links, make targets, commands, variables, pictures."""

import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from babel.messages.pofile import read_po
from django.core.management import get_commands

from tests.config.variables import variables_of_the_code

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SCREENSHOTS = ROOT / "docs" / "screenshots"
MOST_BYTES_OF_SCREENSHOTS = 4_000_000
#: Folders of the repository; what begins with one of them is a path.
FOLDERS = tuple(f"{path.name}/" for path in ROOT.iterdir() if path.is_dir() and path.name[0] not in "._")
#: Made while running, or by the reader.
MADE = ("var/", "locale/*/LC_MESSAGES/django.mo")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_COMMAND = re.compile(r"manage\.py (\w+)")
_TARGET = re.compile(r"\bmake ([a-z][a-z-]*)")

documents = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def anchors_of(document: Path) -> set[str]:
    """The anchors of a document's headings, as they are usually made."""
    headings = re.findall(r"(?m)^#+ (.+)$", document.read_text())
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@documents
def test_links_lead_somewhere(document: Path) -> None:
    for link in _LINK.findall(document.read_text()):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{link} leads nowhere."
        if anchor:
            assert anchor in anchors_of(target), f"{link}: there is no such heading."


@documents
def test_paths_exist(document: Path) -> None:
    for code in _CODE.findall(document.read_text()):
        for word in code.split():
            word = word.partition("::")[0].strip("(),…")
            if not word.startswith(FOLDERS) or word.startswith(MADE):
                continue
            pattern = re.sub(r"\{([^}]*)\}", "*", word.rstrip("/"))
            assert list(ROOT.glob(pattern)), f"{word} does not exist."


@documents
def test_targets_and_commands_exist(document: Path) -> None:
    text = document.read_text()
    targets = set(re.findall(r"(?m)^([a-z][a-z-]*):", (ROOT / "Makefile").read_text()))
    in_code = "\n".join([*_CODE.findall(text), *re.findall(r"(?s)```.*?```", text)])
    assert set(_TARGET.findall(in_code)) <= targets
    assert set(_COMMAND.findall(in_code)) <= get_commands().keys()


def test_there_is_something_to_check() -> None:
    """The patterns above find what they are for; otherwise the tests could not fail."""
    readme = (ROOT / "README.md").read_text()
    assert {"run", "test", "engine"} <= set(_TARGET.findall(readme))
    assert {"rank", "serve_models", "migrate"} <= set(_COMMAND.findall(readme))
    assert "docs/protocol.md#the-ballot-form" in _LINK.findall(readme)
    assert any(word.startswith(FOLDERS) for word in _CODE.findall((ROOT / "ARCHITECTURE.md").read_text()))


def test_the_table_of_variables_is_complete() -> None:
    section = (ROOT / "README.md").read_text().partition("## Configuration")[2].partition("\n## ")[0]
    rows = re.findall(r"(?m)^\| `(LEHIA_\w+)` \|", section)
    assert len(rows) == len(set(rows)), "A variable stands in the table twice."
    assert set(rows) == variables_of_the_code()


def test_names_of_the_admin_are_those_on_its_pages() -> None:
    """What the first campaign's steps call by name in bold is a string of the site."""
    section = (ROOT / "README.md").read_text().partition("## The first campaign")[2].partition("\n## ")[0]
    with (ROOT / "locale" / "eu" / "LC_MESSAGES" / "django.po").open("rb") as file:
        catalogue = read_po(file)
    known = {
        str(part).casefold()
        for entry in catalogue
        for part in ([*entry.id] if isinstance(entry.id, tuple) else [entry.id])
    }
    names = re.findall(r"\*\*([^*]+)\*\*", section)
    assert len(names) > 15
    # "Add campaign" is Django's own.
    assert [name for name in names if name.casefold() not in known | {"add campaign"}] == []


def test_the_backup_of_the_readme_is_one(tmp_path: Path) -> None:
    """On a database that is in use and has, as ours, a constraint that SQLite by itself cannot check."""
    (code,) = re.findall(r'(?m)^\$ \.venv/bin/python -c "(import sqlite3.*)"$', (ROOT / "README.md").read_text())
    (tmp_path / "var").mkdir()
    database = sqlite3.connect(tmp_path / "var" / "db.sqlite3")
    database.create_function("regexp", 2, lambda pattern, text: re.search(pattern, text) is not None)
    database.executescript("PRAGMA journal_mode=WAL; CREATE TABLE vote (side TEXT CHECK (side REGEXP '^[ab]$'));")
    with database:
        database.execute("INSERT INTO vote VALUES ('a')")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    copy = sqlite3.connect(tmp_path / "backup.sqlite3")
    assert copy.execute("SELECT side FROM vote").fetchall() == [("a",)]
    copy.close()
    database.close()


def test_decisions_are_numbered_and_whole() -> None:
    decisions = sorted((ROOT / "docs" / "adr").glob("0*.md"))
    index = (ROOT / "docs" / "adr" / "README.md").read_text()
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    for number, path in enumerate(decisions, start=1):
        text = path.read_text()
        title = text.splitlines()[0]
        assert title.startswith(f"# {number}. ")
        assert re.findall(r"(?m)^## (.+)$", text) == ["Context", "Decision", "Consequences"]
        assert f"{number}. [{title.partition('. ')[2]}]({path.name})" in index


def test_every_picture_is_shown_and_small() -> None:
    pictures = {path.name: path.stat().st_size for path in SCREENSHOTS.glob("*.png")}
    shown = set(re.findall(r"\(screenshots/([\w.-]+\.png)\)", (ROOT / "docs" / "pages.md").read_text()))
    assert shown == pictures.keys()
    assert sum(pictures.values()) < MOST_BYTES_OF_SCREENSHOTS
