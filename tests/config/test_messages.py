"""The message catalogues, and the tool that keeps them."""

import gettext
import os
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from tools import messages

PYTHON = """
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

TITLE = gettext_lazy("A title")
# Translators: said once.
_("Hello %(name)s.")
pgettext("verb", "Open")
ngettext("One vote", "%(n)s votes", 3)
_("In two "
  "parts.")
"""
TEMPLATE = """
{% load i18n %}
  {# what stands between must not matter: ' " ( #}
{% translate "Simple" %} {% translate 'Single' as x %} {% translate "Open" context "status" %}
    {{ _("In a variable") }} {{ value|default:_("In a filter") }} {% include "x.html" with a=_("In a tag") %}
<p>
  {% blocktranslate trimmed with who=user.name %}
    Trimmed, over
    two lines, {{ who }}.
  {% endblocktranslate %}
{% blocktranslate count counter=n %}{{ counter }} battle{% plural %}{{ counter }} battles{% endblocktranslate %}
{% blocktranslate context "noun" %}Ballot{% endblocktranslate %}
{% comment %}{% translate "Commented out" %}{% endcomment %}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "arena").mkdir()
    (tmp_path / "arena/views.py").write_text(PYTHON)
    (tmp_path / "templates/arena").mkdir(parents=True)
    (tmp_path / "templates/arena/page.html").write_text(TEMPLATE)
    return tmp_path


def write(root: Path, *entries: str, language: str = "eu") -> None:
    path = messages.po_path(language, root)
    path.parent.mkdir(parents=True, exist_ok=True)
    header = f'msgid ""\nmsgstr ""\n"Plural-Forms: {messages.LANGUAGES[language]}\\n"\n'
    path.write_text("\n".join((header, *entries)))


def template_of(*msgids: str | tuple[str, str]) -> Catalog:
    template = Catalog()
    for msgid in msgids:
        template.add(msgid)
    return template


@pytest.fixture(scope="module")
def template() -> Catalog:
    return messages.template_of()


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_message_of_the_code_is_translated_and_fits(language: str, template: Catalog) -> None:
    assert len(template) > 500
    assert messages.problems(language, template) == []


def test_every_way_to_mark_a_message_is_extracted(root: Path) -> None:
    found = {(message.context, message.id) for message in messages.template_of(root) if message.id}
    assert found == {
        (None, "A title"),
        (None, "Hello %(name)s."),
        ("verb", "Open"),
        (None, ("One vote", "%(n)s votes")),
        (None, "In two parts."),
        (None, "Simple"),
        (None, "Single"),
        ("status", "Open"),
        (None, "In a variable"),
        (None, "In a filter"),
        (None, "In a tag"),
        (None, "Trimmed, over two lines, %(who)s."),
        (None, ("%(counter)s battle", "%(counter)s battles")),
        ("noun", "Ballot"),
    }


def test_update_keeps_translations_and_drops_what_is_stale(root: Path) -> None:
    write(root, 'msgid "A title"\nmsgstr "Izenburu bat"\n', 'msgid "Gone"\nmsgstr "Joanda"\n')
    messages.update("eu", messages.template_of(root), root)
    written = messages.po_path("eu", root).read_text()
    assert 'msgid "A title"\nmsgstr "Izenburu bat"' in written
    assert "Gone" not in written
    assert 'msgid "In a filter"\nmsgstr ""' in written
    assert "#. Translators: said once." in written
    messages.update("eu", messages.template_of(root), root)
    assert messages.po_path("eu", root).read_text() == written


@pytest.mark.parametrize(
    ("msgid", "entry", "problem"),
    [
        ("Vote", "", "missing"),
        ("Vote", 'msgid "Vote"\nmsgstr ""\n', "not translated"),
        ("Vote", '#, fuzzy\nmsgid "Vote"\nmsgstr "Botoa"\n', "fuzzy"),
        ("Hi %(name)s", 'msgid "Hi %(name)s"\nmsgstr "Kaixo %(izena)s"\n', "placeholders differ"),
        ("Hi {name}", 'msgid "Hi {name}"\nmsgstr "Kaixo"\n', "placeholders differ"),
        ("Set: %s", 'msgid "Set: %s"\nmsgstr "Ezarrita"\n', "placeholders differ"),
        ("<b>Vote</b>", 'msgid "<b>Vote</b>"\nmsgstr "<b>Botoa"\n', "tags differ"),
        ("Vote ", 'msgid "Vote "\nmsgstr "Botoa"\n', "spaces at the ends differ"),
        ("Vote.", 'msgid "Vote."\nmsgstr "Botoa"\n', "final punctuation differ"),
        ("Vote", 'msgid "Vote"\nmsgstr "Botoa!"\n', "final punctuation differ"),
        (("%(n)s vote", "%(n)s votes"), 'msgid "%(n)s vote"\nmsgstr "Boto %(n)s"\n', "plural differs"),
        (
            ("%(n)s vote", "%(n)s votes"),
            'msgid "%(n)s vote"\nmsgid_plural "%(n)s votes"\nmsgstr[0] "Boto %(n)s"\nmsgstr[1] "boto"\n',
            "placeholders differ",
        ),
    ],
)
def test_check_names_what_is_wrong(root: Path, msgid: str | tuple[str, str], entry: str, problem: str) -> None:
    write(root, entry)
    found = messages.problems("eu", template_of(msgid), root)
    assert len(found) == 1
    assert found[0].startswith(f"eu: {problem}")
    assert (msgid if isinstance(msgid, str) else msgid[0]) in found[0]


def test_check_names_what_is_stale(root: Path) -> None:
    write(root, 'msgid "Gone"\nmsgstr "Joanda"\n')
    assert messages.problems("eu", template_of(), root) == ["eu: stale: 'Gone'"]


def test_check_accepts_a_good_catalogue(root: Path) -> None:
    write(
        root,
        'msgid "Hello, %(name)s!"\nmsgstr "Kaixo, %(name)s!"\n',
        # English greets with a comma, Basque with a colon; a singular may spell out its number or not.
        'msgid "Hello,"\nmsgstr "Kaixo:"\n',
        'msgid "One vote"\nmsgid_plural "%(n)s votes"\nmsgstr[0] "Boto %(n)s"\nmsgstr[1] "%(n)s boto"\n',
    )
    template = template_of("Hello, %(name)s!", "Hello,", ("One vote", "%(n)s votes"))
    assert messages.problems("eu", template, root) == []


@pytest.mark.parametrize(("language", "of_none"), [("eu", "anitz"), ("es", "anitz"), ("fr", "bakar")])
def test_plurals_follow_the_language(root: Path, language: str, of_none: str) -> None:
    write(root, 'msgid "one"\nmsgid_plural "many"\nmsgstr[0] "bakar"\nmsgstr[1] "anitz"\n', language=language)
    assert messages.compile_catalogue(language, root)
    with messages.po_path(language, root).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert [compiled.ngettext("one", "many", n) for n in (0, 1, 2)] == [of_none, "bakar", "anitz"]


def test_compiling_twice_writes_once(root: Path) -> None:
    write(root, 'msgid "Vote"\nmsgstr "Botoa"\n')
    assert messages.compile_catalogue("eu", root)
    assert not messages.compile_catalogue("eu", root)
    later = messages.po_path("eu", root).with_suffix(".mo").stat().st_mtime + 1
    os.utime(messages.po_path("eu", root), (later, later))
    assert messages.compile_catalogue("eu", root)
    assert sorted(path.name for path in messages.po_path("eu", root).parent.iterdir()) == ["django.mo", "django.po"]
