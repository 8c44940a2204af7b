"""What a prepared folder says of itself, before a run is started on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.disk import sha256_of
from training.exceptions import BadManifest, CannotLaunch
from training.grid import PARTS
from training.manifests import MANIFEST, read_manifest


@dataclass(frozen=True, slots=True)
class Prepared:
    """A finished folder of `prepare_sft`. `sequence_length` is 0 and `parts` None where it does not say."""

    folder: Path
    rows: int
    sha256: str
    sequence_length: int = 0
    parts: tuple[str, ...] | None = None


def read_prepared(folder: Path) -> Prepared:
    """Raises BadManifest for a folder that is not finished, or that another stage made."""
    manifest = read_manifest(folder)
    stage = manifest.plan.get("stage")
    if stage != "prepare_sft":
        raise BadManifest(f"{folder} was made by {stage}, and training reads what prepare_sft makes.")
    if manifest.rows == 0:
        raise BadManifest(f"{folder} has no rows to train on.")
    said = manifest.plan.get("arguments", {})
    parts = said.get("parts")
    return Prepared(
        folder,
        manifest.rows,
        sha256_of(folder / MANIFEST),
        int(said.get("sequence_length") or 0),
        None if parts is None else tuple(part for part in PARTS if part in parts),
    )


def check_fits(prepared: Prepared, *, name: str, parts: Sequence[str] | None, sequence_length: int) -> None:
    """Raises CannotLaunch where the data hold another mix than the variant `name`, or rows of another length."""
    if parts is not None and prepared.parts is not None and tuple(parts) != prepared.parts:
        raise CannotLaunch(
            f"{prepared.folder} holds {_listed(prepared.parts)}, and the mix of {name} is {_listed(parts)}. "
            f"Prepare it with: prepare_sft --variant {name}"
        )
    if prepared.sequence_length and prepared.sequence_length != sequence_length:
        raise CannotLaunch(
            f"{prepared.folder} was prepared with sequences of {prepared.sequence_length:,} tokens, and "
            f"--sequence-length is {sequence_length:,}. Leave the option out, or prepare the data anew."
        )


def _listed(parts: Sequence[str]) -> str:
    return " + ".join(parts) or "nothing"
