"""Which bundled problems `make test` proves anew: the smallest, and one that the tree of today chooses."""

from app.catalog.problem_folder import load_folders, read_problem
from app.core.problem import Problem
from app.core.source_digest import source_digest
from app.core.verdict import Mode
from app.grading.plan.checks import checks_of
from tests.support.checkout import CHECKOUT

_CODE = ("app/grading", "app/core", "sandbox", "problems", "reference_solutions")


def chosen_problems() -> list[Problem]:
    """Return two; every change of code or problem may choose another second one."""
    loaded = load_folders(CHECKOUT / "problems", CHECKOUT / "reference_solutions")
    first, *others = sorted((read_problem(files) for files in loaded.problems.values()), key=_calls)
    tree = int(source_digest(_CODE, root=CHECKOUT)[:8], 16)
    return [first, *([others[tree % len(others)]] if others else [])]


def _calls(problem: Problem) -> tuple[int, str]:
    """Return how many calls its proof makes, nearly."""
    solutions = 1 + len(problem.also_right) + len(problem.variants)
    return solutions * len(checks_of(problem, Mode.SUBMIT, fresh_seed=0)), problem.slug
