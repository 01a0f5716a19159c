"""Writes a corpus into a folder: python -m tests.amd_corpus FOLDER --count 300 --seed 1. Knows only corpus.write."""

from __future__ import annotations

import argparse
from pathlib import Path

from .corpus import write


def main() -> None:
    """Make the folder and write wav files and labels.json."""
    parser = argparse.ArgumentParser(prog="python -m tests.amd_corpus", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=72)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    write(chosen.folder, chosen.count, seed=chosen.seed)


if __name__ == "__main__":
    main()
