"""Whether what a learner would be told of a mutant is what was done: right where it is, wrong elsewhere."""

import pytest

from app.core.verdict import Diagnosis, DiagnosisKind
from app.grading.mutate.mutants import mutants_of
from app.grading.prove.mutants.explained import explanation_of
from app.grading.prove.mutants.results import Explanation
from tests.support.real_problems import sampled_problem

_PROBLEM = sampled_problem("46-vit-cls-token")
_MUTANTS = mutants_of(_PROBLEM)
_DIVERGENCE, _PARAMETERS = DiagnosisKind.DIVERGENCE, DiagnosisKind.PARAMETERS


@pytest.mark.parametrize(
    ("operator", "was", "kind", "name", "wanted"),
    [
        ("scale_dropped", "q @ k", _DIVERGENCE, "block 1: joined heads", Explanation.RIGHT),
        ("scale_dropped", "q @ k", _DIVERGENCE, "block 1: keys", Explanation.WRONG),
        ("scale_dropped", "q @ k", _DIVERGENCE, "head", Explanation.WRONG),
        ("scale_dropped", "q @ k", DiagnosisKind.ERROR_SHAPE, "transposed", Explanation.WRONG),
        ("another_activation", "nnx.gelu", _DIVERGENCE, "block 1: gelu", Explanation.RIGHT),
        ("another_activation", "nnx.gelu", _DIVERGENCE, "block 1: ln2", Explanation.WRONG),
        ("norm_dropped", "self.ln_f", _DIVERGENCE, "between block 2 and into head", Explanation.RIGHT),
        ("norm_dropped", "self.ln_f", _DIVERGENCE, "between patches and with_positions", Explanation.WRONG),
        ("layers_exchanged", "self.q_proj", _DIVERGENCE, "block 1: joined heads", Explanation.RIGHT),
        ("another_epsilon", "nnx.LayerNorm", _DIVERGENCE, "block 1: ln1", Explanation.RIGHT),
        ("another_epsilon", "nnx.LayerNorm", _DIVERGENCE, "head", Explanation.WRONG),
        ("plain_array", "nnx.Param", _PARAMETERS, "parameters", Explanation.RIGHT),
        ("another_row", "x[0]", _PARAMETERS, "parameters", Explanation.WRONG),
        ("another_row", "x[0]", _DIVERGENCE, "into head", Explanation.RIGHT),
        ("gradient_stopped", "self.cls_token", _PARAMETERS, "no_gradient", Explanation.RIGHT),
        ("term_dropped", "x + self.pos_embed", _PARAMETERS, "no_gradient", Explanation.WRONG),
        ("creation_order", "self.q_proj", DiagnosisKind.CREATION_ORDER, "creation_order", Explanation.RIGHT),
        ("another_row", "x[0]", DiagnosisKind.CREATION_ORDER, "creation_order", Explanation.WRONG),
    ],
)
def test_a_diagnosis_is_held_to_what_was_done_and_where(
    operator: str, was: str, kind: DiagnosisKind, name: str, wanted: Explanation
) -> None:
    """By the text of the reference alone; the numbers are what the diagnosis itself goes by."""
    mutant = next(one for one in _MUTANTS if one.operator == operator and one.was.startswith(was))

    assert explanation_of(_PROBLEM, mutant, Diagnosis(kind=kind, id=name, message="")) is wanted


def test_without_a_diagnosis_nothing_is_explained() -> None:
    assert explanation_of(_PROBLEM, _MUTANTS[0], None) is Explanation.NONE
