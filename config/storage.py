"""Static files with a hash in their names, compressed once, cached for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):
    """Also rewrites the imports of native JavaScript modules, so that a new release never mixes with cached files."""

    support_js_module_import_aggregation = True
