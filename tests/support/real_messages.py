"""Code that goes wrong in well-known ways, and what the pinned JAX, Flax and Python really say of it.

`python -m tests.support.real_messages` raises every error anew in the real jail and writes the messages and
their explanations down again; read the difference before you commit it.
"""

import asyncio
import tempfile
import textwrap
from pathlib import Path

import msgspec

from app.grading.explain.explain import explanation
from sandbox.interface import Call, Raised, RunRequest, RunResult
from sandbox.jailed import Supervisor, open_supervisor
from sandbox.limits import Limits

PATH = Path(__file__).parent / "real_messages.json"
_PRELUDE = "import jax\nimport jax.numpy as jnp\nfrom flax import nnx\n"
_LIMITS = Limits(
    wall_seconds=120,
    idle_seconds=30,
    cpu_seconds=100,
    memory_bytes=2 << 30,
    processes=96,
    output_bytes=1 << 20,
)


class RealMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake: the body of a function, and what came of calling it."""

    name: str
    code: str
    type: str
    message: str
    line: str
    nearest: str
    explanation: str


def read() -> list[RealMessage]:
    """What is written down."""
    return msgspec.json.decode(PATH.read_bytes(), type=list[RealMessage])


def request(known: list[RealMessage]) -> RunRequest:
    """All of them in one run, a call each."""
    bodies = [f"def {one.name}():\n{textwrap.indent(one.code, '    ')}\n" for one in known]
    return RunRequest(
        code="\n\n".join([_PRELUDE, *bodies]),
        parameters=(),
        calls=tuple(Call(function=one.name, arguments=()) for one in known),
    )


async def raise_anew(sandbox: Supervisor, known: list[RealMessage]) -> RunResult:
    """What the jail says today."""
    return await sandbox.run(request(known), limits=_LIMITS)


def reported(one: RealMessage, raised: Raised) -> RealMessage:
    """`one` with what was raised today."""
    return RealMessage(
        name=one.name,
        code=one.code,
        type=raised.type,
        message=raised.message,
        line=raised.frames[-1].text if raised.frames else "",
        nearest=raised.nearest,
        explanation=explanation(raised),
    )


async def _write() -> None:
    known = read()
    with tempfile.TemporaryDirectory() as folder:
        async with open_supervisor(cache=Path(folder), jailed=True) as sandbox:
            result = await raise_anew(sandbox, known)
    rows = []
    for one, call in zip(known, result.calls, strict=True):
        if call.raised is None:
            raise SystemExit(f"{one.name} raises nothing any more")
        rows.append(msgspec.to_builtins(reported(one, call.raised)))
    PATH.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n")


if __name__ == "__main__":
    asyncio.run(_write())
