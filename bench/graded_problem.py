"""What most benches grade: position 46, by code that no grader has seen before."""

import time
from pathlib import Path

from app.catalog.problem_folder import load_folders, read_problem
from app.core.problem import Problem

ROOT = Path(__file__).resolve().parent.parent
DATA_DIR = ROOT / "var"


def position_46() -> Problem:
    """ViT with CLS token, as the service would load it."""
    loaded = load_folders(ROOT / "problems", ROOT / "reference_solutions")
    return read_problem(loaded.problems["vit-cls-token"])


def as_new(code: str) -> str:
    """The same program as a text that nobody has sent before."""
    return f"# {time.time_ns()}\n{code}"
