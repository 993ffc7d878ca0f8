"""What most benches grade: position 46, by code that no grader has seen before."""

import time

from app.catalog.problem_folder import load_folders, read_problem
from app.core.paths import path_of
from app.core.problem import Problem
from tests.support.checkout import CHECKOUT

DATA_DIR = CHECKOUT / "var"
"""Where a checkout's own service has its compilation cache."""


def position_46() -> Problem:
    """Return ViT with CLS token, as the service would load it."""
    loaded = load_folders(path_of("problems"), path_of("reference_solutions"))
    return read_problem(loaded.problems["vit-cls-token"])


def as_new(code: str) -> str:
    """Return the same program as a text that nobody has sent before."""
    return f"# {time.time_ns()}\n{code}"
