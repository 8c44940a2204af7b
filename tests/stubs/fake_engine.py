"""A Python whose vLLM is the scripted model server."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_SCRIPT = f"""\
#!/bin/bash
# A server named `broken` ends while it loads.
while [[ $1 != --served-model-name ]]; do shift; done; name=$2
while [[ $1 != --port ]]; do shift; done; port=$2
echo "loading $name on GPU ${{CUDA_VISIBLE_DEVICES-}}"
[[ $name != broken ]] || {{ echo "no such weights"; exit 3; }}
cd {ROOT} && exec {sys.executable} -m tests.stubs.openai_server --port "$port" --models "$name"
"""


def write_fake_engine(folder: Path) -> Path:
    """Put it into `folder`, as `python`."""
    path = folder / "python"
    path.write_text(_SCRIPT)
    path.chmod(0o755)
    return path
