"""Problems from folders, for commands that need no database."""

from pathlib import Path

from app.catalog.problem_folder import load_folders, read_problem
from app.core.problem import Problem
from app.errors import ProblemError, ProblemNotFound
from app.settings import Settings


def all_problems(settings: Settings) -> dict[str, Problem]:
    """Every readable problem by slug, in the order of their positions.

    Raises:
        ProblemError: a package is broken; the message names each, with file, key and reason.
    """
    loaded = load_folders(settings.problems_dir, settings.references_dir)
    if loaded.refused:
        raise ProblemError("; ".join(error.message for error in loaded.refused))
    return _by_position(settings)


def find_problem(settings: Settings, name: str) -> Problem:
    """The problem with this slug or position; others may be broken.

    Raises:
        ProblemNotFound: there is none; the message lists the slugs.
        ProblemError: it is broken.
    """
    problems = _by_position(settings)
    for problem in problems.values():
        if name in (problem.slug, str(problem.manifest.position)):
            return problem
    for error in load_folders(settings.problems_dir, settings.references_dir).refused:
        folder = Path(error.message.split("/", 1)[0]).name
        if name in folder:
            raise error
    raise ProblemNotFound(f"there is no problem {name!r}; there are {', '.join(problems) or 'none'}")


def _by_position(settings: Settings) -> dict[str, Problem]:
    loaded = load_folders(settings.problems_dir, settings.references_dir)
    problems = [read_problem(files) for files in loaded.problems.values()]
    return {
        problem.slug: problem for problem in sorted(problems, key=lambda problem: problem.manifest.position)
    }
