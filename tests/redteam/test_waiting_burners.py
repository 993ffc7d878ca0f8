"""What a text leaves running stands still while its jail waits, and is gone when it was not taken."""

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

from sandbox.arrays import pack_array
from sandbox.interface import Call, RunRequest
from sandbox.jailed import Supervisor, open_supervisor
from sandbox.limits import Limits
from sandbox.procfs.tree import tree_of
from sandbox.run.warm_pool import Planned
from tests.redteam.classroom import until
from tests.support.process_trees import tree_ticks

pytestmark = pytest.mark.jail

_LIMITS = Limits(wall_seconds=60.0, cpu_seconds=20.0, memory_bytes=512 << 20, processes=40)
_TAIL = "\n\ndef answer(x):\n    return x\n"
_BURN = "def burn(*_):\n    while True: pass\n"
_LEFT_RUNNING = {
    "a thread": "import threading\n" + _BURN + "threading.Thread(target=burn, daemon=True).start()",
    "several threads": (
        "import threading\n" + _BURN + "for _ in range(4): threading.Thread(target=burn, daemon=True).start()"
    ),
    "a fork": "import os\n" + _BURN + "if os.fork() == 0: burn()",
    "a fork of a fork, in a session of its own": (
        "import os\n"
        + _BURN
        + "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: burn()\n    os._exit(0)"
    ),
    "forks that hand over": (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    while True:\n"
        "        start = time.process_time()\n"
        "        while time.process_time() - start < 0.2: pass\n"
        "        if os.fork(): os._exit(0)"
    ),
    "a thread without Python's lock": (
        "import hashlib, threading\n"
        "def burn():\n    while True: hashlib.pbkdf2_hmac('sha256', b'a', b'b', 1_000_000)\n"
        "threading.Thread(target=burn, daemon=True).start()"
    ),
    "a loop of NumPy": (
        "import threading\nimport numpy as np\n"
        "def burn():\n    held = np.ones((300, 300))\n    while True: held @ held\n"
        "threading.Thread(target=burn, daemon=True).start()"
    ),
    "a loop of XLA": (
        "import threading\nimport jax, jax.numpy as jnp\n"
        "def burn(): jax.lax.while_loop(lambda x: x >= 0, lambda x: (x + 1) % 7, 0)\n"
        "threading.Thread(target=burn, daemon=True).start()"
    ),
    "a timer that interrupts": (
        "import signal, time\n"
        "def ring(*_):\n    start = time.process_time()\n    while time.process_time() - start < 0.02: pass\n"
        "signal.signal(signal.SIGALRM, ring)\nsignal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)"
    ),
    "an event loop": (
        "import asyncio, threading\n"
        "async def spin():\n    while True: await asyncio.sleep(0)\n"
        "threading.Thread(target=asyncio.run, args=(spin(),), daemon=True).start()"
    ),
    "another that wakes it": (
        "import os, signal, time\nparent = os.getpid()\n"
        "if os.fork() == 0:\n    while True:\n"
        "        os.kill(parent, signal.SIGCONT)\n        time.sleep(0.01)"
    ),
    "one that ignores being stopped": (
        "import os, signal\n" + _BURN + "for number in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGCONT):\n"
        "    signal.signal(number, burn)"
    ),
}


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def supervisor(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervisor]:
    context = open_supervisor(cache=tmp_path_factory.mktemp("cache"), warm_jails=1)
    supervisor = runner.run(context.__aenter__())
    try:
        yield supervisor
    finally:
        runner.run(context.__aexit__(None, None, None))


@pytest.mark.parametrize("name", _LEFT_RUNNING)
def test_what_is_left_running_does_not_run(supervisor: Supervisor, runner: asyncio.Runner, name: str) -> None:
    """Either the jail does not wait at all, or nothing in it uses any processor time; then it is gone."""
    call = Call(function="answer", arguments=(pack_array(np.ones(3, np.float32)),))
    request = RunRequest(code=_LEFT_RUNNING[name] + _TAIL, parameters=("x",), calls=(call,))
    pool = supervisor.warm_pool
    runner.run(pool._prewarm(Planned(key="ada", request=request, limits=_LIMITS)))
    if pool.waits_for("ada"):
        pid = pool._waiting["ada"].child.pid
        used = tree_ticks(pid)
        runner.run(asyncio.sleep(0.5))
        assert tree_ticks(pid) == used
        processes = list(tree_of(pid))
        runner.run(pool._dismiss(["ada"]))
        # The kernel takes them apart one by one.
        runner.run(until(lambda: not any(process.exists() for process in processes)))
    assert supervisor.waiting_pids == []
