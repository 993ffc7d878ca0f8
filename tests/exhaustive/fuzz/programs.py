"""Random programs: one to six calls from `calls.toml`, the same ones for the same seed."""

import functools
import random
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

_CALLS = Path(__file__).with_name("calls.toml")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_MOST_CALLS = 6
_EARLIER = 0.8
"""How often a call takes an earlier result where one fits."""
_OTHER_TYPE = 0.12
_OTHER_TYPES = ("jnp.bfloat16", "jnp.int32", "jnp.complex64", "jnp.float16")
_WEIGHTS = {"callbacks": 0.4, "array": 2.0, "linear algebra and FFT": 1.5}
"""How often a group is drawn, beside 1 for the others."""
_SPEAKING = 0.25
"""How many programs may have calls that speak; each of those has a process of its own, plain as well."""
_MADE_AGAIN = 4
"""Every fourth program is run a second time in its process."""


class _CallText(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    gives: str | None


class Program(msgspec.Struct, frozen=True, kw_only=True):
    seed: int
    steps: tuple[str, ...]
    """Statements, each of which sets `out`; step 2 may take `out0` and `out1`."""
    speaks: bool
    """Whether it may warn, print, log or raise while it is traced."""

    @property
    def runs(self) -> int:
        return 2 if self.seed % _MADE_AGAIN == 0 else 1

    @property
    def text(self) -> str:
        return "\n".join(f"# {number}\n{step}" for number, step in enumerate(self.steps))


def make_program(seed: int) -> Program:
    """Draw one to six calls; each fits the shapes of what it takes, mostly."""
    drawn = random.Random(seed)
    steps: list[str] = []
    results: dict[str, list[str]] = {}
    speaks = drawn.random() < _SPEAKING
    # Short ones more often: each call is something else to compile.
    for number in range(min(drawn.randint(1, _MOST_CALLS) for _ in range(2))):
        call = drawn.choice(_groups()[_draw_group(drawn, speaking=speaks and drawn.random() < 0.5)])
        text = _filled(call.text, drawn, results)
        is_statements = "\n" in text or re.match(r"(out|with|import|class|@)\b", text) is not None
        steps.append(text.strip() if is_statements else f"out = {text}")
        if call.gives is not None:
            results.setdefault(call.gives, []).append(f"out{number}")
    return Program(seed=seed, steps=tuple(steps), speaks=speaks)


def input_shapes() -> dict[str, tuple[int, ...]]:
    """Return every array that a program may take, by its name."""
    return {
        f"{kind}{index}": tuple(shape)
        for kind, shapes in _table()["shapes"].items()
        for index, shape in enumerate(shapes)
    }


def _draw_group(drawn: random.Random, *, speaking: bool) -> str:
    names = [name for name in _groups() if (name in _table()["speaks"]) is speaking]
    return drawn.choices(names, [_WEIGHTS.get(name, 1.0) for name in names])[0]


def _filled(text: str, drawn: random.Random, results: dict[str, list[str]]) -> str:
    """Put something in the place of every name in braces; the same wherever the same name stands."""
    chosen: dict[str, str] = {}

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name not in chosen:
            chosen[name] = _choose(name, drawn, results)
        return chosen[name]

    # What is put in may have names in braces as well.
    while (filled := _PLACEHOLDER.sub(fill, text)) != text:
        text = filled
    return text


def _choose(name: str, drawn: random.Random, results: dict[str, list[str]]) -> str:
    table = _table()
    if name in table["choices"]:
        return str(drawn.choice(table["choices"][name]))
    if name not in table["shapes"]:
        return f"{{{name}}}"  # Braces of Python's own.
    # What has a known shape may stand where any is wanted.
    kinds = list(results) if name == "any" else [name]
    fitting = [result for kind in kinds for result in results.get(kind, [])]
    if fitting and drawn.random() < _EARLIER:
        return drawn.choice(fitting)
    array = f"{name}{drawn.randrange(len(table['shapes'][name]))}"
    return f"{array}.astype({drawn.choice(_OTHER_TYPES)})" if drawn.random() < _OTHER_TYPE else array


@functools.cache
def _table() -> dict[str, Any]:
    return tomllib.loads(_CALLS.read_text())


@functools.cache
def _groups() -> dict[str, list[_CallText]]:
    table = _table()
    return {
        group: [
            _CallText(text=text, gives=key if key in table["shapes"] else None)
            for key, texts in calls.items()
            for text in texts
        ]
        for group, calls in table["calls"].items()
    }
