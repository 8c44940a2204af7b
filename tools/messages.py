"""The message catalogues of locale/, without gettext's binaries.

    python tools/messages.py extract    bring the .po files in step with the msgids of the code
    python tools/messages.py check      name every message that is missing, stale, fuzzy or does not fit its msgid
    python tools/messages.py compile    write the .mo files that Django reads, where a .po file is newer

English is the msgids themselves. Templates go through Django's own `templatize`, so that trimmed blocks,
plurals and contexts give here the msgids that they give when a page is rendered.
"""

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
#: Language → plural rule, as gettext writes it.
LANGUAGES = {
    "eu": "nplurals=2; plural=(n != 1);",
    "es": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
}
SOURCES = ("arena", "config", "inference", "locale", "ranking", "templates", "training")
TEMPLATE_SUFFIXES = (".html", ".txt")
KEYWORDS: dict[str, Any] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
HEADER = """\
# Lehia in {name}.
# The words to use are in docs/glossary-eu.md. `make messages` brings this file in step with the code.
#"""
NAMES = {"eu": "Basque", "es": "Spanish", "fr": "French"}

PLACEHOLDER = re.compile(r"%\(\w+\)[sdrif]|(?<!%)%[sd]|\{\w*\}")
TAG = re.compile(r"</?\w+")
FINAL_PUNCTUATION = ".,:?!…"


def po_path(language: str, root: Path = ROOT, *, domain: str = "django") -> Path:
    """The catalogue of a language. `djangojs` is for the admin's scripts; our own get theirs in the page."""
    return root / "locale" / language / "LC_MESSAGES" / f"{domain}.po"


# Extraction


def source_files(root: Path = ROOT) -> Iterator[Path]:
    """Every file that may hold messages, in a fixed order."""
    for source in SOURCES:
        for path in sorted((root / source).rglob("*")):
            if path.suffix == ".py" or (path.suffix in TEMPLATE_SUFFIXES and "templates" in path.parts):
                yield path


def python_of(path: Path) -> str:
    """Python in which the file's messages are calls of gettext."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return source
    # What is not a message became letters. Without indentation they are names to Python's tokenizer.
    return "\n".join(line.strip() for line in templatize(source, origin=str(path)).splitlines())


def template_of(root: Path = ROOT) -> Catalog:
    """Every msgid of the code, with the files it stands in and the comments that begin with "Translators:"."""
    template = Catalog(charset="utf-8")
    for path in source_files(root):
        code = BytesIO(python_of(path).encode())
        location = (path.relative_to(root).as_posix(), 0)
        for _, msgid, comments, context in extract("python", code, KEYWORDS, ("Translators:",)):
            template.add(msgid, locations=[location], auto_comments=comments, context=context)
    return template


# Files


def read_catalogue(language: str, root: Path = ROOT, *, domain: str = "django") -> Catalog:
    path = po_path(language, root, domain=domain)
    catalogue = Catalog(charset="utf-8")
    if path.exists():
        with path.open("rb") as file:
            catalogue = read_po(file, charset="utf-8", abort_invalid=True)
    catalogue.mime_headers = [("Language", language), ("Plural-Forms", LANGUAGES[language])]
    return catalogue


def write_catalogue(catalogue: Catalog, language: str, root: Path = ROOT) -> None:
    """Writes the .po file: no dates and no line numbers, so that only a changed message changes it."""
    messages = BytesIO()
    write_po(
        messages, catalogue, width=120, omit_header=True, sort_by_file=True, include_lineno=False, ignore_obsolete=True
    )
    header = (
        f"{HEADER.format(name=NAMES[language])}\n"
        'msgid ""\nmsgstr ""\n'
        f'"Language: {language}\\n"\n'
        '"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {LANGUAGES[language]}\\n"\n\n'
    )
    path = po_path(language, root)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header + messages.getvalue().decode().rstrip("\n") + "\n", encoding="utf-8")


def update(language: str, template: Catalog, root: Path = ROOT) -> None:
    """Adds what is new, drops what is stale, keeps every translation."""
    catalogue = read_catalogue(language, root)
    catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
    write_catalogue(catalogue, language, root)


def compile_catalogue(language: str, root: Path = ROOT) -> bool:
    """Writes the .mo files that are older than their .po files; says whether. A reader never sees half a file."""
    written = False
    for domain in ("django", "djangojs"):
        source = po_path(language, root, domain=domain)
        target = source.with_suffix(".mo")
        if not source.exists() or (target.exists() and target.stat().st_mtime >= source.stat().st_mtime):
            continue
        half = target.with_name(f"{target.name}.{os.getpid()}")
        with half.open("wb") as file:
            write_mo(file, read_catalogue(language, root, domain=domain))
        half.replace(target)
        written = True
    return written


# Checks


def strings_of(message: Message) -> tuple[str, ...]:
    """Every string of a translation; an empty one stands for what is not translated."""
    strings = message.string
    return tuple(strings) if isinstance(strings, tuple | list) else (strings or "",)


def forms(message: Message) -> list[tuple[tuple[str, ...], str]]:
    """The strings of a translation, each with the msgids it may take after: the singular may spell out its number."""
    if isinstance(message.id, tuple):
        singular, plural = message.id
        texts = strings_of(message)
        return [((plural, singular), texts[0]), *(((plural,), text) for text in texts[1:])]
    return [((str(message.id),), str(message.string))]


def ending(text: str) -> str:
    """The punctuation mark at the end of a sentence, if any. Where English greets with a comma, Basque has a colon."""
    mark = text.rstrip()[-1:]
    return mark.replace(",", ":") if mark in FINAL_PUNCTUATION else ""


def spaces(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def misfits(msgids: tuple[str, ...], text: str) -> Iterator[str]:
    """What does not agree between a msgid (or one of several) and a translation."""
    for name, of in (
        ("placeholders", lambda value: Counter(PLACEHOLDER.findall(value))),
        ("tags", lambda value: Counter(TAG.findall(value))),
        ("spaces at the ends", spaces),
        ("final punctuation", ending),
    ):
        if of(text) not in [of(msgid) for msgid in msgids]:
            yield f"{name} differ"


def entry_problems(message: Message, plural_forms: int) -> Iterator[str]:
    """What is wrong with one entry by itself."""
    strings = strings_of(message)
    if message.fuzzy:
        yield "fuzzy"
    if isinstance(message.id, tuple) and len(strings) != plural_forms:
        yield f"{len(strings)} plural forms instead of {plural_forms}"
    if not all(strings):
        yield "not translated"
        return
    for msgids, text in forms(message):
        yield from misfits(msgids, text)


def key(message: Message) -> tuple[str, str]:
    """What gettext looks a message up by."""
    return message.context or "", message.id[0] if isinstance(message.id, tuple) else str(message.id)


def problems(language: str, template: Catalog, root: Path = ROOT) -> list[str]:
    """Every disagreement between a language's catalogue and the code, a line each."""
    catalogue = read_catalogue(language, root)
    wanted = {key(message): message for message in template if message.id}
    have = {key(message): message for message in catalogue if message.id}
    found = [(text, "missing") for text in wanted.keys() - have.keys()]
    found += [(text, "stale") for text in have.keys() - wanted.keys()]
    for text in wanted.keys() & have.keys():
        if wanted[text].id != have[text].id:
            found.append((text, "plural differs from the code's"))
        found += [(text, problem) for problem in entry_problems(have[text], catalogue.num_plurals)]
    return [
        f"{language}: {problem}: {msgid!r}{context and f' ({context})'}" for (context, msgid), problem in sorted(found)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("extract", "check", "compile"))
    command = parser.parse_args().command
    if command == "compile":
        written = [language for language in LANGUAGES if compile_catalogue(language)]
        print(f"Compiled: {', '.join(written)}." if written else "The message catalogues are up to date.")
        return 0
    template = template_of()
    if command == "extract":
        for language in LANGUAGES:
            update(language, template)
    found = [problem for language in LANGUAGES for problem in problems(language, template)]
    print("\n".join(found) or f"{len(template)} messages, all translated into {', '.join(LANGUAGES)}.")
    return 1 if found and command == "check" else 0


if __name__ == "__main__":
    sys.exit(main())
