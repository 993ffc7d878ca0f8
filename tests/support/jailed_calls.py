"""Functions of a submitted text, called in the real jail; for tests of what runs inside it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sandbox.arrays import pack_array, unpack_array
from sandbox.interface import Call, CallResult, Ending, RunRequest
from sandbox.jailed import open_supervisor
from sandbox.limits import Limits
from sandbox.patches import PATCH_NAMES, PatchChoice

_KEY = "feed"
_PATIENT = Limits(wall_seconds=1800, idle_seconds=300, cpu_seconds=600, memory_bytes=2 << 30)


async def jailed_calls(
    cache: Path,
    code: str,
    names: Sequence[str],
    *,
    writable: bool = True,
    patches: Sequence[str] = PATCH_NAMES,
) -> dict[str, CallResult]:
    """Each function is handed two ones; `cache` keeps the compiled programs, or only gives them."""
    ones = pack_array(np.ones(2, np.float32))
    request = RunRequest(
        code=code,
        parameters=("x",),
        calls=tuple(Call(function=name, arguments=(ones,)) for name in names),
        cache_key=_KEY,
    )
    chosen = PatchChoice(active=tuple(patches))
    async with open_supervisor(cache=cache, writable_cache=writable, patches=chosen) as sandbox:
        result = await sandbox.run(request, limits=_PATIENT)
    assert result.ending is Ending.FINISHED, result
    return dict(zip(names, result.calls, strict=True))


def answer(call: CallResult) -> "np.ndarray[tuple[int, ...], np.dtype[np.generic]]":
    """What it returned; it may not have raised anything."""
    assert call.raised is None, call.raised
    return unpack_array(call.arrays[""])
