"""What stands on a problem's page of how it is graded."""

import msgspec
import pytest

from app.core.generators import Arange, Argument, Image, Integers, Key, Normal, Seed, Uniform
from app.core.problem import Case, Entry, Limits, Manifest
from app.core.tolerance import Tolerance
from app.core.verdict import Visibility
from app.web.problem_facts import argument_words, problem_facts


def manifest() -> Manifest:
    arguments: dict[str, Argument] = {"x": Normal(shape=(2, 3), seed=77), "n": 4}
    return Manifest(
        id="1",
        slug="double",
        position=1,
        title="Double",
        track="first",
        summary="Double.",
        entry=Entry(function="double", parameters=("n", "x")),
        cases=(
            Case(name="plain", visibility=Visibility.SAMPLE, arguments=arguments),
            Case(name="secret", visibility=Visibility.HIDDEN, arguments={**arguments, "n": 987654}),
        ),
        tolerance=Tolerance(absolute=1e-6, relative=0.002),
        limits=Limits(cpu_seconds=90, compile_seconds=120, memory_mb=2048, output_kb=32),
        forbidden=("nnx.MultiHeadAttention",),
        packages=("einops",),
    )


def test_a_sample_case_is_told_in_the_order_of_the_call() -> None:
    [sample] = problem_facts(manifest()).samples
    assert sample.name == "plain"
    assert [parameter for parameter, _ in sample.arguments] == ["n", "x"]


def test_nothing_of_a_hidden_case_is_told_but_that_it_is_there() -> None:
    facts = problem_facts(manifest())
    assert facts.hidden == 1
    assert b"987654" not in msgspec.json.encode(facts)
    assert b"secret" not in msgspec.json.encode(facts)


def test_tolerance_limits_and_names_are_the_problems_own() -> None:
    facts = problem_facts(manifest())
    assert "1e-06 + 0.002 * |expected|" in facts.tolerance
    assert dict(facts.limits) == {
        "Processor time": "90 s",
        "To compile, besides": "120 s",
        "Memory": "2,048 MB",
        "Processes and threads": "64",
        "Printed output that is kept": "32 KB",
    }
    assert (facts.forbidden, facts.packages) == (("nnx.MultiHeadAttention",), ("einops",))


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        (4, "`4`"),
        (0.5, "`0.5`"),
        (Seed(seed=7), "`7`"),
        (Key(seed=3), "`jax.random.key(3)`"),
        (Key(seed=3, style="old"), "`jax.random.PRNGKey(3)`"),
        (
            Normal(shape=(2, 3), seed=1, std=2.0),
            "`float32` array of shape `(2, 3)`: normal numbers of mean 0 and spread 2, seed 1",
        ),
        (
            Uniform(shape=(2,), seed=1),
            "`float32` array of shape `(2,)`: numbers from 0 to 1, all alike likely, seed 1",
        ),
        (
            Integers(shape=(2,), seed=1, low=-1, high=5),
            "`int32` array of shape `(2,)`: whole numbers from -1 to 4, seed 1",
        ),
        (Arange(shape=(4,), step=0.25), "`float32` array of shape `(4,)`: 0, 0.25, 0.5, … row by row"),
        (
            Image(shape=(8, 8, 3), seed=1),
            "`float32` array of shape `(8, 8, 3)`: a picture with numbers from 0 to 1, seed 1",
        ),
    ],
)
def test_an_argument_is_told_by_what_makes_it(argument: Argument, words: str) -> None:
    assert argument_words(argument) == words
