"""What Django and allauth may say here is said in every language of the site: by their catalogues, or by ours.

Where this fails after an upgrade, put the message into locale/borrowed.py.
"""

import gettext
from pathlib import Path

import allauth
import django
import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from tools import messages

_DJANGO = Path(django.__file__).parent
CATALOGUES = (
    _DJANGO / "conf/locale",
    _DJANGO / "contrib/admin/locale",
    _DJANGO / "contrib/auth/locale",
    _DJANGO / "contrib/contenttypes/locale",
    _DJANGO / "contrib/humanize/locale",
    _DJANGO / "contrib/sessions/locale",
    Path(allauth.__file__).parent / "locale",
)
#: Where a message stands that no page of this site can show.
NEVER_SHOWN = (
    "conf/global_settings.py",  # names of languages that the site does not have
    "views/",  # Django's own error, CSRF and generic views: the site has its own
    "contrib/contenttypes/views.py",  # "view on site" of models that have no address
    "contrib/admin/templates/registration/password_reset",  # admins reset their password on the site's own page
)


class _Missing(gettext.NullTranslations):
    """Stands behind a catalogue, and is asked for what that one lacks."""

    def gettext(self, message: str) -> str:
        raise LookupError(message)

    def pgettext(self, context: str, message: str) -> str:
        raise LookupError(message)


def _compiled(path: Path) -> gettext.GNUTranslations:
    with path.open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    catalogue.add_fallback(_Missing())
    return catalogue


def _has(catalogue: gettext.GNUTranslations, message: Message) -> bool:
    msgid = message.id[0] if isinstance(message.id, tuple) else str(message.id)
    try:
        if message.context:
            catalogue.pgettext(message.context, msgid)
        else:
            catalogue.gettext(msgid)
    except LookupError:
        return False
    return True


def _may_be_shown(message: Message) -> bool:
    return bool(message.id) and not all(name.startswith(NEVER_SHOWN) for name, _line in message.locations)


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize(
    ("folder", "domain"),
    [*((folder, "django") for folder in CATALOGUES), (_DJANGO / "contrib/admin/locale", "djangojs")],
    ids=lambda value: value.parent.name if isinstance(value, Path) else value,
)
def test_nothing_of_the_libraries_is_left_in_english(folder: Path, domain: str, language: str) -> None:
    with (folder / "en/LC_MESSAGES" / f"{domain}.po").open("rb") as file:
        wanted = [message for message in read_po(file) if _may_be_shown(message)]
    messages.compile_catalogue(language)
    ours = messages.po_path(language, domain=domain).with_suffix(".mo")
    known = [_compiled(path) for path in (folder / language / "LC_MESSAGES" / f"{domain}.mo", ours) if path.exists()]
    assert wanted
    assert [message.id for message in wanted if not any(_has(catalogue, message) for catalogue in known)] == []


def test_ours_win() -> None:
    from django.utils import translation

    with translation.override("eu"):
        assert translation.gettext("Remember Me") == "Gogoratu gailu honetan"
    with translation.override("es"):
        assert translation.ngettext("%(counter)s note on these numbers", "%(counter)s notes on these numbers", 2) == (
            "%(counter)s notas sobre estos números"
        )
