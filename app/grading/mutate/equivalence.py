"""Declarations that a survivor is equivalent: what one binds, and when it falls."""

import hashlib
from collections.abc import Mapping

import msgspec

from app.core.problem import Problem
from app.grading.mutate.mutants import Mutant

_DIGITS = 16


def rests_on(problem: Problem, mutant: Mutant) -> str:
    """Return the digest that a declaration has to have: of a mutant's text, and of what it was tried with."""
    manifest = problem.manifest
    parts = (
        mutant.code.encode(),
        problem.reference.encode(),
        msgspec.json.encode(
            (manifest.cases, manifest.probes, manifest.tolerance, manifest.entry.multiples),
            order="deterministic",
        ),
    )
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()[:_DIGITS]


def declared_reason(problem: Problem, mutant: Mutant) -> str:
    """Return why a mutant is declared to be equivalent; empty where it is not, or no longer."""
    declared = problem.manifest.equivalent.get(mutant.id)
    return declared.why if declared is not None and declared.rests_on == rests_on(problem, mutant) else ""


def fallen_declarations(problem: Problem, mutants: Mapping[str, Mutant]) -> dict[str, str]:
    """Return by mutant why its declaration no longer binds anything."""
    fallen = {}
    for name, declared in problem.manifest.equivalent.items():
        mutant = mutants.get(name)
        if mutant is None:
            fallen[name] = "there is no such mutant of this reference"
        elif declared.rests_on != (now := rests_on(problem, mutant)):
            fallen[name] = (
                "reference, cases, probes or tolerance have changed since: it rests on "
                f"{declared.rests_on}, now {now}"
            )
    return fallen


def declaration_lines(problem: Problem, mutant: Mutant) -> str:
    """Return what an author puts into `problem.toml` to declare a mutant equivalent, but for the reason."""
    return f'[equivalent."{mutant.id}"]\nrests_on = "{rests_on(problem, mutant)}"\nwhy = ""'
