"""What a function may return — one array, a tuple or a dictionary of arrays — graded in the real jail."""

from collections.abc import Callable, Iterator

import pytest

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import CaseResult, Mode, Verdict, Visibility
from tests.support.opened_grader import opened_grader
from tests.support.output_problems import answering, one_output, several_outputs

pytestmark = pytest.mark.jail

Judge = Callable[[Problem, str], Verdict]
Grade = Callable[[str, str], Verdict]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    """Grades a code, or what `answering` makes of an expression."""
    with opened_grader(tmp_path_factory.mktemp("several")) as (grader, runner):

        def judged(problem: Problem, code: str) -> Verdict:
            code = code if "def " in code else answering(code)
            return runner.run(grader.grade(problem, code, Mode.SUBMIT, fresh_seed=1))

        yield judged


@pytest.fixture(scope="module")
def grade(judge: Judge) -> Grade:
    """The same, in the problem of the structure that is named."""
    problems = {structure: several_outputs(structure) for structure in ("tuple", "dict")}
    return lambda structure, code: judge(problems[structure], code)


def _row(verdict: Verdict, visibility: Visibility) -> CaseResult:
    return next(case for case in verdict.cases if case.visibility is visibility)


@pytest.mark.parametrize(
    ("structure", "returned"),
    [
        ("tuple", "(scores, order, x > 0)"),
        ("tuple", "[scores.tolist(), numpy.asarray(order), [value > 0 for value in x]]"),
        ("tuple", "collections.namedtuple('Ranked', 'a b c')(numpy.asarray(scores), order.tolist(), x > 0)"),
        ("dict", "{'positive': x > 0, 'order': order, 'scores': scores}"),
        (
            "dict",
            "collections.OrderedDict(scores=list(scores), order=tuple(order), positive=numpy.asarray(x) > 0)",
        ),
    ],
)
def test_right_arrays_of_any_make_are_accepted(grade: Grade, structure: str, returned: str) -> None:
    """JAX, NumPy and lists of numbers; a list or a named tuple for a tuple; keys in any order."""
    verdict = grade(structure, f"import collections, numpy\n{answering(returned)}")
    assert verdict.outcome is Outcome.ACCEPTED, [case.message for case in verdict.cases]


@pytest.mark.parametrize(
    ("structure", "returned", "said"),
    [
        ("tuple", "(scores, order)", "the function returned a tuple of jax.Array, jax.Array"),
        ("tuple", "(scores, order, x > 0, x)", "a tuple of jax.Array, jax.Array, jax.Array, jax.Array"),
        ("tuple", "jax.numpy.stack([scores, scores, scores])", "the function returned one array"),
        (
            "tuple",
            "{'scores': scores, 'order': order, 'positive': x > 0}",
            "a dict with 'scores', 'order', 'positive'",
        ),
        ("tuple", "None", "the function returned None"),
        ("tuple", "(part for part in (scores, order, x > 0))", "the function returned a generator"),
        ("dict", "{'scores': scores, 'order': order}", "the function returned a dict without 'positive'"),
        (
            "dict",
            "{'scores': scores, 'order': order, 'positive': x > 0, 'more': x}",
            "a dict also with 'more'",
        ),
        (
            "dict",
            "{'score': scores, 'order': order, 'positive': x > 0}",
            "a dict without 'scores', also with 'score'",
        ),
        (
            "dict",
            "{'scores': scores, 'order': order, 3: x > 0}",
            "a dict without 'positive', also with an int",
        ),
        ("dict", "(scores, order, x > 0)", "a tuple of jax.Array, jax.Array, jax.Array"),
    ],
)
def test_another_container_is_a_wrong_structure(
    grade: Grade, structure: str, returned: str, said: str
) -> None:
    """What is asked for and what was returned are both said; of the hidden case only the former."""
    verdict = grade(structure, returned)
    assert verdict.outcome is Outcome.WRONG_STRUCTURE
    shown, hidden = _row(verdict, Visibility.SAMPLE), _row(verdict, Visibility.HIDDEN)
    asked = {
        "tuple": "a tuple of 3 arrays (scores, order, positive) is asked for",
        "dict": "a dictionary of 3 arrays under 'scores', 'order' and 'positive' is asked for",
    }[structure]
    assert shown.message.startswith(asked)
    assert shown.message.endswith(said)
    assert hidden.message == f"{asked}; the function returned something else"


@pytest.mark.parametrize(
    ("returned", "outcome", "said"),
    [
        ("(scores, None, x > 0)", "wrong_shape", "`order` is None; an array of numbers is asked for"),
        ("(scores, order, 'yes')", "wrong_shape", "`positive` is a str; an array of numbers is asked for"),
        (
            "(scores[None], order, x > 0)",
            "wrong_shape",
            (
                "`scores`: shape (4,) is asked for, yours is (1, 4);"
                " the numbers are right: take the one row with `[0]`"
            ),
        ),
        (
            "(scores, order + 0.0, x > 0)",
            "wrong_dtype",
            "`order`: dtype int32 is asked for, yours is float32",
        ),
        (
            "(scores, [1.5, 0, 2, 3], x > 0)",
            "wrong_dtype",
            "`order`: dtype int32 is asked for, yours is float64",
        ),
        (
            "(scores, order, (x > 0) * 1)",
            "wrong_dtype",
            "`positive`: dtype bool is asked for, yours is int32",
        ),
        (
            "(scores / 0, order, x > 0)",
            "not_finite",
            "`scores`: 4 of 4 numbers are NaN or infinite; the first, at [0], is infinite",
        ),
        ("(scores, order[::-1], x > 0)", "wrong_value", "`order` differs"),
        (
            "(scores * 1.1, order, x < 0)",
            "wrong_value",
            "`scores` and `positive` differ",
        ),
    ],
)
def test_a_wrong_element_is_named(grade: Grade, returned: str, outcome: str, said: str) -> None:
    """All shapes are told before any dtype, and all dtypes before any value."""
    verdict = grade("tuple", returned)
    shown = _row(verdict, Visibility.SAMPLE)
    assert (shown.outcome, shown.message) == (Outcome(outcome), said)


def test_the_numbers_of_a_row_are_of_the_output_that_it_names(grade: Grade) -> None:
    verdict = grade("tuple", "(scores, order[::-1], x > 0)")
    shown = _row(verdict, Visibility.SAMPLE)
    assert (shown.output, shown.mismatched, shown.size, len(shown.differences)) == ("order", 4, 4, 4)
    assert "numbers of order" in shown.picture


@pytest.mark.parametrize(
    "returned",
    [
        "(scores * 2, order, x > 0)",
        "(scores, order[::-1], x > 0)",
        "(scores / 0, order, x > 0)",
        "(scores[None], order, x > 0)",
        "(type(f'secret {x}', (), {})(), order, x > 0)",
        "{f'{x}': scores}",
    ],
)
def test_a_hidden_row_tells_no_number(grade: Grade, returned: str) -> None:
    """No count, no place, no picture, and nothing of what the code could have written into a name."""
    hidden = _row(grade("tuple", returned), Visibility.HIDDEN)
    assert hidden.outcome is not Outcome.PASSED
    reported = (
        hidden.max_abs_error,
        hidden.max_abs_error_at,
        hidden.max_rel_error,
        hidden.mismatched,
        hidden.size,
    )
    assert reported == (None,) * 5
    assert (hidden.differences, hidden.picture, hidden.output) == ((), "", "")
    for word in ("secret", "Array", "dict", "yours", "[", "."):
        assert word not in hidden.message


def test_a_known_wrong_variant_is_named_by_all_its_outputs(grade: Grade) -> None:
    verdict = grade("dict", several_outputs("dict").variants["descending"])
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.id == "descending"
    almost = grade("dict", several_outputs("dict").variants["descending"].replace("x > 0", "x < 0"))
    assert almost.diagnosis is None


def test_a_container_that_lies_is_read_as_what_it_is(grade: Grade) -> None:
    """Methods of a subclass are not asked."""
    lies = (
        "class Lies(dict):\n"
        "    def items(self): return [('scores', 0)]\n"
        "    def keys(self): return {'scores', 'order', 'positive'}\n"
        "    def __len__(self): return 3\n"
        "    def __iter__(self):\n"
        "        while True: yield 'scores'\n"
        "def rank(x): return Lies()\n"
    )
    assert grade("dict", lies).outcome is Outcome.WRONG_STRUCTURE
    assert grade("tuple", lies).outcome is Outcome.WRONG_STRUCTURE


@pytest.mark.parametrize(
    ("dtype", "reference", "returned", "outcome"),
    [
        ("float32", "scores", "scores.tolist()", "accepted"),
        ("float32", "scores", "tuple(scores)", "accepted"),
        ("float32", "scores.sum()", "float(scores.sum())", "accepted"),
        ("float32", "scores", "[complex(score) for score in scores]", "wrong_dtype"),
        ("float32", "scores", "[scores]", "wrong_shape"),
        ("float32", "scores", "{'scores': scores}", "wrong_shape"),
        ("float32", "scores", "[[1.0], [1.0, 2.0]]", "wrong_shape"),
        ("float32", "scores", "[jax.numpy.asarray(scores).__array__().astype(str)[0]]", "wrong_shape"),
        ("float32", "scores[:2]", "[1e300, 1.0]", "not_finite"),
        ("bfloat16", "scores.astype('bfloat16')", "scores.astype('bfloat16')", "accepted"),
        ("bfloat16", "scores.astype('bfloat16')", "scores.astype('bfloat16').tolist()", "accepted"),
        ("bfloat16", "scores.astype('bfloat16')", "scores", "wrong_dtype"),
        ("complex64", "scores + 1j", "[score + 1j for score in scores.tolist()]", "accepted"),
        ("complex64", "scores + 1j", "scores - 1j", "wrong_value"),
        ("int32", "order", "order.tolist()", "accepted"),
        ("int32", "order", "[index + 0.25 for index in order.tolist()]", "wrong_dtype"),
        ("int32", "order[:1]", "[2**31]", "wrong_dtype"),
        ("int32", "order[:1]", "[2**70]", "wrong_shape"),
        ("uint8", "order.astype('uint8')", "[index + 256 for index in order.tolist()]", "wrong_dtype"),
        ("uint8", "order.astype('uint8')", "[index - 256 for index in order.tolist()]", "wrong_dtype"),
        ("bool", "x > 0", "[bool(value > 0) for value in x]", "accepted"),
        ("bool", "x > 0", "[0.5 for value in x]", "wrong_dtype"),
        ("bool", "x > 0", "x >= 0 if x.shape[0] > 4 else x < 0", "wrong_value"),
    ],
)
def test_one_array_is_taken_for_what_it_is(
    judge: Judge, dtype: str, reference: str, returned: str, outcome: str
) -> None:
    """Numbers of a list take the declared dtype where it holds them, and are never bent to it."""
    verdict = judge(one_output(dtype, reference), returned)
    assert verdict.outcome == outcome, [case.message for case in verdict.cases]
