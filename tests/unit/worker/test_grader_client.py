"""A grader in another process: what it is asked and answers, what it raises, and what a kill does to it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from app.catalog.problem_folder import problem_files, read_problem
from app.core.events import CaseDone, Event, Running
from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.submission import UnexplainedOutput
from app.core.verdict import Mode, Verdict
from app.errors import GraderError, GraderGone
from app.grading.grader import GradingStage
from app.worker.grader_client import GraderClient, open_grader_client
from app.worker.grader_process import serve_grader
from app.worker.grader_protocol import Cancel, Failed, SeedTaken, TakeSeed, receive, replies, send
from sandbox.interface import SandboxError, SandboxUnavailable, Starved
from tests.support.checkout import CHECKOUT
from tests.support.scripted_grader import ScriptedGrader
from tests.support.small_problem import small_problem

pytestmark = pytest.mark.anyio

Stages = list[tuple[GradingStage, float]]


class Far:
    """The other end of `control`: begins a grading process (a task here) and can kill it."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self.grader = Recorder()
        self.task: asyncio.Task[None] | None = None
        self._channel: socket.socket | None = None
        self._is_killed = False

    def begin(self, fault: Exception | None = None) -> None:
        here, there = socket.socketpair()
        socket.send_fds(self._control, [b"+"], [there.fileno()])
        there.close()
        self._channel = here

        @asynccontextmanager
        async def open_grader(on_stage: Callable[[GradingStage, float], None]) -> AsyncIterator[Recorder]:
            if fault is not None:
                raise fault
            on_stage("running", 0.25)
            yield self.grader

        self.task = asyncio.create_task(serve_grader(here.dup(), open_grader))

        def ended(_: object) -> None:
            here.close()
            if not self._is_killed:  # It was told to close, and is not begun again.
                self.close()

        self._is_killed = False
        self.task.add_done_callback(ended)

    async def kill(self) -> None:
        """As SIGKILL does it: nothing more is said, and the channel is at its end."""
        assert self.task is not None
        assert self._channel is not None
        self._is_killed = True
        self._channel.shutdown(socket.SHUT_RDWR)
        await asyncio.wait([self.task])

    def close(self) -> None:
        """As a process that gives up: the control is at its end as well."""
        self._control.close()


class Recorder(ScriptedGrader):
    """Remembers what was prepared; raises what it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.prepared: list[tuple[str, Problem]] = []
        self.fault: Exception | None = None

    @property
    def waiting_pids(self) -> list[int]:
        return [71, 72]

    async def take_seed(self, problem: Problem) -> int | None:
        return 12345

    async def prepare_reference(self, problem: Problem) -> None:
        if self.fault is not None:
            raise self.fault
        self.prepared.append(("reference", problem))

    async def prepare_solutions(self, problem: Problem) -> None:
        self.prepared.append(("solutions", problem))

    async def prepare_mutants(self, problem: Problem) -> None:
        self.prepared.append(("mutants", problem))


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[GraderClient, Far, Stages]]:
    ours, theirs = socket.socketpair()
    far, stages = Far(theirs), Stages()
    far.begin()
    try:
        async with open_grader_client(ours, lambda stage, seconds: stages.append((stage, seconds))) as client:
            yield client, far, stages
    finally:
        far.close()


def a_problem() -> Problem:
    return read_problem(small_problem())


async def grade(
    client: GraderClient, code: str, events: list[Event], unexplained: list[UnexplainedOutput] | None = None
) -> Verdict:
    return await client.grade(
        a_problem(),
        code,
        Mode.SUBMIT,
        fresh_seed=7,
        on_event=events.append,
        learner="ada",
        on_unexplained=(unexplained if unexplained is not None else []).append,
    )


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(100):
        while not condition():  # noqa: ASYNC110 - the other end says nothing of it
            await asyncio.sleep(0.005)


async def test_events_verdict_and_stages_come_through_as_they_were() -> None:
    async with connected() as (client, _, stages):
        events: list[Event] = []
        unexplained: list[UnexplainedOutput] = []
        verdict = await grade(
            client, "print hello\nunexplained 1.5 2\noutcome wrong_value", events, unexplained
        )

        direct: list[Event] = []
        expected = await ScriptedGrader().grade(
            a_problem(),
            "print hello\nunexplained 1.5 2\noutcome wrong_value",
            Mode.SUBMIT,
            fresh_seed=7,
            on_event=direct.append,
        )
        assert (verdict, events) == (expected, direct)
        assert isinstance(events[0], Running)
        assert isinstance(events[-1], CaseDone)
        assert len(unexplained) == 1
        assert stages == [("running", 0.25)]
        assert client.environment() == {"grader": "scripted"}
        assert await client.take_seed(a_problem()) == 12345
        await until(lambda: client.waiting_pids == [71, 72])


async def test_a_look_is_finished_through_the_channel_as_well() -> None:
    async with connected() as (client, _, _):
        code = "outcome wrong_value\ncut_short\nfound reads_last"
        first = await grade(client, code, [])
        later = await client.explain(a_problem(), code, Mode.SUBMIT, first, on_unexplained=lambda found: None)
        assert later == await ScriptedGrader().explain(a_problem(), code, Mode.SUBMIT, first)
        assert later.diagnosis is not None
        with pytest.raises(GraderError, match="as it was told"):
            await client.explain(
                a_problem(), "later_break 1", Mode.SUBMIT, first, on_unexplained=lambda found: None
            )


@pytest.mark.parametrize("slug", ["41-encoder-block", "45-vit-mean-pool", "46-vit-cls-token"])
async def test_a_real_problem_arrives_whole(slug: str) -> None:
    files = problem_files(CHECKOUT / "problems" / slug, CHECKOUT / "reference_solutions" / slug)
    problem = read_problem(files)
    async with connected() as (client, far, _):
        await client.prepare_reference(problem)
        await client.prepare_solutions(problem)
        assert far.grader.prepared == [("reference", problem), ("solutions", problem)]


async def test_several_runs_at_once_do_not_mix() -> None:
    async with connected() as (client, _, _):
        events: list[list[Event]] = [[], [], []]
        codes = ["wait 0.05\noutcome wrong_shape", "outcome accepted", "wait 0.02\noutcome wrong_dtype"]
        verdicts = await asyncio.gather(
            *(grade(client, code, received) for code, received in zip(codes, events, strict=True))
        )
    assert [verdict.outcome for verdict in verdicts] == [
        Outcome.WRONG_SHAPE,
        Outcome.ACCEPTED,
        Outcome.WRONG_DTYPE,
    ]
    assert all(len(found) == len(events[0]) for found in events)


async def test_a_run_that_nobody_wants_is_stopped_over_there() -> None:
    async with connected() as (client, far, _):
        events: list[Event] = []
        run = asyncio.create_task(grade(client, "wait 60", events))
        await until(lambda: events)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert far.grader.stopped == ["wait 60"], "it has ended when the cancellation has"


async def test_a_request_that_is_cancelled_before_it_has_begun_is_answered() -> None:
    """Both may arrive at once, as at a stop; whoever cancels waits for the end."""
    here, there = socket.socketpair()

    @asynccontextmanager
    async def open_grader(on_stage: Callable[[GradingStage, float], None]) -> AsyncIterator[Recorder]:
        yield Recorder()

    serving = asyncio.create_task(serve_grader(there, open_grader))
    reader, writer = await asyncio.open_connection(sock=here)
    send(writer, TakeSeed(call=7, problem=a_problem()))
    send(writer, Cancel(call=7))
    async with asyncio.timeout(20):
        while not isinstance(reply := await receive(reader, replies), Failed):
            assert not isinstance(reply, SeedTaken)
    assert reply.call == 7
    writer.close()
    await serving


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (GraderError("no answer"), GraderError),
        (SandboxError("the jail broke"), SandboxError),
        (Starved("the machine is busy"), Starved),
    ],
)
async def test_what_it_raises_is_raised_here(fault: Exception, kind: type[Exception]) -> None:
    async with connected() as (client, far, _):
        far.grader.fault = fault
        with pytest.raises(kind, match=str(fault)):
            await client.prepare_reference(a_problem())


async def test_a_bug_over_there_is_an_error_of_ours_with_its_name(caplog: pytest.LogCaptureFixture) -> None:
    async with connected() as (client, far, _):
        far.grader.fault = ZeroDivisionError("division by zero")
        with pytest.raises(GraderError, match="ZeroDivisionError: division by zero"):
            await client.prepare_reference(a_problem())
    assert "the grader broke" in caplog.text


async def test_a_kill_ends_what_is_under_way_and_what_comes_next_is_graded_by_its_successor() -> None:
    async with connected() as (client, far, _):
        events: list[Event] = []
        run = asyncio.create_task(grade(client, "wait 60", events))
        await until(lambda: events)
        await far.kill()
        with pytest.raises(GraderGone):
            await run
        assert client.pid is None
        waiting = asyncio.create_task(grade(client, "right", events))
        far.begin()
        assert (await waiting).accepted


@pytest.mark.parametrize("fault", [SandboxUnavailable("no user namespaces"), GraderError("no place")])
async def test_a_host_that_cannot_jail_is_reported_where_the_grader_is_opened(fault: Exception) -> None:
    ours, theirs = socket.socketpair()
    far = Far(theirs)
    far.begin(fault)
    with pytest.raises(SandboxUnavailable, match=str(fault)):
        async with open_grader_client(ours, lambda stage, seconds: None):
            pass
    far.close()


async def test_a_process_that_is_not_begun_again_ends_whoever_grades_with_it() -> None:
    """As after five kills in a row; the worker then stops, and the service says why."""

    async def lose_it() -> None:
        async with connected() as (_, far, _):
            await far.kill()
            far.close()
            await asyncio.Event().wait()

    with pytest.raises(SandboxError, match="not begun again"):
        await lose_it()


async def test_a_stop_from_outside_stays_a_stop() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with connected():
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_end_of_the_block_closes_the_other_end() -> None:
    async with connected() as (_, far, _):
        pass
    assert far.task is not None
    await asyncio.wait_for(far.task, 100)


async def test_a_proof_comes_through_result_by_result() -> None:
    """Infinite distances among them; whoever asks no further stops it."""
    async with connected() as (client, far, _):
        direct = [result async for result in ScriptedGrader().prove(a_problem())]
        assert [result async for result in client.prove(a_problem())] == direct
        async with contextlib.aclosing(client.prove(remarked("wait"))) as proving:
            assert await anext(proving) == direct[0]
        assert len(far.grader.proven) == 2
        assert client._calls == {}


async def test_what_breaks_a_proof_is_raised_after_its_first_results() -> None:
    async with connected() as (client, far, _):
        breaking = client.prove(remarked("break"))
        await anext(breaking)
        with pytest.raises(GraderError, match="as it was told"):
            await anext(breaking)
        proving = client.prove(remarked("wait"))
        await anext(proving)
        await far.kill()
        with pytest.raises(GraderGone):
            await anext(proving)
        far.begin()
        await until(lambda: client.pid)


def remarked(word: str) -> Problem:
    """One whose reference tells the scripted grader what to do in a proof."""
    files = small_problem()
    files["reference/reference.py"] += f"# {word}\n".encode()
    return read_problem(files)
