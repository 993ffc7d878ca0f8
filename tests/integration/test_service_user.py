"""The jail of a service that is no root: another way through user namespaces, and the recommended one."""

import json
import os
from typing import Any

import pytest

from sandbox.checks.run_checks import all_checks
from tests.support.service_user import UID, run_as_service_user

pytestmark = pytest.mark.jail

_OPEN = """
import asyncio, json, os, tempfile
from pathlib import Path
from sandbox.interface import Call, RunRequest
from sandbox.limits import Limits
from sandbox.jailed import open_supervisor

def request(code, *calls):
    return RunRequest(code=code, parameters=(), calls=calls)

async def in_a_supervisor(step):
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        async with open_supervisor(cache=Path(folder) / "cache") as supervisor:
            print(json.dumps(await step(supervisor)))
"""


def _reported(step: str) -> Any:
    """What the coroutine function `step`, given a supervisor, returns in a process of the service user."""
    ran = run_as_service_user(_OPEN + step + "\nasyncio.run(in_a_supervisor(step))\n")
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def test_a_run_works() -> None:
    """From the import of JAX to a value, with no right but its own."""
    step = """
async def step(supervisor):
    code = "import jax.numpy as jnp\\ndef f(): return jnp.arange(3.0) + 1\\n"
    call = Call(function="f", arguments=())
    result = await supervisor.run(request(code, call), limits=Limits())
    return [os.getuid(), result.ending, list(result.calls[0].arrays[''].shape)]
"""
    uid, ending, shape = _reported(step)
    assert uid == (os.getuid() or UID)
    assert (ending, shape) == ("finished", [3])


def test_two_runs_at_once_meet_in_no_folder() -> None:
    """All children have the service's own user, to whom a /dev of bubblewrap's would belong.

    The error tells which wall refuses: a mount that is read-only does so before Landlock is asked.
    """
    step = '''
CODE = """
import errno, os, time
refusals = set()
seen = set()
end = time.monotonic() + 1.5
folders = ["/", "/dev", "/dev/pts", "/jail", "/jail/cache", "/jail/packages", "/proc", "/usr/lib"]
while time.monotonic() < end:
    for folder in folders:
        name = f"{folder}/meet-me"
        if os.path.lexists(name): seen.add(name)
        try: os.mkdir(name)
        except OSError as error: refusals.add(errno.errorcode[error.errno])
        else: seen.add(name)
    time.sleep(0.01)
print(seen, refusals, [folder for folder in folders if os.access(folder, os.W_OK)])
"""
async def step(supervisor):
    results = await asyncio.gather(*(supervisor.run(request(CODE), limits=Limits()) for _ in range(2)))
    return [result.stdout.strip() for result in results]
'''
    assert _reported(step) == ["set() {'EROFS'} []"] * 2


def test_every_isolation_check_holds() -> None:
    """As `jaxercise doctor` tries them where it belongs to no root."""
    code = """
import asyncio, json
from pathlib import Path
from sandbox.checks.run_checks import run_isolation_checks

async def all_of_them():
    return {checked.name: checked.reason async for checked in run_isolation_checks([Path("/var/tmp")])}

print(json.dumps(asyncio.run(all_of_them())))
"""
    ran = run_as_service_user(code)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {check.name: "" for check in all_checks()}
