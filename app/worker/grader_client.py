"""The service's end of the grading process, which is begun again where it is killed."""

import asyncio
import contextlib
import itertools
import logging
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from app.core.events import Event
from app.core.log_context import submission_of_log
from app.core.problem import Problem
from app.core.verdict import Mode, Verdict
from app.errors import GraderError, GraderGone
from app.grading.grader import GradingStage
from app.grading.prove.mutants.results import MutantResult
from app.grading.prove.results import ProofResult
from app.worker.grader_protocol import (
    Cancel,
    Close,
    Confirm,
    Explain,
    Failed,
    Grade,
    Graded,
    Happened,
    Mutate,
    Prepare,
    Prepared,
    Prove,
    Proved,
    Ready,
    Reply,
    Request,
    ResultKnown,
    SeedTaken,
    StageTook,
    TakeSeed,
    Unavailable,
    Unexplained,
    WarmJails,
    receive,
    replies,
    send,
)
from app.worker.grades import OnUnexplained
from sandbox.interface import SandboxError, SandboxUnavailable, Starved

_CLOSE_SECONDS = 10.0
_CANCEL_SECONDS = 10.0

_log = logging.getLogger("jaxercise.worker")


End = Graded | Prepared | Proved | SeedTaken


class _Call:
    """A request under way: its end, and who hears of what happens until then."""

    def __init__(
        self,
        on_event: Callable[[Event], None] | None = None,
        on_unexplained: OnUnexplained | None = None,
        on_result: Callable[[Any], None] | None = None,
    ) -> None:
        self.end: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self.on_result = on_result or (lambda result: None)
        self.on_event = on_event or (lambda event: None)
        self.on_unexplained = on_unexplained or (lambda output: None)

    def take(self, reply: Happened | Unexplained | ResultKnown | Failed | End) -> None:
        match reply:
            case ResultKnown():
                self.on_result(reply.result)
            case Happened():
                self.on_event(reply.event)
            case Unexplained():
                self.on_unexplained(reply.output)
            case Failed():
                self.fail(_fault_of(reply))
            case _:
                if not self.end.done():
                    self.end.set_result(reply)

    def fail(self, fault: Exception) -> None:
        if not self.end.done():
            self.end.set_exception(fault)
            self.end.exception()  # Nobody may be left to ask, where the call was cancelled.


def _fault_of(failed: Failed) -> Exception:
    if failed.is_starved:
        return Starved(failed.message)
    return (SandboxError if failed.is_sandbox else GraderError)(failed.message)


class GraderClient:
    """A `Grades` whose methods are requests. Made by `open_grader_client`."""

    def __init__(self, on_stage: Callable[[GradingStage, float], None]) -> None:
        self._on_stage = on_stage
        self._calls: dict[int, _Call] = {}
        self._numbers = itertools.count()
        self._writer: asyncio.StreamWriter | None = None
        self._ready = asyncio.Event()
        self._environment: dict[str, str] = {}
        self.waiting_pids: list[int] = []
        self.pid: int | None = None
        """The grading process; None while it is begun again."""

    def environment(self) -> dict[str, str]:
        return self._environment

    async def take_seed(self, problem: Problem) -> int | None:
        end = await self._ask(TakeSeed(call=next(self._numbers), problem=problem), _Call())
        assert isinstance(end, SeedTaken)
        return end.seed

    async def prepare_reference(self, problem: Problem) -> None:
        await self._ask(Prepare(call=next(self._numbers), problem=problem, part="reference"), _Call())

    async def prepare_solutions(self, problem: Problem) -> None:
        await self._ask(Prepare(call=next(self._numbers), problem=problem, part="solutions"), _Call())

    async def prepare_mutants(self, problem: Problem) -> None:
        await self._ask(Prepare(call=next(self._numbers), problem=problem, part="mutants"), _Call())

    async def grade(
        self,
        problem: Problem,
        code: str,
        mode: Mode,
        *,
        fresh_seed: int | None,
        on_event: Callable[[Event], None],
        learner: str | None,
        on_unexplained: OnUnexplained,
    ) -> Verdict:
        """Grade as `app.grading.grader.Grader.grade` does.

        Raises:
            GraderGone: the grading process was killed under this run.
            GraderError, SandboxError: what the grader raised.
        """
        request = Grade(
            call=next(self._numbers),
            problem=problem,
            code=code,
            mode=mode,
            fresh_seed=fresh_seed,
            learner=learner,
            submission_in_log=submission_of_log(),
        )
        end = await self._ask(request, _Call(on_event, on_unexplained))
        assert isinstance(end, Graded)
        return end.verdict

    async def explain(
        self,
        problem: Problem,
        code: str,
        mode: Mode,
        verdict: Verdict,
        *,
        on_unexplained: OnUnexplained,
    ) -> Verdict:
        """Explain as `app.grading.grader.Grader.explain` does; raise as `grade` does."""
        return await self._run_again(Explain, problem, code, mode, verdict, on_unexplained)

    async def confirm(
        self,
        problem: Problem,
        code: str,
        mode: Mode,
        verdict: Verdict,
        *,
        on_unexplained: OnUnexplained,
    ) -> Verdict:
        """Confirm as `app.grading.grader.Grader.confirm` does; raise as `grade` does."""
        return await self._run_again(Confirm, problem, code, mode, verdict, on_unexplained)

    async def _run_again(
        self,
        what: type[Explain | Confirm],
        problem: Problem,
        code: str,
        mode: Mode,
        verdict: Verdict,
        on_unexplained: OnUnexplained,
    ) -> Verdict:
        request = what(
            call=next(self._numbers),
            problem=problem,
            code=code,
            mode=mode,
            verdict=verdict,
            submission_in_log=submission_of_log(),
        )
        end = await self._ask(request, _Call(on_unexplained=on_unexplained))
        assert isinstance(end, Graded)
        return end.verdict

    async def prove(self, problem: Problem) -> AsyncGenerator[ProofResult, None]:
        """Prove as `ProvingGrader.prove` does; whoever stops to ask for results stops the proof.

        Raises:
            GraderGone: the grading process was killed under it.
            GraderError, SandboxError: what the grader raised.
        """
        request = Prove(call=next(self._numbers), problem=problem, submission_in_log=submission_of_log())
        async with contextlib.aclosing(self._results(request)) as results:
            async for result in results:
                yield result

    async def mutate(self, problem: Problem) -> AsyncGenerator[MutantResult, None]:
        """Run mutants as `ProvingGrader.mutate` does; stop and raise as `prove` does."""
        request = Mutate(call=next(self._numbers), problem=problem, submission_in_log=submission_of_log())
        async with contextlib.aclosing(self._results(request)) as results:
            async for result in results:
                yield result

    async def _results(self, request: Prove | Mutate) -> AsyncGenerator[Any, None]:
        known: asyncio.Queue[Any] = asyncio.Queue()
        asking = asyncio.ensure_future(self._ask(request, _Call(on_result=known.put_nowait)))
        try:
            while not (asking.done() and known.empty()):
                result = asyncio.ensure_future(known.get())
                await asyncio.wait({result, asking}, return_when=asyncio.FIRST_COMPLETED)
                if result.done():
                    yield result.result()
                result.cancel()
            asking.result()
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def _ask(
        self, request: Grade | Explain | Confirm | Prepare | Prove | Mutate | TakeSeed, call: _Call
    ) -> End:
        await self._ready.wait()
        self._calls[request.call] = call
        try:
            self._send(request)
            return await asyncio.shield(call.end)
        except asyncio.CancelledError:
            call.on_event, call.on_unexplained = (lambda event: None), (lambda output: None)
            self._send(Cancel(call=request.call))
            # A slot is free once the jail is gone.
            await asyncio.wait([call.end], timeout=_CANCEL_SECONDS)
            raise
        finally:
            del self._calls[request.call]

    def _send(self, request: Request) -> None:
        if self._writer is not None:
            send(self._writer, request)

    async def converse(self, control: socket.socket) -> None:
        """Take each new channel that `control` hands over, until it ends.

        Raises:
            SandboxUnavailable: the sandbox cannot be opened on this host.
            SandboxError: the grading process ended and is not begun again.
        """
        while (channel := await _next_channel(control)) is not None:
            reader, writer = await asyncio.open_connection(sock=channel)
            self._writer = writer
            try:
                while (reply := await receive(reader, replies)) is not None:
                    self._take(reply)
            finally:
                self._writer, self.pid, self.waiting_pids = None, None, []
                self._ready.clear()
                for call in self._calls.values():
                    call.fail(GraderGone())
                writer.close()
        raise SandboxError("the grading process ended and is not begun again")

    def _take(self, reply: Reply) -> None:
        match reply:
            case Ready():
                self._environment, self.pid = reply.environment, reply.pid
                self._ready.set()
            case Unavailable():
                raise SandboxUnavailable(reply.message)
            case StageTook():
                self._on_stage(reply.stage, reply.seconds)
            case WarmJails():
                self.waiting_pids = list(reply.pids)
            case _:
                # None where it was cancelled, and ended in the same moment.
                if (call := self._calls.get(reply.call)) is not None:
                    call.take(reply)

    async def wait_until_ready(self) -> None:
        await self._ready.wait()

    def close(self) -> None:
        """Have the process end its jails and itself."""
        self._send(Close())


@asynccontextmanager
async def open_grader_client(
    control: socket.socket, on_stage: Callable[[GradingStage, float], None]
) -> AsyncIterator[GraderClient]:
    """Grade in the process that hands its channels over through `control`, and end it with the block.

    Raises:
        SandboxUnavailable: the sandbox cannot be opened on this host.
        SandboxError: the grading process ended and is not begun again.
    """
    client = GraderClient(on_stage)
    conversation = asyncio.create_task(client.converse(control))
    body = asyncio.current_task()
    assert body is not None
    is_over = False

    def end_body(_: object) -> None:
        if not is_over:
            body.cancel()

    conversation.add_done_callback(end_body)
    try:
        await client.wait_until_ready()
        yield client
    except asyncio.CancelledError:
        if conversation.done() and not conversation.cancelled():
            body.uncancel()
            conversation.result()
        raise
    finally:
        is_over = True
        client.close()
        await asyncio.wait([conversation], timeout=_CLOSE_SECONDS)
        conversation.cancel()
        await asyncio.gather(conversation, return_exceptions=True)
        control.close()


async def _next_channel(control: socket.socket) -> socket.socket | None:
    """Wait for a descriptor that the other end sends; None once it is gone."""
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()
    loop.add_reader(control.fileno(), _resolve, readable)
    try:
        await readable
    finally:
        loop.remove_reader(control.fileno())
    try:
        _, descriptors, _, _ = socket.recv_fds(control, 1, 1)
    except OSError:
        return None
    if not descriptors:
        return None
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=descriptors[0])


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
