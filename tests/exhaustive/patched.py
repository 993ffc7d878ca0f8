"""A process of JAX and Flax outside the jail, plain or with the patches that the jail applies.

Both are pinned as in the jail, so that whatever differs is due to a patch.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

from sandbox.isolation.bubblewrap import ENVIRONMENT
from sandbox.patches import PATCH_NAMES

_NEVER_WRITE_SECONDS = 1e9
_STORED_NAME = re.compile("[0-9a-f]{64}")

UseCache = Callable[[str, bool], None]
"""Takes the folder of stored programs, and whether it may be written."""


def environment() -> dict[str, str]:
    """Return the variables of the jail, with this machine's own PATH."""
    return {**ENVIRONMENT, "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}


def stored_programs(folder: Path) -> int:
    """Count what the executable cache has written there; JAX's own cache names its files otherwise."""
    return sum(_STORED_NAME.fullmatch(path.name) is not None for path in folder.iterdir())


def be_plain() -> None:
    """Pin JAX as the jail does, and leave it as it is."""
    from sandbox.inside import imports

    imports.pin()


def be_patched() -> UseCache:
    """Apply every patch, in the way of the fork server; return what opens a cache folder.

    Raises:
        AssertionError: one could not be applied, so that comparing would prove nothing of it.
    """
    import jax

    from sandbox.inside import imports

    prepared = imports.prepare(PATCH_NAMES)
    assert not prepared.failed_patches, prepared.failed_patches

    def use_cache(folder: str, writable: bool) -> None:
        prepared.programs.use(folder, writable=writable)
        jax.config.update("jax_compilation_cache_dir", folder)
        seconds = 0.0 if writable else _NEVER_WRITE_SECONDS
        jax.config.update("jax_persistent_cache_min_compile_time_secs", seconds)

    return use_cache
