"""One MLIR context for all of a process's lowerings, in place of a new one for each.

JAX 0.10 makes a fresh context for every program that it lowers and loads every dialect into it:
3 ms each, a third of the time that a first call spends once its programs come from the
compilation cache (measured with `bench/first_verdict.py`; see docs/performance-log.md).
A context only keeps types and attributes, and a child is used once, so nothing has to be freed.
"""

from typing import Any

from jax._src.interpreters import mlir


def share_ir_context() -> None:
    """Make the context once, before any fork, and hand it out for every lowering.

    Raises:
        AttributeError: this JAX has no such function any more; a new version has to be looked at.
    """
    context = mlir.make_ir_context()

    def shared_context() -> Any:
        return context

    mlir.make_ir_context = shared_context
