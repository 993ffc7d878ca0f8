"""A small problem that is proven, and edits of it that each break one promise of a published problem."""

from collections.abc import Mapping

import msgspec

from app.catalog.problem_folder import read_problem
from app.core.problem import Problem
from app.grading.prove.reasons import Reason

_MANIFEST = """
id = "1f0d3f0e-6c0b-4b5e-9d0e-7f3f64c7b1aa"
slug = "gate"
position = 2
title = "Gate"
track = "toys"
summary = "Let the input through a learned gate."

[entry]
function = "gate"
parameters = ["seed", "x"]

[module]
name = "Gate"

[limits]
wall_seconds = 60.0
cpu_seconds = 20.0

[[cases]]
name = "one"
visibility = "sample"
fresh = 1
[cases.arguments]
seed = { generator = "seed", seed = 1 }
x = { generator = "normal", shape = [6], seed = 2, std = 2.0 }

[[probes]]
kind = "parameters"
name = "tree"
case = "one"

[[probes]]
kind = "checkpoint"
name = "handed-in"
case = "one"
seed = 9

[variants.forgets_gate]
outcome = "wrong_value"
fails = ["one", "handed-in"]
"""

_REFERENCE = '''"""The gate lets a part of each number through."""
import jax
import jax.numpy as jnp
from flax import nnx


class Gate(nnx.Module):
    def __init__(self, *, rngs):
        self.weight = nnx.Param(nnx.initializers.normal(1.0)(rngs.params(), (6,)))

    def __call__(self, x):
        return x * jax.nn.sigmoid(x * self.weight)


def gate(seed, x):
    return Gate(rngs=nnx.Rngs(int(seed)))(x)
'''

_ANSWER = "x * jax.nn.sigmoid(x * self.weight)"
_LAST = "Gate(rngs=nnx.Rngs(int(seed)))(x)"


def provable_files() -> dict[str, str]:
    """The package, as a folder would give it."""
    return {
        "problem.toml": _MANIFEST,
        "statement.md": "# Gate\n\nLet a part of each number through.\n",
        "starter.py": "def gate(seed, x):\n    raise NotImplementedError\n",
        "reference/reference.py": _REFERENCE,
        "reference/also_right/swish.py": _solution(_ANSWER, "jax.nn.sigmoid(self.weight * x) * x"),
        "variants/forgets_gate.py": _solution(_ANSWER, "x * self.weight"),
    }


def problem_of(files: Mapping[str, str]) -> Problem:
    return read_problem({name: text.encode() for name, text in files.items()})


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """The problem after one edit, and all that it must be refused for."""

    reasons: tuple[Reason, ...]
    changed: Mapping[str, str]

    @property
    def problem(self) -> Problem:
        return problem_of({**provable_files(), **self.changed})


def _solution(old: str, new: str) -> str:
    assert _REFERENCE.count(old) == 1, old
    return _REFERENCE.replace(old, new)


def _reference(old: str, new: str) -> dict[str, str]:
    """Every solution changes with the reference, so that nothing else is wrong."""
    changed = {}
    for name, text in provable_files().items():
        changed[name] = text.replace(old, new) if name.endswith(".py") and old in text else text
    assert changed["reference/reference.py"] != _REFERENCE, old
    return changed


def _manifest(old: str, new: str) -> dict[str, str]:
    assert old in _MANIFEST, old
    return {"problem.toml": _MANIFEST.replace(old, new)}


_VARIANT = "variants/forgets_gate.py"
_RIGHT = "reference/also_right/swish.py"
_FAILS = 'fails = ["one", "handed-in"]'
_NO_GATE = _solution(_ANSWER, "x * self.weight")
_DOCSTRING = _REFERENCE.partition("\n")[0]
_LARGE = "jnp.where(x > 0, 30000.0, 20000.0)"
_UNLIKE = """
[variants.another]
outcome = "wrong_value"
fails = ["one", "handed-in"]
"""


def _tolerance(absolute: float, relative: float) -> dict[str, str]:
    return _manifest("[limits]", f"[tolerance]\nabsolute = {absolute}\nrelative = {relative}\n\n[limits]")


def _broken(changed: Mapping[str, str], *reasons: Reason) -> Broken:
    return Broken(reasons=reasons, changed=changed)


BROKEN = {
    "this host lacks a package": _broken(
        _manifest("[entry]", 'packages = ["no_such_package"]\n\n[entry]'), Reason.HOST_LACKS
    ),
    "the reference raises": _broken(_reference(_LAST, "None.shape"), Reason.REFERENCE_FAILS),
    "the reference needs too much memory": _broken(
        _reference(_LAST, f"{_LAST} if __import__('numpy').ones(1 << 26).size else x")
        | _manifest("[limits]", "[limits]\nmemory_mb = 384"),
        Reason.REFERENCE_REFUSED,
    ),
    "the reference never ends": _broken(
        _reference(_LAST, f"[{_LAST} for _ in iter(int, 1)]")
        | _manifest("cpu_seconds = 20.0", "cpu_seconds = 1.0"),
        Reason.TIME_LIMIT_TOO_SMALL,
    ),
    "the reference waits for ever": _broken(
        _reference(_LAST, "__import__('time').sleep(1e6)")
        | _manifest("cpu_seconds = 20.0", "idle_seconds = 2.0"),
        Reason.TIME_LIMIT_TOO_SMALL,
    ),
    "the starter is right": _broken({"starter.py": _REFERENCE}, Reason.STARTER_PASSES),
    "the reference is not finite": _broken(_reference(_LAST, f"{_LAST} / 0.0"), Reason.NOT_FINITE),
    "the reference is not deterministic": _broken(
        _reference(_LAST, f"{_LAST} * float(1 + 1e-6 * __import__('numpy').random.default_rng().random())"),
        Reason.NOT_DETERMINISTIC,
    ),
    "the reference cannot be traced": _broken(
        _reference(_LAST, f"{_LAST} if float(x.sum()) < 1e9 else x"), Reason.CANNOT_BE_TRACED
    ),
    "the reference loses digits": _broken(
        _reference(_LAST, f"jnp.round({_LAST} * 1024.0) / 1024.0 + {_LARGE} - {_LARGE}"),
        Reason.DISAGREES_WITH_FLOAT64,
    ),
    "the module is never built": _broken(_reference("Gate", "Door"), Reason.MODULE_NEVER_BUILT),
    "a path that is drawn is of no parameter": _broken(
        _manifest("seed = 9\n", 'seed = 9\n[probes.draws]\n"wieght" = { std = 1.0 }\n'),
        Reason.DRAW_MATCHES_NOTHING,
    ),
    "an also-right solution is wrong": _broken(
        {_RIGHT: _solution(_ANSWER, f"{_ANSWER} + 0.01")}, Reason.ALSO_RIGHT_REFUSED
    ),
    "a variant is right": _broken({_VARIANT: _REFERENCE}, Reason.VARIANT_PASSES),
    "a variant fails more than declared": _broken(
        _manifest(_FAILS, 'fails = ["one"]'), Reason.VARIANT_ENDS_OTHERWISE
    ),
    "a variant fails less than declared": _broken(
        _manifest(_FAILS, 'fails = ["one", "tree", "handed-in"]'), Reason.VARIANT_ENDS_OTHERWISE
    ),
    "a variant raises": _broken(
        {_VARIANT: _solution(_LAST, "None.shape")}
        | _manifest(
            f'outcome = "wrong_value"\n{_FAILS}',
            'outcome = "error"\nfails = ["one", "tree", "handed-in"]',
        ),
        Reason.VARIANT_NOT_NAMED,
    ),
    "a variant does not load": _broken(
        {_VARIANT: f"{_REFERENCE}\nNone.shape\n"}, Reason.VARIANT_DOES_NOT_RUN
    ),
    "a variant never ends": _broken(
        {_VARIANT: _solution(_LAST, f"[{_LAST} for _ in iter(int, 1)]")}
        | _manifest("cpu_seconds = 20.0", "cpu_seconds = 12.0"),
        Reason.VARIANT_DOES_NOT_RUN,
    ),
    "two variants are alike": _broken(
        {
            "variants/another.py": _solution(_ANSWER, "self.weight * x"),
            "problem.toml": _MANIFEST + _UNLIKE,
        },
        Reason.VARIANTS_ALIKE,
    ),
    "a variant has no words": _broken(
        {_VARIANT: _NO_GATE.removeprefix(_DOCSTRING)}, Reason.VARIANT_WITHOUT_WORDS
    ),
    "a variant is too near": _broken(
        {_VARIANT: _solution(_ANSWER, f"{_ANSWER} * 1.0003")}, Reason.VARIANT_TOO_NEAR
    ),
    "a variant is caught by luck": _broken(
        {_VARIANT: _solution(_ANSWER, f"{_ANSWER} * jnp.where(x[0] > 0, 1.02, 1.0)")},
        Reason.VARIANT_PASSES_A_DRAW,
    ),
    "a mistake in the reference is told by no case": _broken(
        _reference(_LAST, f"{_LAST} + 0 * x.sum(axis=0)"), Reason.MUTANT_SURVIVES
    ),
    "a declaration of equivalence has fallen": _broken(
        _manifest(
            "[limits]", '[equivalent."term_dropped-0"]\nrests_on = "0"\nwhy = "It is none."\n\n[limits]'
        ),
        Reason.EQUIVALENCE_FALLEN,
    ),
    "the noise is too near": _broken(
        _reference(_LAST, f"{_LAST} * 3.1 + x * 0.7") | _tolerance(3e-6, 0.0), Reason.NOISE_TOO_NEAR
    ),
    "the seed changes nothing": _broken(
        _reference(_LAST, "Gate(rngs=nnx.Rngs(1))(x)"), Reason.TRIVIAL_ANSWER_PASSES
    ),
    "the tolerance lets bfloat16 pass": _broken(_tolerance(0.05, 0.05), Reason.TRIVIAL_ANSWER_PASSES),
    "there is one input only": _broken(_manifest("fresh = 1\n", ""), Reason.NO_SECOND_INPUT),
    "there is too little time": _broken(
        _manifest("cpu_seconds = 20.0", "cpu_seconds = 0.6"), Reason.TIME_LIMIT_TOO_SMALL
    ),
}
"""Each way in which a problem can be broken, in an author's words."""
