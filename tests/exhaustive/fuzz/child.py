"""A process that has imported JAX and started no backend, and forks for programs; see `processes.py`.

    python -m tests.exhaustive.fuzz.child plain|patched

Reads orders, a line of JSON each, and answers each with a line: for every program what was seen each time
that it was run, or how its process ended.
"""

import json
import os
import signal
import sys
import tempfile
from typing import Any

_HANGS_SECONDS = 900
"""No program of six small calls takes as long on any machine; one that does waits for ever."""


def main(kind: str) -> None:
    """Serve orders until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    from tests.exhaustive import patched
    from tests.exhaustive.fuzz import observe

    use_cache = None
    if kind == "plain":
        patched.be_plain()
    else:
        use_cache = patched.be_patched()
    for line in sys.stdin:
        order = json.loads(line)
        groups = [[program] for program in order["programs"]] if order["alone"] else [order["programs"]]
        seen: list[Any] = []
        for group in groups:
            seen += _forked(observe, group, order, use_cache)
        answers.write(json.dumps(seen) + "\n")
        answers.flush()


def _forked(observe: Any, programs: list[Any], order: dict[str, Any], use_cache: Any) -> list[Any]:
    """Run programs in one fork of this process; where it dies, each of them has ended so."""
    with tempfile.TemporaryFile("w+") as file:
        pid = os.fork()
        if pid == 0:
            signal.alarm(_HANGS_SECONDS * len(programs))
            try:
                if use_cache is not None and order["folder"]:
                    use_cache(order["folder"], order["writable"])
                _break(order["breakage"])
                json.dump([_run(observe, program, order["shapes"]) for program in programs], file)
                file.flush()
            finally:
                # Without the interpreter's end, where threads of the backend may hang.
                os._exit(0 if sys.exc_info()[0] is None else 1)
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if code != 0:
            return [["ended", code]] * len(programs)
        file.seek(0)
        found: list[Any] = json.load(file)
        return found


def _run(observe: Any, program: dict[str, Any], shapes: dict[str, Any]) -> list[Any]:
    sized = {name: tuple(shape) for name, shape in shapes.items()}
    runs = range(program["runs"])
    return [observe.run_program(program["steps"], program["seed"], sized) for _ in runs]


def _break(statements: str) -> None:
    """Execute what a test breaks a patch with."""
    exec(compile(statements, "breakage", "exec"), {})  # noqa: S102 - what a test says


if __name__ == "__main__":
    main(sys.argv[1])
