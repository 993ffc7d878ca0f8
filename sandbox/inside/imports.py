"""What is imported once, before any fork, and how JAX is pinned."""

import gc
import random
import warnings

# ruff: noqa: F401
import flax.nnx
import jax

# This and MLIR's dialects are loaded at the first call; once before the fork is cheaper than in every child.
import jax.experimental.multihost_utils
import jax.numpy
import numpy
import numpy.testing
import optax
from jaxlib.mlir.dialects import arith, builtin, chlo, func, mhlo, scf

from sandbox.inside.jax_patches import dispatch_cache, executable_cache, jaxpr_hash
from sandbox.inside.jax_patches.array_conversion import return_arrays_as_they_are
from sandbox.inside.jax_patches.flax_type_cache import cache_flax_types
from sandbox.inside.jax_patches.ir_context import share_ir_context

_GARBAGE_THRESHOLD = 20_000
_PINNED: dict[str, object] = {
    "jax_platforms": "cpu",
    "jax_enable_x64": False,
    "jax_threefry_partitionable": True,
    "jax_default_matmul_precision": "highest",
    "jax_persistent_cache_min_entry_size_bytes": -1,
    "jax_raise_persistent_cache_errors": False,
}


def prepare() -> executable_cache.ExecutableCache:
    """Pin what changes results, and freeze what the children share.

    Compiled programs will be looked up in the cache that is returned; it has no folder yet.
    """
    pin()
    share_ir_context()
    cache_flax_types()
    return_arrays_as_they_are()
    executables = executable_cache.install()
    jaxpr_hash.know_primitives()
    dispatch_cache.install(executables)
    warnings.simplefilter("default", DeprecationWarning)
    # Frozen objects are not touched by a child's collections, so their pages stay shared.
    gc.collect()
    gc.freeze()
    # A run lives for seconds: looking for garbage after every 700 objects was a thirtieth of it.
    gc.set_threshold(_GARBAGE_THRESHOLD)
    return executables


def pin() -> None:
    """Set everything that a result may depend on and that code can change."""
    for name, value in _PINNED.items():
        jax.config.update(name, value)
    numpy.random.seed(0)
    random.seed(0)
