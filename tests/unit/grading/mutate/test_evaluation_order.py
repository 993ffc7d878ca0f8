"""Between which recorded stages an expression of the reference lies, read off its text."""

import pytest

from app.grading.mutate.evaluation_order import steps_around
from app.grading.mutate.mutants import Mutant, mutants_of
from tests.support.real_problems import sampled_problem

_PROBLEM = sampled_problem("46-vit-cls-token")
_MUTANTS = mutants_of(_PROBLEM)


def _around(operator: str, was: str) -> tuple[set[str], set[str], set[str]]:
    [mutant] = [one for one in _MUTANTS if one.operator == operator and one.was.startswith(was)]
    found = steps_around(_PROBLEM, mutant.span)
    before, inside, after = (
        {f"{step.path} {step.side}" for step in steps} for steps in (found.before, found.inside, found.after)
    )
    return before, inside, after


@pytest.mark.parametrize(
    ("operator", "was", "before", "after"),
    [
        ("scale_dropped", "q @ k", "blocks.*.mha.v_proj output", "blocks.*.mha.out_proj input"),
        ("another_activation", "nnx.gelu", "blocks.*.mha output", "blocks.*.fc2 input"),
        ("joined_in_another_order", "jnp.concatenate", "patch_embed output", "blocks.* input"),
        ("term_dropped", "x + self.pos_embed", "patch_embed output", "blocks.* input"),
        ("mean_for_a_row", "x[0]", "ln_f output", "head input"),
    ],
)
def test_an_expression_lies_between_two_stages(operator: str, was: str, before: str, after: str) -> None:
    """Those that the problem records, in the order in which the text calls them."""
    mutants = [one for one in _MUTANTS if one.operator == operator and one.was.startswith(was)]
    found = steps_around(_PROBLEM, mutants[0].span)

    assert before in {f"{step.path} {step.side}" for step in found.before}
    assert {f"{step.path} {step.side}" for step in found.after} == {after}


def test_a_loop_is_all_that_it_calls_and_what_comes_behind_it() -> None:
    """Where layers are left out, what follows them is the first to differ."""
    _, inside, after = _around("last_layer_dropped", "self.blocks")

    assert "blocks.* output" in inside
    assert after == {"ln_f input"}


def test_a_function_that_is_called_thrice_lies_in_three_places() -> None:
    """The splitting of heads, of queries, of keys and of values."""
    before, _, _ = _around("transpose_dropped", "x.reshape(length")

    assert before == {f"blocks.*.mha.{name}_proj output" for name in "qkv"}


def test_what_comes_last_has_nothing_behind_it() -> None:
    """As the last sum of the last block of a model that is read there."""
    problem = sampled_problem("41-encoder-block")
    [mutant] = _of(mutants_of(problem), "residual_dropped", "x + self.fc2")

    assert steps_around(problem, mutant.span).after == frozenset()


def _of(mutants: tuple[Mutant, ...], operator: str, was: str) -> list[Mutant]:
    return [one for one in mutants if one.operator == operator and one.was.startswith(was)]
