"""A mutant → the file and the lines of `problem.toml` of a variant, whose docstring its author writes."""

import ast
from collections.abc import Sequence

from app.core.outcome import Outcome
from app.grading.mutate.edits import Places
from app.grading.mutate.mutants import Mutant

UNWRITTEN = "TODO"
"""What a docstring begins with that nobody has written yet; a proof refuses it."""


def variant_source(mutant: Mutant) -> str:
    """Return the mutant's text, its docstring in place of the reference's."""
    docstring = f'"""{UNWRITTEN}: say to a learner what is wrong, and why. {mutant.sentence}"""'
    tree = ast.parse(mutant.code)
    first = tree.body[0]
    if ast.get_docstring(tree, clean=False) is None:
        return f"{docstring}\n\n{mutant.code}"
    places = Places(mutant.code)
    return places.edited([places.replace(first, docstring)])


def variant_lines(name: str, outcome: Outcome, fails: Sequence[str]) -> str:
    """Return what declares the variant in `problem.toml`."""
    names = ", ".join(f'"{case}"' for case in fails)
    return f'[variants.{name}]\noutcome = "{outcome.value}"\nfails = [{names}]\n'
