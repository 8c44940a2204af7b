"""Static files with a hash in their names, compressed once, cached for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage

# Django looks for imports in *.js only; our own modules are *.mjs, and the vendored *.js import nothing.
_, _IMPORTS = CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Also rewrites the imports of native JavaScript modules, so that a new release never mixes with cached files."""

    support_js_module_import_aggregation = True
    _js_module_import_aggregation_patterns = ("*.mjs", _IMPORTS)
