"""What OpenBLAS is asked for by the service's environment holds in its jails too, and a verdict says so."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.environment import describe_environment, fingerprint
from sandbox.interface import Call, RunRequest
from sandbox.jailed import open_supervisor
from sandbox.limits import Limits

pytestmark = pytest.mark.jail

_LIMITS = Limits(wall_seconds=60, idle_seconds=20, cpu_seconds=20, memory_bytes=1 << 30, processes=64)
_KERNELS = """
import ctypes, glob, os, scipy.linalg
[library] = glob.glob(os.path.dirname(scipy.__file__) + ".libs/*openblas*")
name = ctypes.CDLL(library).scipy_openblas_get_corename
name.restype = ctypes.c_char_p
print(name().decode())
"""


def _kernels_outside() -> str:
    return subprocess.run(
        [sys.executable, "-c", _KERNELS], env=os.environ, check=True, capture_output=True, text=True
    ).stdout


async def _kernels_in_a_jail(cache: Path) -> str:
    code = _KERNELS + "def f():\n    return 1.0\n"
    request = RunRequest(code=code, parameters=(), calls=(Call(function="f", arguments=()),))
    async with open_supervisor(cache=cache) as supervisor:
        result = await supervisor.run(request, limits=_LIMITS)
    assert result.calls[0].raised is None, result
    return result.stdout


@pytest.mark.parametrize("core", [None, "Nehalem", "Haswell"])
def test_a_jail_computes_with_the_kernels_of_a_process_beside_it(
    core: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their last bits differ: with AVX-512 a jail had other numbers than its host, where that chose AVX2."""
    if core is None:
        monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    else:
        monkeypatch.setenv("OPENBLAS_CORETYPE", core)
    assert asyncio.run(_kernels_in_a_jail(tmp_path)) == _kernels_outside()


def test_a_verdict_names_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what was computed otherwise is not taken for the same."""
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_BLOCK_FACTOR"):
        monkeypatch.delenv(name, raising=False)
    without = describe_environment(jailed=True)
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Nehalem")
    asked = describe_environment(jailed=True)
    assert asked == {**without, "openblas_coretype": "Nehalem"}
    assert fingerprint(asked) != fingerprint(without)
