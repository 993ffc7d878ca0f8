"""A stored seed gives the same bytes for ever, whatever NumPy and this code become.

`golden_inputs.json` was written once, with the version of NumPy that it names, and is never written anew.
Where a digest differs, the inputs of stored submissions and published problems have changed: it is the
change that must give way. A new kind of generator, or a new key of one, adds entries.
"""

import hashlib
import json
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from app.core.generators import Argument, Generator, Image, expand_fresh, generate
from app.core.verdict import Mode
from tests.support.checkout import CHECKOUT
from tests.support.toy_problem import toy_problem

_GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("golden_inputs.json").read_text())
_ARGUMENTS: list[Argument] = [msgspec.convert(entry["argument"], Argument) for entry in _GOLDEN["generators"]]
_DRAW = """
import hashlib, json, sys
from sandbox.inside.module.parameters import draw
from sandbox.interface import ParameterDraw
for path, shape, seed, std, draws in json.load(sys.stdin):
    array = draw(path, tuple(shape), seed=seed, std=std, draws=[ParameterDraw(**one) for one in draws])
    print(hashlib.sha256(f"{array.dtype.str} {list(array.shape)}\\n".encode() + array.tobytes()).hexdigest())
"""


def _digest(value: object) -> str:
    """Return the SHA-256 of dtype, shape and the bytes in row-major order."""
    array = np.asarray(value)
    return hashlib.sha256(f"{array.dtype.str} {list(array.shape)}\n".encode() + array.tobytes()).hexdigest()


def _changed(make: Callable[[Argument], object]) -> list[Argument]:
    """Return the golden arguments for which `make` gives other bytes than were written down."""
    return [
        argument
        for argument, entry in zip(_ARGUMENTS, _GOLDEN["generators"], strict=True)
        if _digest(make(argument)) != entry["sha256"]
    ]


def _is_random(argument: Argument) -> bool:
    return hasattr(argument, "shape") and hasattr(argument, "seed") and 0 not in argument.shape


def test_every_generator_gives_its_golden_bytes() -> None:
    """Whoever was graded on these inputs is graded on the same ones again."""
    assert _changed(generate) == []


def test_every_kind_and_dtype_has_golden_bytes() -> None:
    """A generator that is added later is written down too, in each dtype that it allows."""
    written = {(type(argument), getattr(argument, "dtype", None)) for argument in _ARGUMENTS}
    for kind in Generator.__args__:
        fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
        dtypes = fields["dtype"].__args__ if "dtype" in fields else (None,)
        assert {(kind, dtype) for dtype in dtypes} <= written


def _one_bit_off(argument: Argument) -> object:
    array = np.array(generate(argument))
    flat = array.view(np.uint8).reshape(-1) if array.ndim else array.reshape(1).view(np.uint8)
    if flat.size:
        flat[0] ^= 1
    return flat.view(array.dtype).reshape(array.shape)


@pytest.mark.parametrize(
    "broken",
    [
        _one_bit_off,
        lambda argument: np.asarray(generate(argument), np.complex128),
        lambda argument: np.asarray(generate(argument))[None],
    ],
    ids=["one bit", "another dtype", "another shape"],
)
def test_any_other_bytes_are_noticed(broken: Callable[[Argument], object]) -> None:
    """A check that cannot fail is a defect: only an array without entries has no bit to be wrong."""
    changed = _changed(broken)
    unchanged = [argument for argument in _ARGUMENTS if argument not in changed]
    assert all(broken is _one_bit_off and 0 in getattr(argument, "shape", ()) for argument in unchanged)


def test_another_bit_generator_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if NumPy's default were no longer PCG64: every random array would be another."""
    other = lambda seed: np.random.Generator(np.random.MT19937(seed))  # noqa: E731
    monkeypatch.setattr(np.random, "default_rng", other)
    assert _changed(generate) == [argument for argument in _ARGUMENTS if _is_random(argument)]


def test_an_image_of_other_waves_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if somebody had simplified its formula."""
    plain = np.sin
    monkeypatch.setattr(np, "sin", lambda angle: plain(angle + 1e-6))
    images = [argument for argument in _ARGUMENTS if isinstance(argument, Image)]
    assert _changed(generate) == [image for image in images if 0 not in image.shape]


@pytest.mark.parametrize("entry", _GOLDEN["fresh"], ids=lambda entry: "-".join(map(str, entry["entropy"])))
def test_fresh_seeds_are_derived_as_ever(entry: dict[str, Any]) -> None:
    """What is drawn anew for a submission follows from the seed that is stored with it."""
    arguments = msgspec.convert(entry["arguments"], dict[str, Argument])
    made = expand_fresh(arguments, entry["entropy"])
    assert made == msgspec.convert(entry["fresh"], dict[str, Argument])
    assert made != expand_fresh(arguments, [*entry["entropy"], 1])


@pytest.mark.parametrize("entry", _GOLDEN["fresh_cases"], ids=lambda entry: str(entry["fresh_seed"]))
def test_fresh_cases_of_a_stored_seed_are_the_same_ones(entry: dict[str, Any]) -> None:
    """The seed is joined with the case's place and the number of the repetition."""
    [fresh] = toy_problem().cases(Mode.SUBMIT, fresh_seed=entry["fresh_seed"])[-1:]
    assert fresh.name == entry["name"]
    seeds = {name: getattr(argument, "seed", None) for name, argument in fresh.arguments.items()}
    assert seeds == entry["seeds"]


def _drawn(calls: list[list[Any]]) -> list[str]:
    """Return the digests of a checkpoint's parameters; as their module needs JAX, from another process."""
    done = subprocess.run(
        [sys.executable, "-c", _DRAW],
        input=json.dumps(calls),
        cwd=CHECKOUT,
        env={"PATH": "/usr/bin:/bin", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_a_checkpoint_hands_in_its_golden_parameters() -> None:
    """They depend on path, shape, seed and spread alone; each of these changes them."""
    entries = _GOLDEN["parameters"]
    calls = [[entry["path"], entry["shape"], entry["seed"], entry["std"], []] for entry in entries]
    path, shape, seed, std, _ = calls[0]
    others = [
        [path + "x", shape, seed, std, []],
        [path, shape, seed + 1, std, []],
        [path, shape, seed, std * 1.001, []],
        [path, shape, seed, std, [{"path": "blocks.*", "mean": 0.5, "std": std}]],
    ]
    drawn = _drawn([*calls, *others])
    assert drawn[: len(entries)] == [entry["sha256"] for entry in entries]
    assert set(drawn[: len(entries)]).isdisjoint(drawn[len(entries) :])


def test_the_parameters_follow_the_formula_that_the_interface_states() -> None:
    """`default_rng([seed, crc32(path)]).normal(0, std, shape)`, rounded to float32."""
    for entry in _GOLDEN["parameters"]:
        rng = np.random.default_rng([entry["seed"], zlib.crc32(entry["path"].encode())])
        made = rng.normal(0.0, entry["std"], tuple(entry["shape"])).astype(np.float32)
        assert _digest(made) == entry["sha256"]


def test_parameters_with_a_draw_of_their_own_are_golden_too() -> None:
    """The first pattern that matches counts, whatever the probe's spread; the formula is the same."""
    entries = _GOLDEN["draws"]
    calls = [[entry["path"], entry["shape"], entry["seed"], 0.3, entry["draws"]] for entry in entries]
    assert _drawn(calls) == [entry["sha256"] for entry in entries]
