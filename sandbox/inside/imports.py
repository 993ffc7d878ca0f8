"""What is imported once, before any fork, and how JAX is pinned."""

import gc
import random
import warnings
from collections.abc import Mapping, Sequence

# ruff: noqa: F401
import flax.nnx
import jax

# This and MLIR's dialects are loaded at the first call; once before the fork is cheaper than in every child.
import jax.experimental.multihost_utils
import jax.numpy
import msgspec
import numpy
import numpy.testing
import optax
from jaxlib.mlir.dialects import arith, builtin, chlo, func, mhlo, scf

from sandbox.inside.jax_patches.apply import apply_patches
from sandbox.inside.jax_patches.program_files import ProgramFiles

_GARBAGE_THRESHOLD = 20_000
_PINNED: dict[str, object] = {
    "jax_platforms": "cpu",
    "jax_enable_x64": False,
    "jax_threefry_partitionable": True,
    "jax_default_matmul_precision": "highest",
    "jax_persistent_cache_min_entry_size_bytes": -1,
    "jax_raise_persistent_cache_errors": False,
}


class Prepared(msgspec.Struct, frozen=True):
    """What a fork server has made ready."""

    programs: ProgramFiles
    """Where compiled programs will be looked up; it has no folder yet."""
    failed_patches: Mapping[str, str]
    """Patches that could not be applied, with the reason."""


def prepare(patches: Sequence[str]) -> Prepared:
    """Pin what changes results, apply the named patches, and freeze what the children share."""
    pin()
    programs = ProgramFiles()
    failed = apply_patches(patches, programs)
    warnings.simplefilter("default", DeprecationWarning)
    # Frozen objects are not touched by a child's collections, so their pages stay shared.
    gc.collect()
    gc.freeze()
    # A run lives for seconds: looking for garbage after every 700 objects was a thirtieth of it.
    gc.set_threshold(_GARBAGE_THRESHOLD)
    return Prepared(programs, failed)


def pin() -> None:
    """Set everything that a result may depend on and that code can change."""
    for name, value in _PINNED.items():
        jax.config.update(name, value)
    numpy.random.seed(0)
    random.seed(0)
