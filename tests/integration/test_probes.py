"""Probes in the real jail: what is right passes in every style, what is wrong is said plainly."""

import textwrap
from collections.abc import Callable, Iterator

import pytest

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import CaseResult, Mode, Verdict
from tests.support.opened_grader import opened_grader
from tests.support.probed_problems import (
    CHECKPOINT,
    DETERMINISM,
    GRADIENT,
    PARAMETERS,
    TRANSFORMS,
    WITH_MODULE,
    WITHOUT_MODULE,
    case,
    counted,
    probed,
)

pytestmark = pytest.mark.jail

Grade = Callable[..., Verdict]

_CALL = "    return Squash(nnx.Rngs(int(seed)))(x)\n"
_ANSWER = "jnp.tanh(x * self.scale[...]) + self.shift[...]"


def _ends(lines: str) -> str:
    """The reference with another entry function's body."""
    return WITH_MODULE.replace(_CALL, lines)


def _answers(expression: str) -> str:
    return WITH_MODULE.replace(_ANSWER, expression)


@pytest.fixture(scope="module")
def grade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grade]:
    with opened_grader(tmp_path_factory.mktemp("probes")) as (grader, runner):

        def grade(problem: Problem, code: str, mode: Mode = Mode.SUBMIT) -> Verdict:
            return runner.run(grader.grade(problem, code, mode, fresh_seed=8))

        yield grade


def _row(verdict: Verdict, name: str) -> CaseResult:
    return next(row for row in verdict.cases if row.name == name)


_TWO = CHECKPOINT.replace('name = "checkpoint"', 'name = "another"')
_THRICE = probed(PARAMETERS + CHECKPOINT + GRADIENT.format("sample") + _TWO + DETERMINISM)
"""What is left of one look shows in the next one, and in the repeated calls."""
_LOOKED_INTO = probed(PARAMETERS + CHECKPOINT + GRADIENT.format("hidden"))
_RIGHT_WITH_MODULE = {
    "reference": WITH_MODULE,
    "deprecated_access": _answers("jnp.tanh(x * self.scale.value) + self.shift.value"),
    "numpy_result": _ends("    return np.asarray(Squash(nnx.Rngs(int(seed)))(x))\n"),
    "list_result": _ends("    return Squash(nnx.Rngs(int(seed)))(x).tolist()\n"),
    "list_of_floats": _ends(
        "    y = Squash(nnx.Rngs(int(seed)))(x)\n    print(y)\n"
        "    return [[float(number) for number in row] for row in y]\n"
    ),
    "numpy_rows": _ends("    return np.stack([np.asarray(row) for row in Squash(nnx.Rngs(int(seed)))(x)])\n"),
    "numpy_arithmetic": _ends("    return np.asarray(Squash(nnx.Rngs(int(seed)))(x)) * np.float32(1)\n"),
    "jit_of_a_state": _ends(
        "    graph, state = nnx.split(Squash(nnx.Rngs(int(seed))))\n"
        "    return jax.jit(lambda state, x: nnx.merge(graph, state)(x))(state, x)\n"
    ),
    "nnx_jit": _ends("    return nnx.jit(lambda model, x: model(x))(Squash(nnx.Rngs(int(seed))), x)\n"),
    "vmap_over_rows": _ends("    return jax.vmap(Squash(nnx.Rngs(int(seed))))(x)\n"),
    "one_jitted_program": WITH_MODULE.replace(
        "def squash(", "import functools\n\n@functools.partial(jax.jit, static_argnums=0)\ndef squash("
    ),
    "built_under_nnx_jit": _ends("    return build(int(seed))(x)\n").replace(
        "def squash(",
        "import functools\n\n@functools.partial(nnx.jit, static_argnums=0)\ndef build(seed):\n"
        "    return Squash(nnx.Rngs(seed))\n\ndef squash(",
    ),
    "kept_by_functools": _ends("    return build(int(seed))(x)\n").replace(
        "def squash(",
        "import functools\n\n@functools.cache\ndef build(seed):\n"
        "    return Squash(nnx.Rngs(seed))\n\ndef squash(",
    ),
    "kept_in_a_dictionary": _ends(
        "    if int(seed) not in KEPT:\n        KEPT[int(seed)] = Squash(nnx.Rngs(int(seed)))\n"
        "    return KEPT[int(seed)](x)\n"
    ).replace("def squash(", "KEPT = {}\n\ndef squash("),
    "a_subclass": _ends("    class Mine(Squash):\n        pass\n    return Mine(nnx.Rngs(int(seed)))(x)\n"),
}

_CLASS = WITH_MODULE[WITH_MODULE.index("class Squash") : WITH_MODULE.index("def squash")].rstrip()
_INSIDE = f"{textwrap.indent(_CLASS, '    ')}\n{_CALL}"
_DEFINED = {
    "in_the_entry_function": WITH_MODULE.replace(_CLASS, "").replace(_CALL, _INSIDE),
    "in_another_function": WITH_MODULE.replace(
        _CLASS, "def made(rngs):\n" + _INSIDE.replace(_CALL, "") + "    return Squash(rngs)\n"
    ).replace("return Squash(nnx", "return made(nnx"),
    "in_a_class": WITH_MODULE.replace(_CLASS, f"class Zoo:\n{textwrap.indent(_CLASS, '    ')}\n").replace(
        "return Squash", "return Zoo.Squash"
    ),
    "under_another_name_bound_to_this_one": WITH_MODULE.replace(
        _CLASS, _CLASS.replace("Squash", "Net") + "\n\n\nSquash = Net\n"
    ),
    "in_the_entry_function_under_another_name": WITH_MODULE.replace(_CLASS, "").replace(
        _CALL, textwrap.indent(_CLASS.replace("Squash", "Net"), "    ") + f"\n    Squash = Net\n{_CALL}"
    ),
    "and_called_by_another_name": WITH_MODULE.replace(_CALL, f"    Net = Squash\n{_CALL}").replace(
        "return Squash", "return Net"
    ),
    "with_a_subclass_of_another_name": WITH_MODULE.replace(
        _CALL, "    return Mine(nnx.Rngs(int(seed)))(x)\n\n\nclass Mine(Squash):\n    pass\n"
    ),
    "in_a_program_that_is_kept": WITH_MODULE.replace(_CLASS, "import functools")
    .replace(_CALL, _INSIDE)
    .replace("def squash(", "@functools.partial(jax.jit, static_argnums=0)\ndef squash("),
    "in_a_function_that_keeps_what_it_built": WITH_MODULE.replace(
        _CLASS,
        "import functools\n\n\n@functools.cache\ndef made(seed):\n"
        + _INSIDE.replace(_CALL, "    return Squash(nnx.Rngs(seed))\n"),
    ).replace("return Squash(nnx.Rngs(int(seed)))(x)", "return made(int(seed))(x)"),
}


@pytest.mark.parametrize("place", _DEFINED)
def test_the_class_is_seen_wherever_it_is_defined(grade: Grade, place: str) -> None:
    """Its name decides, or what the text binds to the name."""
    verdict = grade(_LOOKED_INTO, _DEFINED[place])
    assert verdict.accepted, [(row.name, row.message) for row in verdict.cases]


def test_what_is_built_in_place_of_the_class_is_told_where_values_may_be(grade: Grade) -> None:
    code = WITH_MODULE.replace("Squash", "Squeeze")
    shown = PARAMETERS + 'visibility = "sample"\n'
    hidden = CHECKPOINT + 'visibility = "hidden"\n'
    verdict = grade(probed(shown + hidden), code)
    rows = {row.name: row for row in verdict.cases}
    assert "what it builds is `Squeeze`" in rows["parameters"].message
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.message == f"{rows['parameters'].message}."
    assert rows["checkpoint"].message == "as in `parameters`"
    rows = {row.name: row for row in grade(probed(hidden), code).cases}
    assert "never builds" in rows["checkpoint"].message
    assert "Squeeze" not in rows["checkpoint"].message


_GET = (
    "    if int(seed) not in KEPT:\n        KEPT[int(seed)] = Squash(nnx.Rngs(int(seed)))\n"
    "    model = KEPT[int(seed)]\n"
)
_KEPT = {
    "called_as_it_is": _ends(f"{_GET}    return model(x)\n"),
    "a_closure_of_jit": _ends(f"{_GET}    return jax.jit(lambda x: model(x))(x)\n"),
    "an_argument_of_nnx_jit": _ends(f"{_GET}    return nnx.jit(lambda model, x: model(x))(model, x)\n"),
    "a_compiled_method": _ends(f"{_GET}    return model(x)\n").replace(
        "    def __call__", "    @nnx.jit\n    def __call__"
    ),
    "as_a_program": _ends(
        "    if int(seed) not in KEPT:\n        model = Squash(nnx.Rngs(int(seed)))\n"
        "        KEPT[int(seed)] = jax.jit(lambda x: model(x))\n    return KEPT[int(seed)](x)\n"
    ),
    "as_a_program_by_functools": _ends("    return build(int(seed))(x)\n").replace(
        "def squash(",
        "import functools\n\n@functools.cache\ndef build(seed):\n"
        "    return nnx.jit(Squash(nnx.Rngs(seed)))\n\ndef squash(",
    ),
}


@pytest.mark.parametrize("style", _KEPT)
def test_what_is_handed_into_a_kept_model_is_taken_back(grade: Grade, style: str) -> None:
    """However it was compiled, and whatever the gradient had left in it."""
    code = _KEPT[style].replace("def squash(", "KEPT = {}\n\ndef squash(")
    verdict = grade(_THRICE, code)
    assert verdict.accepted, [(row.name, row.message) for row in verdict.cases]


@pytest.mark.parametrize("style", _RIGHT_WITH_MODULE)
def test_right_mathematics_passes_in_every_style(grade: Grade, style: str) -> None:
    """Parameters are handed in and gradients taken however the model is built, called and returned."""
    verdict = grade(_LOOKED_INTO, _RIGHT_WITH_MODULE[style])
    assert verdict.accepted, [(row.name, row.message) for row in verdict.cases]


_CUT = {
    "stopped": (
        _answers(_ANSWER.replace("self.shift[...]", "jax.lax.stop_gradient(self.shift[...])")),
        "`shift`:",
    ),
    "copied": (_answers(_ANSWER.replace("self.scale[...]", "np.asarray(self.scale[...])")), "`scale`:"),
    "stopped_altogether": (_answers(f"jax.lax.stop_gradient({_ANSWER})"), "`scale` and others:"),
    "left_for_numpy": (_answers(f"np.tanh({_ANSWER})"), "`scale` and others:"),
    "another_one": (_answers(_ANSWER.replace("tanh(x", "tanh(2 * x")), "the gradient of `scale` is another"),
    "renamed": (WITH_MODULE.replace("self.shift", "self.offset"), "there is no gradient of `shift`"),
    "never_built": (WITH_MODULE.replace("Squash", "Squeeze"), "never builds an `nnx.Module` named Squash"),
}


@pytest.mark.parametrize("mistake", _CUT)
def test_a_gradient_that_does_not_arrive_is_named(grade: Grade, mistake: str) -> None:
    """The parameter is told, and why that may be, also of a hidden probe; but no number."""
    code, said = _CUT[mistake]
    row = _row(grade(probed(GRADIENT.format("hidden")), code), "gradient")
    structural = mistake in ("renamed", "never_built")
    assert row.outcome is (Outcome.WRONG_PARAMETERS if structural else Outcome.WRONG_VALUE)
    assert said in row.message
    assert row.max_abs_error is None


def test_a_gradient_that_is_shown_has_its_numbers(grade: Grade) -> None:
    row = _row(grade(probed(GRADIENT.format("sample")), _answers(f"2 * ({_ANSWER})")), "gradient")
    assert (row.outcome, row.mismatched) == (Outcome.WRONG_VALUE, 3)
    assert "the gradient of `scale` and `shift` is another" in row.message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("jnp.tanh(x) * (seed + 1.0)", ""),
        ("np.asarray(jnp.tanh(x) * (seed + 1.0))", ""),
        ("jnp.tanh(np.asarray(x)) * (seed + 1.0)", "no gradient reaches `x`"),
        ("np.tanh(x) * np.float32(seed + 1.0)", "no gradient reaches `x`"),
        ("jnp.tanh(jax.lax.stop_gradient(x)) * (seed + 1.0)", "no gradient reaches `x`"),
    ],
)
def test_without_a_module_gradients_are_by_the_arguments(grade: Grade, body: str, said: str) -> None:
    code = WITHOUT_MODULE.replace("jnp.tanh(x) * (seed + 1.0)", body)
    verdict = grade(probed(GRADIENT.format("hidden"), module=False), code)
    assert verdict.accepted is not bool(said)
    assert said in _row(verdict, "gradient").message


_TRANSFORMED = {
    "plain": ("    return y", "passed", ""),
    "list_of_rows": ("    return [list(row) for row in y]", "passed", ""),
    "jit_and_vmap_inside": ("    return jax.vmap(jax.jit(lambda row: row * 1.0))(y)", "passed", ""),
    "branches": ("    return y if y.sum() > -99 else -y", "error", "TracerBoolConversionError"),
    "numpy": ("    return np.asarray(y)", "error", "TracerArrayConversionError"),
    "a_float": ("    return y + 0 * float(y[0, 0])", "error", "ConcretizationTypeError"),
    "knows_jit": (
        "    return y + isinstance(x, jax.core.Tracer)",
        "wrong_value",
        "under `jax.jit` the answer differs",
    ),
    "knows_vmap": (
        "    return y + ('Batch' in type(x).__name__)",
        "wrong_value",
        "under `jax.vmap`, over two inputs, the answer differs",
    ),
}


@pytest.mark.parametrize("style", _TRANSFORMED)
def test_what_looks_at_values_fails_under_transformations(grade: Grade, style: str) -> None:
    """Each is right when called plainly; JAX's own error is told where it has one."""
    end, outcome, said = _TRANSFORMED[style]
    body = f"    y = jnp.tanh(x) * (seed + 1.0)\n{end}\n"
    code = WITHOUT_MODULE.replace("    return jnp.tanh(x) * (seed + 1.0)\n", body)
    verdict = grade(probed(TRANSFORMS.format("sample"), module=False), code)
    assert _row(verdict, "short").outcome is Outcome.PASSED
    row = _row(verdict, "transforms")
    assert row.outcome == outcome, row.message
    assert said in row.message


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (WITH_MODULE, "passed"),
        (_ends("    return np.asarray(Squash(nnx.Rngs(int(seed)))(x))\n"), "passed"),
        (_answers(f"({_ANSWER}).ravel()").replace("(seed)))(x)", "(seed)))(x).reshape(2, 3)"), "passed"),
        (_answers(f"{_ANSWER} if x.sum() > -99 else x"), "error"),
        (_answers(f"jnp.asarray(np.asarray({_ANSWER}))"), "error"),
    ],
)  # fmt: skip
def test_a_module_is_transformed_by_itself(grade: Grade, code: str, outcome: str) -> None:
    """What the entry function does around it, such as NumPy at the end, does not matter."""
    verdict = grade(probed(TRANSFORMS.format("hidden")), code)
    assert _row(verdict, "short").outcome is Outcome.PASSED
    assert _row(verdict, "transforms").outcome == outcome


_TANH = "jnp.tanh(x) * (seed + 1.0)"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (_TANH, Outcome.PASSED),
        (f"{_TANH} + 1e-7 * np.random.rand(2, 3).astype('float32')", Outcome.WRONG_VALUE),
        (f"{_TANH} + 1e-7 * next(CALLS)", Outcome.WRONG_VALUE),
    ],
)
def test_what_no_argument_fixes_is_noticed(grade: Grade, answer: str, outcome: Outcome) -> None:
    """To the last bit, where the tolerance would let it pass."""
    code = WITHOUT_MODULE.replace(_TANH, answer) + "\n\nimport itertools\nCALLS = itertools.count()\n"
    verdict = grade(probed(DETERMINISM, module=False), code)
    assert _row(verdict, "short").outcome is Outcome.PASSED
    row = _row(verdict, "determinism")
    assert row.outcome is outcome
    assert ("gives two answers" in row.message) is (outcome is Outcome.WRONG_VALUE)


_SHAPED = probed(
    "",
    module=False,
    cases=case("short", seed=1, fresh=1) + case("long", seed=2, shape=(4, 3), visibility="hidden", fresh=1),
)
_BODY = "    return jnp.tanh(x) * (seed + 1.0)\n"


def _keeping(body: str, before: str = "") -> str:
    return WITHOUT_MODULE.replace("def squash(", f"import functools\n{before}\n\ndef squash(").replace(
        _BODY, body
    )


@pytest.mark.parametrize(
    ("code", "failed"),
    [
        (WITHOUT_MODULE, set()),
        (_keeping(_BODY, "SEEN = []\n@jax.jit\ndef tanh(x):\n    return jnp.tanh(x)").replace(
            "jnp.tanh(x) *", "tanh(x) *"), set()),
        (_keeping("    return jnp.tanh(x) * scale(int(seed))\n",
                  "@functools.cache\ndef scale(seed):\n    return seed + 1.0"), set()),
        (_keeping("    if x.shape not in KEPT:\n        KEPT[x.shape] = jnp.tanh(x) * (seed + 1.0)\n"
                  "    return KEPT[x.shape]\n", "KEPT = {}"), {"short-fresh-1", "long-fresh-1"}),
        (_keeping("    CALLS.append(0)\n    return jnp.tanh(x) * (seed + 1.0) + (len(CALLS) > 4)\n",
                  "CALLS = []"), {"short-again"}),
        (_keeping("    KEPT.setdefault(x.shape, jnp.zeros(3))\n"
                  "    y = jnp.tanh(x) * (seed + 1.0) + KEPT[x.shape]\n"
                  "    if seed > 2:\n        KEPT[x.shape] = y[0]\n    return y\n", "KEPT = {}"),
         {"short-again"}),
        (_keeping("    return jnp.tanh(x) * scale(x.shape, seed)\n",
                  "KEPT = {}\ndef scale(shape, seed):\n    return KEPT.setdefault(shape, seed + 1.0)"),
         {"short-fresh-1", "long-fresh-1"}),
    ],
)  # fmt: skip
def test_what_is_kept_between_calls_may_not_change_an_answer(
    grade: Grade, code: str, failed: set[str]
) -> None:
    """A, B for each shape, A again for a sample's; a cache of what really follows from arguments is right."""
    verdict = grade(_SHAPED, code)
    assert {row.name for row in verdict.cases if row.outcome is not Outcome.PASSED} == failed
    for row in verdict.cases:
        if row.name.endswith("-again") and row.name in failed:
            assert "kept between calls" in row.message
            assert row.points == 0


def test_an_argument_cannot_be_changed_for_the_next_call(grade: Grade) -> None:
    """Each call has new arrays, so only what the code itself keeps can go wrong."""
    body = (
        "    y = np.asarray(x)\n    try:\n        y.flags.writeable = True\n        y *= 2\n        y /= 4\n"
        "    except ValueError:\n        pass\n    return jnp.tanh(np.array(x)) * (seed + 1.0)\n"
    )
    verdict = grade(_SHAPED, WITHOUT_MODULE.replace(_BODY, body))
    assert [row.outcome for row in verdict.cases if row.name.endswith("-again")] == [Outcome.PASSED]


def test_run_calls_the_first_sample_again(grade: Grade) -> None:
    """Without a second case of its shape, after the last one; what it prints then is not shown twice."""
    verdict = grade(_SHAPED, WITHOUT_MODULE.replace(_BODY, "    print('called')\n" + _BODY), Mode.RUN)
    assert [row.name for row in verdict.cases] == ["short", "short-again"]
    assert verdict.stdout == "called\n"


_COUNTED = {
    "all": ("jnp.arange(n)", "passed", 4, "10 of 10 labels right (100 %)"),
    "enough": ("[0, 1, 2, 3, 4, 5, 6, 7, 8, 0][:n]", "passed", 4, "9 of 10 labels right (90 %)"),
    "some": ("jnp.minimum(jnp.arange(n), 6)", "wrong_value", 2, "7 of 10 labels right (70 %); 90 % are"),
    "few": ("jnp.minimum(jnp.arange(n), 2)", "wrong_value", 0, "3 of 10 labels right (30 %)"),
    "scores": ("jnp.eye(n)", "passed", 4, "10 of 10 labels right"),
    "no_number": ("jnp.full((n, n), jnp.nan)", "wrong_value", 0, "0 of 10 labels right"),
    "a_column": ("jnp.arange(n)[:, None]", "wrong_shape", 0, "yours is int32 of shape (10, 1)"),
    "floats": ("jnp.arange(n) * 1.0", "wrong_shape", 0, "whole-number labels of shape (10,)"),
}


@pytest.mark.parametrize("answer", _COUNTED)
def test_labels_are_counted(grade: Grade, answer: str) -> None:
    """Points grow from half of the labels to nine tenths, and the case itself is not compared."""
    expression, outcome, points, said = _COUNTED[answer]
    code = f"import jax.numpy as jnp\n\ndef classify(x):\n    n = x.shape[0]\n    return {expression}\n"
    verdict = grade(counted("sample"), code)
    row = _row(verdict, "accuracy")
    assert row.outcome == outcome
    assert (row.points_reached or 0) == pytest.approx(points)
    assert said in row.message
    assert [row.name for row in verdict.cases] == ["other", "accuracy", "other-again"]
    other = _row(verdict, "other").outcome is Outcome.PASSED
    assert verdict.score == pytest.approx((points + other) / 5)


def test_a_hidden_count_tells_whole_percents_only(grade: Grade) -> None:
    code = "import jax.numpy as jnp\n\ndef classify(x):\n    return jnp.minimum(jnp.arange(x.shape[0]), 6)\n"
    row = _row(grade(counted("hidden"), code), "accuracy")
    assert row.message == "70 % of the labels are right; 90 % are asked for, and 2 of 4 points are reached"
    assert row.points_reached == pytest.approx(2.0)
