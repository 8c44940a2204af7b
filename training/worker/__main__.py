"""`python -m training.worker RECIPE.json [--resume auto|never|CHECKPOINT]`.

Ends with 0 when the model is there, 75 when it was told to stop and has saved what it had, and 1 for an error.
"""

import argparse
import sys
from pathlib import Path

from training.exceptions import TrainingError
from training.recipes import read_recipe
from training.worker.run import train


def main(argv: list[str] | None = None) -> int:
    """Train by a recipe; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training.worker", description="Train one model by its recipe.")
    parser.add_argument("recipe", type=Path, metavar="RECIPE.json")
    parser.add_argument(
        "--resume",
        default="auto",
        metavar="auto|never|CHECKPOINT",
        help="auto: from the newest checkpoint that is whole, if there is one",
    )
    options = parser.parse_args(argv)
    try:
        return train(read_recipe(options.recipe), options.resume)
    except TrainingError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
    except ModuleNotFoundError as error:
        print(f"error: The package {error.name!r} is missing: pip install .[training]", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
