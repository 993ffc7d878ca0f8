"""A forbidden name that was used at run time, in words."""

from app.core.problem import Problem
from sandbox.interface import ForbiddenUse


def forbidden_in_words(problem: Problem, use: ForbiddenUse) -> str:
    """The name comes from a hostile process, so only one that the problem forbids is repeated."""
    name = use.name if use.name in problem.manifest.forbidden else "that part"
    return f"this exercise asks you to build {name} yourself, so it may not be used, by whatever name"
