"""Problems from folders, for commands that need no database."""

import subprocess

from app.catalog.problem_folder import load_folders, read_problem
from app.core.problem import Problem
from app.errors import GraderError, ProblemError, ProblemNotFound
from app.settings import Settings


def all_problems(settings: Settings) -> dict[str, Problem]:
    """Return every readable problem by slug, in the order of their positions.

    Raises:
        ProblemError: a package is broken; the message names each, with file, key and reason.
    """
    loaded = load_folders(settings.problems_dir, settings.references_dir)
    if loaded.refused:
        raise ProblemError("; ".join(error.message for error in loaded.refused))
    return _by_position(settings)


def find_problem(settings: Settings, name: str) -> Problem:
    """Return the problem with this slug or position; others may be broken.

    Raises:
        ProblemNotFound: there is none; the message lists the slugs.
        ProblemError: it is broken.
    """
    problems = _by_position(settings)
    for problem in problems.values():
        if name in (problem.slug, str(problem.manifest.position)):
            return problem
    refused = load_folders(settings.problems_dir, settings.references_dir).refused
    for error in refused:
        folder = error.message.partition("/")[0]
        if name in (folder, *folder.partition("-")[::2]):
            raise error
    # Of a folder that has another name than its problem, only this tells.
    others = "".join(f"; refused: {error.message}" for error in refused)
    raise ProblemNotFound(f"there is no problem {name!r}; there are {', '.join(problems) or 'none'}{others}")


def folder_name(problem: Problem) -> str:
    """Return the name of the problem's two folders, that of its package and that of its reference."""
    return f"{problem.manifest.position}-{problem.slug}"


def changed_folders(settings: Settings, since: str) -> set[str]:
    """Return the names of the package folders that differ from `since`, new files included.

    Raises:
        GraderError: git does not know the revision, or is not there.
    """
    changed: set[str] = set()
    for root in (settings.problems_dir, settings.references_dir):
        for words in (
            ["diff", "--name-only", "--relative", "--end-of-options", since, "--", "."],
            ["ls-files", "--others", "--exclude-standard", "--", "."],
        ):
            printed = _git(["-C", str(root), *words], since)
            changed.update(line.split("/", 1)[0] for line in printed.splitlines())
    return changed


def _git(words: list[str], since: str) -> str:
    try:
        ran = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise GraderError(f"--since {since} needs git, and there is no such program") from None
    if ran.returncode != 0:
        reason, *_ = ran.stderr.strip().splitlines() or [f"git ended with code {ran.returncode}"]
        raise GraderError(f"--since {since}: {reason}")
    return ran.stdout


def _by_position(settings: Settings) -> dict[str, Problem]:
    loaded = load_folders(settings.problems_dir, settings.references_dir)
    problems = [read_problem(files) for files in loaded.problems.values()]
    return {
        problem.slug: problem for problem in sorted(problems, key=lambda problem: problem.manifest.position)
    }
