"""Put patches in the place of what they replace, each if it can be; JAX and Flax stay as they are without."""

import importlib
from collections.abc import Mapping, Sequence

from jax._src import source_info_util

from sandbox.inside.jax_patches.program_files import ProgramFiles


def apply_patches(names: Sequence[str], files: ProgramFiles) -> Mapping[str, str]:
    """Apply the patches of these names, and return why some could not be, by name.

    To be called before any fork and before any code but the libraries' has run.
    """
    failed = {}
    for name in names:
        try:
            patch = importlib.import_module(f"sandbox.inside.jax_patches.{name}")
            patch.apply(files)
            # A lowered program says by which lines of source it came about; ours are as JAX's own there.
            source_info_util.register_exclusion(str(patch.__file__))
        except Exception as error:
            failed[name] = f"it could not be applied: {type(error).__name__}: {error}"
    return failed
