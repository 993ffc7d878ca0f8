"""The fingerprint of what a result depends on, read without importing any of it."""

import functools
import hashlib
import importlib.metadata
import os
import platform
from pathlib import Path

_PACKAGES = ("jax", "jaxlib", "flax", "numpy", "optax")
_CPUS_SHOWN = 2
_CHANGE_NO_NUMBER = (
    "sandbox",
    "jax_patches",
    "jax_patches_left_out",
    "calibration",
    "slowdown_computing",
    "slowdown_compiling",
)
"""What a verdict's environment says for people; the same is computed with each of them."""
_OPENBLAS_CHOICES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_BLOCK_FACTOR")
_PROGRAM_FORMAT = 5
"""How `inside/jax_patches/` keys and writes programs; counted up when that changes."""


def describe_environment(*, jailed: bool) -> dict[str, str]:
    """Describe versions, processor and whether there is a jail; stored with every verdict."""
    return {
        **_versions(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpu": _cpu_field("model name"),
        "cpu_features": hashlib.sha256(_cpu_field("flags").encode()).hexdigest()[:12],
        "matmul_precision": "highest",
        "contraction_kernel": "eigen",
        "threefry_partitionable": "True",
        "x64": "False",
        "sandbox": "jailed" if jailed else "unjailed",
        **{name.lower(): value for name, value in openblas_choices().items()},
    }


def openblas_choices() -> dict[str, str]:
    """Return the variables of this process by which OpenBLAS chooses kernels and blocks, where they are set.

    The last bits of what LAPACK computes differ with them. An operator sets them so that several kinds of
    processors compute alike (OpenBLAS' USAGE.md), so they hold in jails too.
    """
    return {name: os.environ[name] for name in _OPENBLAS_CHOICES if name in os.environ}


def fingerprint(environment: dict[str, str]) -> str:
    """Hash everything that can change a computed number or a compiled program."""
    relevant = sorted(item for item in environment.items() if item[0] not in _CHANGE_NO_NUMBER)
    return hashlib.sha256(repr((_PROGRAM_FORMAT, relevant)).encode()).hexdigest()[:16]


def short_cpuinfo() -> str:
    """Return the first processors of /proc/cpuinfo: XLA asks it for features, not for a count."""
    blocks = Path("/proc/cpuinfo").read_text().split("\n\n")
    return "\n\n".join(blocks[:_CPUS_SHOWN]) + "\n\n"


# Looked up once: each verdict asks, and finding five packages' metadata takes milliseconds.
@functools.cache
def _versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in _PACKAGES}


@functools.cache
def _cpu_field(name: str) -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "unknown"
