"""The modules of a page import each other by their hashed names."""

from pathlib import Path
from typing import Any

from django.core.management import call_command

from config.storage import ModuleManifestStorage


def test_imports_between_modules_get_the_hashed_names(tmp_path: Path, settings: Any) -> None:
    source = tmp_path / "source"
    (source / "vendor").mkdir(parents=True)
    (source / "page.mjs").write_text('import { a } from "./vendor/a.js";\nimport "./b.mjs";\n')
    (source / "b.mjs").write_text("export {};\n")
    (source / "vendor" / "a.js").write_text("export const a = 1;\n")
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "collected"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "config.storage.ModuleManifestStorage"}}

    call_command("collectstatic", interactive=False, verbosity=0)

    storage = ModuleManifestStorage(location=tmp_path / "collected", base_url="/static/")
    page = (tmp_path / "collected" / storage.stored_name("page.mjs")).read_text()
    assert storage.stored_name("b.mjs").rsplit("/")[-1] in page
    assert storage.stored_name("vendor/a.js").rsplit("/")[-1] in page
    assert '"./b.mjs"' not in page
