"""Processes of the sandbox are killed and stopped at every moment; every verdict is right all the same."""

import asyncio
import contextlib
import fcntl
import functools
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.isolation.bubblewrap import find_host_paths, jail_environment, unjailed_command
from sandbox.jailed import Supervisor
from tests.support.faulty_grader import BETWEEN_CALLS, RIGHT, SLOW, SLOW_AND_WRONG, WRONG, FaultyGrader, kill
from tests.support.opened_grader import opened_grader
from tests.support.process_trees import is_running

pytestmark = pytest.mark.jail

_PATIENCE_SECONDS = 60.0

_VICTIMS: dict[str, Callable[[FaultyGrader, Supervisor], int]] = {
    "bubblewrap": FaultyGrader.bubblewrap,
    "the first process of the fork server's namespace": FaultyGrader.first_of_the_namespace,
    "the fork server": FaultyGrader.fork_server,
    "the init": lambda faulty, sandbox: faulty.inits(sandbox)[-1],
    "the child": lambda faulty, sandbox: faulty.child_pids(sandbox)[-1],
}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyGrader]:
    data_dir: Path = tmp_path_factory.mktemp("faults")
    with opened_grader(data_dir, warm_jails=2, standby=True) as (grader, runner):
        faulty_grader = FaultyGrader(grader, runner)
        faulty_grader.run(faulty_grader.learn())
        yield faulty_grader


@pytest.mark.parametrize("victim", _VICTIMS)
@pytest.mark.parametrize(
    "code", [SLOW, SLOW_AND_WRONG, BETWEEN_CALLS], ids=["right", "wrong", "between-calls"]
)
def test_a_process_killed_during_a_run_costs_no_verdict(faulty: FaultyGrader, victim: str, code: str) -> None:
    """The run is made again; nobody calls it a crash."""

    async def scenario() -> None:
        grading = asyncio.ensure_future(faulty.is_right(code))
        await faulty.until_a_run()
        await asyncio.sleep(0.2)
        kill(_VICTIMS[victim](faulty, faulty.learners))
        assert await grading

    faulty.run(scenario())


def test_a_fork_server_killed_before_and_right_after_a_run(faulty: FaultyGrader) -> None:
    """The next submission does not even find it gone."""

    async def scenario() -> None:
        for code in (RIGHT, WRONG):
            kill(faulty.fork_server(faulty.learners))
            assert await faulty.is_right(code)
            kill(faulty.bubblewrap(faulty.learners))
        assert await faulty.is_right(RIGHT)

    faulty.run(scenario())


def test_a_fork_server_killed_under_several_runs(faulty: FaultyGrader) -> None:
    """Each of them is made again, in one fork server."""

    async def scenario() -> None:
        codes = [SLOW, SLOW_AND_WRONG, SLOW, WRONG]
        gradings = asyncio.gather(*(faulty.is_right(code) for code in codes))
        await faulty.until(lambda: len(faulty.child_pids(faulty.learners)) >= 3)
        await asyncio.sleep(0.3)
        kill(faulty.fork_server(faulty.learners))
        assert all(await gradings)

    faulty.run(scenario())


def test_one_lost_child_does_not_cost_the_others_their_fork_server(faulty: FaultyGrader) -> None:
    """Only the run that lost its init is made again."""

    async def scenario() -> None:
        await faulty.learners.warm_up()
        fork_server = faulty.fork_server(faulty.learners)
        gradings = asyncio.gather(faulty.is_right(SLOW), faulty.is_right(SLOW))
        await faulty.until(lambda: len(faulty.child_pids(faulty.learners)) >= 2)
        kill(faulty.inits(faulty.learners)[-1])
        assert all(await gradings)
        assert faulty.fork_server(faulty.learners) == fork_server

    faulty.run(scenario())


def test_the_spare_fork_server_takes_over(faulty: FaultyGrader) -> None:
    """Nobody waits for a start; bench/recovery.py measures how long it takes."""

    async def scenario(number: signal.Signals) -> None:
        await faulty.until_spare()
        spare = _spare(faulty)
        kill(faulty.fork_server(faulty.learners), number)
        assert await faulty.is_right(RIGHT)
        assert faulty.fork_server(faulty.learners) == spare

    for number in (signal.SIGKILL, signal.SIGSTOP):
        faulty.run(scenario(number))


def test_a_dead_fork_server_is_replaced_while_nobody_asks(faulty: FaultyGrader) -> None:
    """So that the next learner does not wait for the spare one's start either."""

    async def scenario() -> None:
        await faulty.until_spare()
        dead = faulty.fork_server(faulty.learners)
        kill(dead)
        fork_servers = faulty.learners.fork_servers
        await faulty.until(lambda: dead not in fork_servers.pids and len(fork_servers.pids) == 2)
        assert await faulty.is_right(RIGHT)

    faulty.run(scenario())


def test_a_spare_fork_server_that_dies_is_replaced(faulty: FaultyGrader) -> None:
    async def scenario() -> None:
        await faulty.until_spare()
        fork_servers = faulty.learners.fork_servers
        kill(_spare(faulty))
        await faulty.until(lambda: not fork_servers.has_spare)
        await faulty.until_spare()
        assert await faulty.is_right(RIGHT)

    faulty.run(scenario())


def test_a_fork_server_that_was_stopped_is_noticed_while_runs_go_on(faulty: FaultyGrader) -> None:
    """Its children go on without it; who asks for another child is not kept waiting."""

    async def scenario() -> None:
        await faulty.until_spare()
        running = asyncio.ensure_future(faulty.is_right(SLOW))
        await faulty.until_a_run()
        spare = _spare(faulty)
        kill(faulty.fork_server(faulty.learners), signal.SIGSTOP)
        assert await faulty.is_right(WRONG)
        assert faulty.fork_server(faulty.learners) == spare
        assert await running

    faulty.run(scenario())


def test_a_stopped_init_does_not_become_a_time_limit(
    faulty: FaultyGrader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing reports the child's end then; the run is made again."""
    monkeypatch.setattr(faulty.learners, "report_seconds", 1.0)

    async def scenario() -> None:
        grading = asyncio.ensure_future(faulty.is_right(SLOW))
        await faulty.until_a_run()
        await asyncio.sleep(0.2)
        init = faulty.inits(faulty.learners)[-1]
        kill(init, signal.SIGSTOP)
        assert await grading
        with contextlib.suppress(ProcessLookupError):
            kill(init)

    faulty.run(scenario())


@pytest.mark.parametrize("victim", ["the fork server", "the init", "the child"])
def test_a_process_killed_during_prewarming(faulty: FaultyGrader, victim: str) -> None:
    """The learner's next submission is graded without it."""

    async def scenario() -> None:
        assert await faulty.is_right(RIGHT, learner=f"{victim}, during")
        await faulty.until(lambda: faulty.child_pids(faulty.learners))
        kill(_VICTIMS[victim](faulty, faulty.learners))
        assert await faulty.is_right(WRONG, learner=f"{victim}, during")
        assert await faulty.is_right(RIGHT, learner=f"{victim}, during")

    faulty.run(scenario())


@pytest.mark.parametrize("victim", _VICTIMS)
@pytest.mark.parametrize("code", [RIGHT, WRONG], ids=["right", "wrong"])
def test_a_process_killed_while_a_child_waits(faulty: FaultyGrader, victim: str, code: str) -> None:
    async def scenario() -> None:
        learner = f"{victim}, waiting"
        assert await faulty.is_right(RIGHT, learner=learner)
        await faulty.until(lambda: faulty.grader.waits_for(faulty.problem, learner))
        kill(_VICTIMS[victim](faulty, faulty.learners))
        assert await faulty.is_right(code, learner=learner)

    faulty.run(scenario())


@pytest.mark.parametrize("victim", _VICTIMS)
def test_a_process_of_the_reference_killed_during_a_grade(faulty: FaultyGrader, victim: str) -> None:
    """Fresh cases get their expected values from a reference that stays loaded: another one is loaded."""

    async def scenario() -> None:
        for fresh_seed in (11, 12):
            assert await faulty.is_right(RIGHT, fresh_seed=fresh_seed)
            assert faulty.child_pids(faulty.trusted), "the reference stays loaded"
            grading = asyncio.ensure_future(faulty.is_right(SLOW, fresh_seed=fresh_seed))
            if fresh_seed == 12:
                await faulty.until_a_run()
            kill(_VICTIMS[victim](faulty, faulty.trusted))
            assert await grading
            assert await faulty.is_right(WRONG, fresh_seed=fresh_seed)

    faulty.run(scenario())


def test_a_child_killed_time_and_again_is_no_fault_of_the_sandbox(faulty: FaultyGrader) -> None:
    """A host that has no memory left for this code ends it every time: then that is its verdict."""

    async def scenario() -> str:
        grading = asyncio.ensure_future(faulty.grade(SLOW))
        seen: set[int] = set()
        while not grading.done():
            for child in set(faulty.child_pids(faulty.learners)) - set(faulty.learners.waiting_pids) - seen:
                seen.add(child)
                kill(child)
            await asyncio.sleep(0.01)
        assert len(seen) == 3
        return (await grading).outcome.value

    assert faulty.run(scenario()) == "crashed"


def test_whatever_dies_whenever_every_verdict_is_right(faulty: FaultyGrader) -> None:
    """Learners with and without a pre-warmed child, three at a time, and one death at a random moment."""
    chance = random.Random(20261121)
    codes = [RIGHT, WRONG, SLOW, SLOW_AND_WRONG, BETWEEN_CALLS]

    async def scenario() -> None:
        for round_number in range(8):
            learners = [f"learner {round_number % 3}", "another", None]
            gradings = asyncio.gather(
                *(
                    faulty.is_right(chance.choice(codes), learner=learner, fresh_seed=chance.randrange(9))
                    for learner in learners
                )
            )
            await asyncio.sleep(chance.uniform(0, 1.2))
            sandbox = chance.choice([faulty.learners, faulty.learners, faulty.trusted])
            victim = _VICTIMS[chance.choice(list(_VICTIMS))]
            # There may be no such process just then.
            with contextlib.suppress(IndexError, ProcessLookupError):
                kill(victim(faulty, sandbox))
            assert all(await gradings)

    faulty.run(scenario())


def test_the_dead_leave_no_process(faulty: FaultyGrader) -> None:
    """What a fork server started ends with it, whichever of its processes is killed first."""

    async def scenario() -> None:
        for victim in ("bubblewrap", "the first process of the fork server's namespace", "the fork server"):
            grading = asyncio.ensure_future(faulty.is_right(SLOW))
            await faulty.until_a_run()
            family = [
                faulty.bubblewrap(faulty.learners),
                faulty.first_of_the_namespace(faulty.learners),
                faulty.fork_server(faulty.learners),
                *faulty.inits(faulty.learners),
                *faulty.child_pids(faulty.learners),
            ]
            kill(_VICTIMS[victim](faulty, faulty.learners))
            assert await grading
            await faulty.until(functools.partial(_are_gone, family))

    faulty.run(scenario())


def _spare(faulty: FaultyGrader) -> int:
    spare = faulty.learners.fork_servers._spare
    assert spare is not None
    return spare.result().pid


def _are_gone(pids: list[int]) -> bool:
    return not any(map(is_running, pids))


def test_a_fork_server_that_still_imports_ends_with_its_supervisor() -> None:
    """Before it is ready nothing else ties it to the service: it would go on importing for seconds."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    number = theirs.fileno()
    command = unjailed_command(find_host_paths(), control=number, patches=())
    process = subprocess.Popen(command, pass_fds=[number], env=jail_environment(), stderr=subprocess.PIPE)
    theirs.close()
    assert process.stderr is not None
    with process.stderr, ours:
        while not _flags(process.pid, number) & fcntl.FASYNC:
            time.sleep(0.01)
        ours.close()
        assert process.wait(_PATIENCE_SECONDS) == -signal.SIGIO


def _flags(pid: int, descriptor: int) -> int:
    """As of open(2); none while the process has no such descriptor."""
    try:
        lines = Path(f"/proc/{pid}/fdinfo/{descriptor}").read_text().splitlines()
    except FileNotFoundError:
        return 0
    return next(int(line.split()[1], 8) for line in lines if line.startswith("flags:"))
