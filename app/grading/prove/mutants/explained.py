"""Is what a learner would be told of a mutant what was done to it? Judged from its text, not its numbers."""

import ast

from app.core.problem import Problem
from app.core.verdict import Diagnosis, DiagnosisKind
from app.grading.mutate.edits import Places
from app.grading.mutate.evaluation_order import Around, Step, step_of, steps_around
from app.grading.mutate.mutants import Mutant
from app.grading.prove.mutants.results import Explanation

_TURNS = ("transpose_dropped", "reshape_by_column", "axes_swapped", "einsum_axes_swapped")
_SHAPES = {
    "constant_ratio": ("scale_dropped", "another_constant", "another_reduction", "root_dropped"),
    "constant_offset": ("term_dropped", "branch_dropped"),
    "transposed": (*_TURNS, "factors_exchanged"),
    "permuted": (
        *_TURNS,
        *("joined_in_another_order", "merged_in_another_order", "reshape_axes_swapped", "sizes_exchanged"),
    ),
    "seed_ignored": ("argument_ignored",),
    "bfloat16": ("half_precision",),
    "softmax": ("softmax_dropped",),
}
"""By what wrong numbers look like: the operators that can make them look so."""
_ORDER = frozenset(
    {"layers_reversed", "layers_exchanged", "post_norm", "one_layer_for_all", "one_layer_for_two"}
)
_REACH_INSIDE = frozenset(
    {
        *("post_norm", "norm_dropped", "branch_dropped", "argument_ignored", "last_layer_dropped"),
        *("layers_reversed", "one_layer_for_all"),
    }
)
"""These change what the calls inside an expression are given; the others, what is made of what these give."""


_EXCHANGES = frozenset({"layers_exchanged", "one_layer_for_two"})
"""Each layer still gives what it gave; what differs is what is made of it."""


def explanation_of(problem: Problem, mutant: Mutant, diagnosis: Diagnosis | None) -> Explanation:
    """Say whether a diagnosis fits what an operator did, and where."""
    if diagnosis is None:
        return Explanation.NONE
    return Explanation.RIGHT if _fits(problem, mutant, diagnosis) else Explanation.WRONG


def _fits(problem: Problem, mutant: Mutant, diagnosis: Diagnosis) -> bool:
    match diagnosis.kind:
        case DiagnosisKind.VARIANT | DiagnosisKind.MUTANT:
            return True  # All numbers are the same, and then they are two texts of one mistake.
        case DiagnosisKind.PARAMETERS if diagnosis.id == "no_gradient":
            return mutant.operator in ("gradient_stopped", "parameter_ignored")
        case DiagnosisKind.PARAMETERS | DiagnosisKind.CREATION_ORDER:
            return _is_of_creation(problem, mutant)
        case DiagnosisKind.DIVERGENCE:
            return _is_there(problem, mutant, diagnosis.id)
        case DiagnosisKind.ERROR_SHAPE:
            names = (diagnosis.id, *diagnosis.others)
            return all(mutant.operator in _SHAPES.get(name, ()) for name in names)


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
    if _function_at(problem.reference, mutant.line) == "__init__":
        around = _of_created(problem, mutant)
        first = around.inside
    else:
        around = steps_around(problem, mutant.span)
        first = around.after | (around.inside if mutant.operator in _REACH_INSIDE else frozenset())
    if mutant.operator in _EXCHANGES:
        first |= around.next_inputs
    if mutant.operator == "argument_ignored":
        first |= _where_used(problem, mutant.becomes.partition(" ")[0])
    if place.startswith("after "):
        last_right = _named(problem, place.removeprefix("after "))
        return not around.after and bool(last_right & (around.before | around.inside))
    if place.startswith("between "):
        before, _, first_wrong = place.removeprefix("between ").rpartition(" and ")
        return bool(_named(problem, first_wrong) & first or _named(problem, before) & around.inside)
    return bool(_named(problem, place) & first)


def _where_used(problem: Problem, argument: str) -> frozenset[Step]:
    """Return the first steps behind each place where something of an argument's name is read."""
    places = Places(problem.reference)
    used: set[Step] = set()
    for node in ast.walk(ast.parse(problem.reference)):
        is_name = isinstance(node, ast.Name) and node.id == argument
        is_attribute = isinstance(node, ast.Attribute) and node.attr == argument
        if (is_name or is_attribute) and isinstance(node, ast.expr):
            used |= steps_around(problem, (places.start(node), places.end(node))).after
    return frozenset(used)


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
