"""One process with JAX and no jail: makes all calls of a request, and says how long that took.

    .venv/bin/python -m bench.in_process REQUEST.msgpack PASSES

Prints a line of seconds a pass; the first one compiles. Cases are called plainly, and a probe's call is made
as the jail makes it.
"""

import argparse
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from sandbox.arrays import Value, WireArray, WireKey, unpack_array
from sandbox.interface import Call, CallMode, Outputs, RunRequest


def main(path: str, passes: int) -> None:
    """Load the code once, then call it `passes` times on every case."""
    request = msgspec.msgpack.decode(Path(path).read_bytes(), type=RunRequest)
    module = ModuleType("solution")
    exec(compile(request.code, "solution.py", "exec"), module.__dict__)  # noqa: S102 - the very thing to measure
    import jax
    import jax.numpy as jnp
    import numpy as np

    def argument(value: Value) -> Any:
        if isinstance(value, WireKey):
            return jax.random.key(value.seed)
        return jnp.asarray(unpack_array(value)) if isinstance(value, WireArray) else value

    for _ in range(passes):
        start = time.perf_counter()
        for call in request.calls:
            if _is_plain(call):
                np.asarray(module.__dict__[call.function](*map(argument, call.arguments)))
            else:
                _probe(module, call, request.outputs)
        print(time.perf_counter() - start, flush=True)


def _probe(module: ModuleType, call: Call, outputs: Outputs) -> None:
    # Not at the top: a plain process, whose start is measured as well, does not import the jail's code.
    from sandbox.inside.call.learner_call import LearnerCall
    from sandbox.inside.call.make_call import CALL_MODES

    CALL_MODES[call.mode](LearnerCall(module, call, outputs))


def _is_plain(call: Call) -> bool:
    return call.mode == CallMode.PLAIN and call.module is None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("request")
    parser.add_argument("passes", type=int)
    arguments = parser.parse_args()
    main(arguments.request, arguments.passes)
