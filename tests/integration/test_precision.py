"""Trusted code in other precisions, in a real jail: the laws that a proof's figures rest on."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sandbox.arrays import pack_array, unpack_array
from sandbox.interface import Call, CallMode, CallResult, ModuleUse, RunRequest
from sandbox.jailed import open_supervisor
from sandbox.limits import Limits

pytestmark = pytest.mark.jail

Floats = NDArray[np.floating[Any]]
_IMPORTS = "import jax, jax.numpy as jnp\nfrom jax import lax\nfrom flax import nnx\n"
_X = np.random.default_rng(3).normal(0.0, 2.0, (4, 4)).astype(np.float32)

_TEXTS: dict[str, str] = {
    "products": "return jnp.einsum('ij,kj->ik', x, x) @ x",
    "softmax": "return jax.nn.softmax(x, axis=-1)",
    "normalised": "return (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 0.25)",
    "in_a_jit": "return jax.jit(lambda y: jnp.tanh(y) + jax.jit(jnp.exp)(y))(x)",
    "running_sum": "return lax.scan(lambda c, row: (c + row, c * row), jnp.zeros(4), x)[1]",
    "halved_until_small": (
        "return lax.while_loop(lambda y: jnp.abs(y).max() > 1.0, lambda y: y * 0.5 + jnp.tanh(y) * 0.125, x)"
    ),
    "counted_loop": "return lax.fori_loop(0, 3, lambda i, y: jnp.sin(y) * (i + 1), x)",
    "one_branch": "return lax.cond(x.sum() > 1e9, lambda y: y, lambda y: jnp.cos(y), x)",
    "scattered": "return jnp.zeros((4, 4)).at[jnp.array([0, 2, 2, 1])].add(jnp.exp(x))",
    "sorted_and_summed": "return jnp.cumsum(jnp.sort(x, axis=0), axis=0) + jnp.max(x)",
    "differentiated": "return jax.grad(lambda y: (jnp.log1p(jnp.exp(y)) ** 2).sum())(x)",
    "own_derivative": "return jax.nn.relu(x) + jax.nn.silu(x)",
    "solved": "return jnp.linalg.solve(x + 8.0 * jnp.eye(4), x)",
    "windows": "return lax.reduce_window(x, 0.0, lax.add, (2, 2), (1, 1), 'SAME')",
    "rows_by_number": "return jnp.take(jnp.exp(x), jnp.argsort(x[:, 0]), axis=0)",
    "mapped": "return jax.vmap(lambda row: jnp.exp(row) / jnp.linalg.norm(row))(x)",
}


def _while(x: Floats) -> Floats:
    while np.abs(x).max() > 1.0:
        x = x * 0.5 + np.tanh(x) * 0.125
    return x


def _running(x: Floats) -> Floats:
    before = np.vstack([np.zeros(4), np.cumsum(x, axis=0)[:-1]])
    return before * x


def _scatter(x: Floats) -> Floats:
    made = np.zeros((4, 4))
    np.add.at(made, [0, 2, 2, 1], np.exp(x))
    return made


def _windows(x: Floats) -> Floats:
    wide = np.pad(x, ((0, 1), (0, 1)))
    return wide[:-1, :-1] + wide[1:, :-1] + wide[:-1, 1:] + wide[1:, 1:]


_NUMPY: dict[str, Callable[[Floats], Floats]] = {
    "products": lambda x: x @ x.T @ x,
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    "normalised": lambda x: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 0.25),
    "in_a_jit": lambda x: np.tanh(x) + np.exp(x),
    "running_sum": _running,
    "halved_until_small": _while,
    "counted_loop": lambda x: np.sin(np.sin(np.sin(x)) * 2) * 3,
    "one_branch": np.cos,
    "scattered": _scatter,
    "sorted_and_summed": lambda x: np.cumsum(np.sort(x, axis=0), axis=0) + x.max(),
    "differentiated": lambda x: 2 * np.log1p(np.exp(x)) / (1 + np.exp(-x)),
    "own_derivative": lambda x: np.maximum(x, 0) + x / (1 + np.exp(-x)),
    "solved": lambda x: np.linalg.solve(x + 8 * np.eye(4), x),
    "windows": _windows,
    "rows_by_number": lambda x: np.exp(x)[np.argsort(x[:, 0])],
    "mapped": lambda x: np.exp(x) / np.linalg.norm(x, axis=-1, keepdims=True),
}

_MODULE = """
class Layer(nnx.Module):
    def __init__(self, *, rngs):
        self.linear = nnx.Linear(4, 3, rngs=rngs)

    def __call__(self, x):
        return self.linear(x)
"""

_OTHERS = f"""{_MODULE}
def module(x):
    return Layer(rngs=nnx.Rngs(5))(x)

def drawn(x):
    return jax.random.normal(jax.random.key(3), (4, 4)) + 0.0 * x

def no_arrays(number):
    return jnp.sin(jnp.arange(6) * number)

def concrete(x):
    return x if float(x.sum()) > 0 else -x

def unknown(x):
    return jax.custom_derivatives.linear_call(lambda r, y: y * 2.0, lambda r, y: y * 2.0, (), x)

def half_by_design(x):
    return x.astype(jnp.bfloat16).astype(jnp.float32)

def several(x):
    return {{"a": x * 2.0, "b": jnp.argmax(x)}}["a"]
"""
_CODE = _IMPORTS + "".join(f"def {name}(x):\n    {text}\n" for name, text in _TEXTS.items()) + _OTHERS


class Precision:
    """Calls one of the functions above in a way."""

    def __init__(self, run: Callable[[RunRequest], Sequence[CallResult]]) -> None:
        self._run = run
        self._known: dict[tuple[str, CallMode, bool], CallResult] = {}

    def call(
        self, name: str, mode: CallMode, argument: Any = _X, module: ModuleUse | None = None
    ) -> CallResult:
        value = pack_array(argument) if isinstance(argument, np.ndarray) else argument
        call = Call(function=name, arguments=(value,), mode=mode, module=module)
        [result] = self._run(RunRequest(code=_CODE, parameters=_parameters(name), calls=(call,)))
        return result

    def array(self, name: str, mode: CallMode, argument: Any = _X, module: ModuleUse | None = None) -> Floats:
        result = self.call(name, mode, argument, module)
        assert result.arrays, result.raised
        return unpack_array(result.arrays[""])  # type: ignore[return-value]


def _parameters(name: str) -> tuple[str, ...]:
    return ("number",) if name == "no_arrays" else ("x",)


@pytest.fixture(scope="module")
def precision(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Precision]:
    with asyncio.Runner() as runner:
        opened = open_supervisor(cache=tmp_path_factory.mktemp("precision") / "cache", writable_cache=True)
        supervisor = runner.run(opened.__aenter__())

        def run(request: RunRequest) -> Sequence[CallResult]:
            result = runner.run(supervisor.run(request, limits=Limits(memory_bytes=2 << 30)))
            assert len(result.calls) == len(request.calls), (result.message, result.loaded, result.stderr)
            return result.calls

        try:
            yield Precision(run)
        finally:
            runner.run(opened.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def by_mode(precision: Precision) -> dict[CallMode, dict[str, Floats]]:
    """Every text in every way, in one run."""
    modes = (CallMode.PLAIN, CallMode.JIT, CallMode.UNOPTIMISED, CallMode.DOUBLE, CallMode.BFLOAT16)
    asked = [(mode, name) for mode in modes for name in _TEXTS]
    calls = tuple(Call(function=name, arguments=(pack_array(_X),), mode=mode) for mode, name in asked)
    results = precision._run(RunRequest(code=_CODE, parameters=("x",), calls=calls))
    made: dict[CallMode, dict[str, Floats]] = {mode: {} for mode in modes}
    for (mode, name), result in zip(asked, results, strict=True):
        assert result.arrays, (mode, name, result.raised)
        made[mode][name] = unpack_array(result.arrays[""])  # type: ignore[assignment]
    return made


@pytest.mark.parametrize("name", _TEXTS)
def test_a_double_run_is_what_numpy_gives_in_double(
    by_mode: dict[CallMode, dict[str, Floats]], name: str
) -> None:
    """Through calls, loops, branches, scatters and derivatives."""
    double = by_mode[CallMode.DOUBLE][name]
    assert double.dtype == np.float64
    np.testing.assert_allclose(double, _NUMPY[name](_X.astype(np.float64)), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", _TEXTS)
def test_a_bfloat16_run_is_near_but_not_equal(by_mode: dict[CallMode, dict[str, Floats]], name: str) -> None:
    """Its dtype is the program's, so that only the numbers tell it."""
    plain, narrow = by_mode[CallMode.PLAIN][name], by_mode[CallMode.BFLOAT16][name]
    assert narrow.dtype == plain.dtype == np.float32
    off = np.abs(narrow - plain).max() / np.abs(plain).max()
    assert 1e-5 < off < 0.1


@pytest.mark.parametrize("mode", [CallMode.JIT, CallMode.UNOPTIMISED])
def test_other_ways_to_compile_give_the_answer(
    by_mode: dict[CallMode, dict[str, Floats]], mode: CallMode
) -> None:
    for name, plain in by_mode[CallMode.PLAIN].items():
        np.testing.assert_allclose(by_mode[mode][name], plain, rtol=2e-5, atol=2e-5, err_msg=name)


def test_numbers_drawn_from_a_seed_stay_to_the_last_bit(precision: Precision) -> None:
    """Other parameters would be another model, and the distance would tell nothing of rounding."""
    plain, double = (precision.array("drawn", mode) for mode in (CallMode.PLAIN, CallMode.DOUBLE))
    np.testing.assert_array_equal(double, plain.astype(np.float64))


@pytest.mark.parametrize("module", [None, ModuleUse(class_name="Layer", seed=4, std=0.3)])
def test_a_module_computes_with_its_own_parameters(precision: Precision, module: ModuleUse | None) -> None:
    """Those drawn at construction, and those handed in."""
    plain, double = (
        precision.array("module", mode, _X, module) for mode in (CallMode.PLAIN, CallMode.DOUBLE)
    )
    difference = np.abs(double - plain).max()
    assert 0 < difference < 1e-5


def test_handed_in_parameters_are_those_of_a_plain_call(precision: Precision) -> None:
    one, other = (
        precision.array("module", CallMode.DOUBLE, _X, ModuleUse(class_name="Layer", seed=seed, std=0.3))
        for seed in (4, 5)
    )
    assert np.abs(one - other).max() > 0.1


def test_without_array_arguments_everything_is_computed_anew(precision: Precision) -> None:
    double = precision.array("no_arrays", CallMode.DOUBLE, 0.5)
    np.testing.assert_allclose(double, np.sin(np.arange(6) * 0.5), rtol=1e-12, atol=1e-12)
    narrow = precision.array("no_arrays", CallMode.BFLOAT16, 0.5)
    assert 1e-5 < np.abs(narrow - double).max() < 0.02


def test_a_narrow_dtype_that_the_program_asks_for_stays(precision: Precision) -> None:
    """A mixed-precision exercise rounds on purpose."""
    plain, double = (precision.array("half_by_design", mode) for mode in (CallMode.PLAIN, CallMode.DOUBLE))
    np.testing.assert_array_equal(double, plain)


@pytest.mark.parametrize("mode", [CallMode.JIT, CallMode.UNOPTIMISED, CallMode.DOUBLE, CallMode.BFLOAT16])
def test_what_cannot_be_traced_says_so(precision: Precision, mode: CallMode) -> None:
    raised = precision.call("concrete", mode).raised
    assert raised is not None
    assert raised.type == "ConcretizationTypeError"


def test_a_primitive_that_is_not_known_is_named(precision: Precision) -> None:
    raised = precision.call("unknown", CallMode.DOUBLE).raised
    assert raised is not None
    assert raised.type == "Untranslatable"
    assert "linear_call" in raised.message


def test_a_learners_supervisor_makes_no_such_call(tmp_path: Path) -> None:
    """The ways of proofs run over the whole of a traced program: for code that is trusted."""

    async def ask() -> None:
        async with open_supervisor(cache=tmp_path / "cache") as supervisor:
            call = Call(function="softmax", arguments=(pack_array(_X),), mode=CallMode.DOUBLE)
            request = RunRequest(code=_CODE, parameters=("x",), calls=(call,))
            with pytest.raises(ValueError, match="trusted code only"):
                await supervisor.run(request, limits=Limits())

    asyncio.run(ask())
