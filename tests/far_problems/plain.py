"""Runs solutions by a plain JAX: no jail, no store of programs, no patch.

As a program it reads requests from standard input and writes what each call returned: the arrays by name.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import msgspec

from sandbox.arrays import Value, WireArray, WireKey, unpack_array
from sandbox.interface import Arrays, CallMode, RunRequest
from sandbox.isolation.bubblewrap import jail_environment
from tests.far_problems.grading import bits_of, request_of
from tests.far_problems.packages import Role, Solution
from tests.support.checkout import CHECKOUT

Returned = list[Arrays]
"""What each call of a request returned, in order; nothing for one that looks into a module."""


async def plainly(requests: Sequence[RunRequest]) -> list[Returned]:
    """Return what the calls of each request give, all in one process that knows nothing of a jail."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.far_problems.plain"),
        cwd=CHECKOUT,
        env={**os.environ, **jail_environment(), "PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    written, _ = await process.communicate(msgspec.msgpack.encode(list(requests)))
    assert process.returncode == 0, "the plain process failed; its error stands above"
    return msgspec.msgpack.decode(written, type=list[Returned])


async def plain_bits(solutions: Sequence[Solution]) -> dict[tuple[str, Role], tuple[str, ...]]:
    """Return, by slug and role, the digests that `bits_of` gives of what each returns."""
    requests = [request_of(solution) for solution in solutions]
    returned = await plainly(requests)
    return {
        (solution.problem.slug, solution.role): bits_of(request, arrays)
        for solution, request, arrays in zip(solutions, requests, returned, strict=True)
    }


def run_plainly(request: RunRequest) -> Returned:
    """Make every call of a request, as it would be made in a script."""

    from sandbox.inside.report.answers import convert

    module = ModuleType("solution")
    sys.modules["solution"] = module
    exec(compile(request.code, "solution.py", "exec"), module.__dict__)  # noqa: S102 - our own texts
    returned: Returned = []
    for call in request.calls:
        if call.mode != CallMode.PLAIN or call.module is not None:
            returned.append({})
            continue
        arguments = [_argument(value) for value in call.arguments]
        returned.append(convert(module.__dict__[call.function](*arguments), request.outputs).arrays)
    return returned


def _argument(value: Value) -> Any:
    import jax

    match value:
        case WireArray():
            return jax.device_put(unpack_array(value))
        case WireKey():
            return jax.random.key(value.seed)
        case _:
            return value


def main() -> None:
    import jax

    # What the jail pins, and a reader of a problem is told.
    jax.config.update("jax_default_matmul_precision", "highest")
    requests = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=list[RunRequest])
    with contextlib.redirect_stdout(sys.stderr):
        returned = [run_plainly(request) for request in requests]
    sys.stdout.buffer.write(msgspec.msgpack.encode(returned))


if __name__ == "__main__":
    main()
