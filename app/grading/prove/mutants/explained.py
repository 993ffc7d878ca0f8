"""Is what a learner would be told of a mutant what was done to it? Judged from its text, not from its numbers."""

import ast

from app.core.problem import Problem
from app.core.verdict import Diagnosis, DiagnosisKind
from app.grading.mutate.mutants import Mutant
from app.grading.mutate.way import Around, Step, step_of, steps_around
from app.grading.prove.mutants.results import Explanation

_SHAPES = {
    "constant_ratio": ("scale_dropped", "another_constant", "another_reduction", "root_dropped"),
    "constant_offset": ("term_dropped", "branch_dropped"),
    "transposed": (
        "transpose_dropped",
        "reshape_by_column",
        "axes_swapped",
        "einsum_axes_swapped",
        "factors_exchanged",
    ),
    "permuted": (
        *(
            "transpose_dropped",
            "reshape_by_column",
            "axes_swapped",
            "einsum_axes_swapped",
            "joined_in_another_order",
        ),
        *("merged_in_another_order", "reshape_axes_swapped", "sizes_exchanged"),
    ),
    "seed_ignored": ("argument_ignored",),
    "bfloat16": ("half_precision",),
    "softmax": ("softmax_dropped",),
}
"""By what wrong numbers look like: the operators that can make them look so."""
_ORDER = frozenset(
    {"layers_reversed", "layers_exchanged", "post_norm", "one_layer_for_all", "one_layer_for_two"}
)


def explanation_of(problem: Problem, mutant: Mutant, diagnosis: Diagnosis | None) -> Explanation:
    """Say whether a diagnosis fits what an operator did, and where."""
    if diagnosis is None:
        return Explanation.NONE
    fits = {
        # It says so where all numbers are a variant's, and then they are two texts of one mistake.
        DiagnosisKind.VARIANT: lambda: True,
        DiagnosisKind.PARAMETERS: lambda: _is_of_creation(problem, mutant),
        DiagnosisKind.CREATION_ORDER: lambda: _is_of_creation(problem, mutant),
        DiagnosisKind.DIVERGENCE: lambda: _is_there(problem, mutant, diagnosis.id),
        DiagnosisKind.ERROR_SHAPE: lambda: all(
            mutant.operator in _SHAPES.get(name, ()) for name in (diagnosis.id, *diagnosis.others)
        ),
    }[diagnosis.kind]()
    return Explanation.RIGHT if fits else Explanation.WRONG


def _is_of_creation(problem: Problem, mutant: Mutant) -> bool:
    """Say whether it was done where the module is made, or to what it is made with."""
    name = _function_at(problem.reference, mutant.line)
    return name in ("__init__", problem.manifest.entry.function)


def _function_at(text: str, line: int) -> str:
    inside = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return max(inside, key=lambda node: node.lineno).name if inside else ""


def _is_there(problem: Problem, mutant: Mutant, place: str) -> bool:
    """Say whether `place`, the name of a divergence, is the first where what was done can be seen."""
    if place == "stage_order":
        return mutant.operator in _ORDER
    around = steps_around(problem, mutant.span)
    if _function_at(problem.reference, mutant.line) == "__init__":
        around = _of_created(problem, mutant)
    if place.startswith("after "):
        return not around.after and bool(
            _named(problem, place.removeprefix("after ")) & (around.before | around.inside)
        )
    if place.startswith("between "):
        before, _, first_wrong = place.removeprefix("between ").rpartition(" and ")
        return bool(
            _named(problem, first_wrong) & around.first_touched or _named(problem, before) & around.inside
        )
    return bool(_named(problem, place) & around.first_touched)


def _named(problem: Problem, name: str) -> frozenset[Step]:
    module = problem.manifest.module
    stages = module.stages if module else ()
    return frozenset(step_of(stage.path, stage.side) for stage in stages if stage.name == name)


def _of_created(problem: Problem, mutant: Mutant) -> Around:
    """Return the steps of the layer that is created where the mutant was made, those inside it among them."""
    tree = ast.parse(problem.reference)
    attributes = {
        target.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and node.lineno <= mutant.line <= (node.end_lineno or node.lineno)
        for target in node.targets
        if isinstance(target, ast.Attribute)
    }
    module = problem.manifest.module
    stages = module.stages if module else ()
    inside = frozenset(
        step_of(stage.path, stage.side) for stage in stages if attributes & set(stage.path.split("."))
    )
    return Around(inside=inside, before=frozenset(), after=frozenset())
