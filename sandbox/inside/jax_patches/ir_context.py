"""One MLIR context for all of a process's lowerings, in place of a new one for each.

JAX 0.10 makes a fresh context for every program that it lowers and loads every dialect into it:
3 ms each, a third of the time that a first call spends once its programs come from the
compilation cache (measured with `bench/first_verdict.py`; see docs/performance-log.md).
A context only keeps types and attributes, and a child is used once, so nothing has to be freed.
Threads of one's own get contexts of their own, as JAX gives them.
"""

import functools
import threading
from typing import Any

from jax._src.interpreters import mlir

from sandbox.inside.jax_patches.program_files import ProgramFiles


def apply(files: ProgramFiles) -> None:
    """Make the context once, before any fork, and hand it out for every lowering.

    Raises:
        AttributeError: this JAX has no such function.
    """
    make = mlir.make_ir_context
    context = make()
    main_thread = threading.get_ident()

    @functools.wraps(make)
    def shared_context() -> Any:
        is_alone = threading.get_ident() == main_thread and threading.active_count() == 1
        return context if is_alone else make()

    mlir.make_ir_context = shared_context
