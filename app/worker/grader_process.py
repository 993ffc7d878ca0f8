"""The grading process's end: answers the service's requests with a real grader until it is told to close.

Comparing, explaining and drawing take whole cores at times; in a process of their own they never hold up the
one that answers pages.
"""

import asyncio
import contextlib
import functools
import logging
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager

from app.core.log_context import submission_in_log
from app.core.problem import Problem
from app.core.verdict import Verdict
from app.errors import GraderError
from app.grading.grader import GradingStage
from app.grading.prove.mutants.results import MutantResult
from app.grading.prove.results import ProofResult
from app.metrics.loop_watch import ignore_hold, watching_loop
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
    ResultKnown,
    RunAgain,
    SeedTaken,
    StageTook,
    TakeSeed,
    Unavailable,
    Unexplained,
    WarmJails,
    receive,
    requests,
    send,
)
from app.worker.grades import Grades
from sandbox.interface import SandboxError, Starved

_LOOK_SECONDS = 1.0

OpenGraderFor = Callable[[Callable[[GradingStage, float], None]], AbstractAsyncContextManager[Grades]]
"""Opens a grader that reports how long each of its stages takes."""

_log = logging.getLogger("jaxercise.worker")


async def serve_grader(channel: socket.socket, open_grader: OpenGraderFor) -> None:
    """Answer what comes through `channel` until it says `Close` or ends; then end all jails.

    A sandbox that cannot be opened here is reported as `Unavailable`, not raised.
    """
    reader, writer = await asyncio.open_connection(sock=channel)

    def reply(message: Reply) -> None:
        # After a kill of the service there is nobody left to write to; the channel's end is noticed below.
        with contextlib.suppress(ConnectionError, RuntimeError):
            send(writer, message)

    def stage(name: GradingStage, seconds: float) -> None:
        reply(StageTook(stage=name, seconds=seconds))

    try:
        async with watching_loop(ignore_hold), open_grader(stage) as grader:
            reply(Ready(pid=os.getpid(), environment=grader.environment()))
            await _Conversation(grader, reply).hold(reader)
    except (GraderError, SandboxError) as fault:
        reply(Unavailable(message=str(fault)))
        # The service may have ended meanwhile, for a reason that it has said itself.
        with contextlib.suppress(ConnectionError):
            await writer.drain()
    finally:
        writer.close()


class _Conversation:
    """Each request is a task of its own; its end is one reply."""

    def __init__(self, grader: Grades, reply: Callable[[Reply], None]) -> None:
        self._grader = grader
        self._reply = reply
        self._calls: dict[int, asyncio.Task[None]] = {}

    async def hold(self, reader: asyncio.StreamReader) -> None:
        watching = asyncio.create_task(self._watch_warm_jails())
        try:
            while (request := await receive(reader, requests)) is not None:
                match request:
                    case Close():
                        return
                    case Cancel():
                        if request.call in self._calls:
                            self._calls[request.call].cancel()
                    case _:
                        task = asyncio.create_task(self._answer(request))
                        task.add_done_callback(functools.partial(self._ended, request.call))
                        self._calls[request.call] = task
        finally:
            tasks = [watching, *self._calls.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, request: Grade | Explain | Confirm | Prepare | Prove | Mutate | TakeSeed) -> None:
        call = request.call
        try:
            with contextlib.ExitStack() as stack:
                about = getattr(request, "submission_in_log", None)
                if about is not None:
                    stack.enter_context(submission_in_log(about))
                self._reply(await self._end_of(request))
        except (GraderError, SandboxError) as fault:
            self._reply(
                Failed(
                    call=call,
                    is_sandbox=isinstance(fault, SandboxError),
                    message=str(fault),
                    is_starved=isinstance(fault, Starved),
                )
            )
        except Exception as fault:
            _log.exception("the grader broke")
            self._reply(Failed(call=call, is_sandbox=False, message=f"{type(fault).__name__}: {fault}"))

    def _ended(self, call: int, task: "asyncio.Task[None]") -> None:
        """Forget the call, and answer one that was cancelled, perhaps before it had begun."""
        del self._calls[call]
        if task.cancelled():
            self._reply(Failed(call=call, is_sandbox=False, message="cancelled"))

    def _end_of(
        self, request: Grade | Explain | Confirm | Prepare | Prove | Mutate | TakeSeed
    ) -> Coroutine[None, None, Reply]:
        match request:
            case Grade():
                return self._grade(request)
            case Explain():
                return self._run_again(self._grader.explain, request)
            case Confirm():
                return self._run_again(self._grader.confirm, request)
            case Prepare():
                return self._prepare(request)
            case Prove():
                return self._results(request, self._grader.prove)
            case Mutate():
                return self._results(request, self._grader.mutate)
            case TakeSeed():
                return self._take_seed(request)

    async def _grade(self, request: Grade) -> Reply:
        verdict = await self._grader.grade(
            request.problem,
            request.code,
            request.mode,
            fresh_seed=request.fresh_seed,
            on_event=lambda event: self._reply(Happened(call=request.call, event=event)),
            learner=request.learner,
            on_unexplained=lambda output: self._reply(Unexplained(call=request.call, output=output)),
        )
        return Graded(call=request.call, verdict=verdict)

    async def _run_again(self, run: "Callable[..., Awaitable[Verdict]]", request: RunAgain) -> Reply:
        verdict = await run(
            request.problem,
            request.code,
            request.mode,
            request.verdict,
            on_unexplained=lambda output: self._reply(Unexplained(call=request.call, output=output)),
        )
        return Graded(call=request.call, verdict=verdict)

    async def _prepare(self, request: Prepare) -> Reply:
        prepare = {
            "reference": self._grader.prepare_reference,
            "solutions": self._grader.prepare_solutions,
            "mutants": self._grader.prepare_mutants,
        }[request.part]
        await prepare(request.problem)
        return Prepared(call=request.call)

    async def _results(
        self,
        request: Prove | Mutate,
        work: "Callable[[Problem], AsyncGenerator[ProofResult | MutantResult, None]]",
    ) -> Reply:
        async with contextlib.aclosing(work(request.problem)) as results:
            async for result in results:
                self._reply(ResultKnown(call=request.call, result=result))
        return Proved(call=request.call)

    async def _take_seed(self, request: TakeSeed) -> Reply:
        return SeedTaken(call=request.call, seed=await self._grader.take_seed(request.problem))

    async def _watch_warm_jails(self) -> None:
        last: tuple[int, ...] = ()
        environment = self._grader.environment()
        while True:
            if environment != (environment := self._grader.environment()):
                self._reply(Ready(pid=os.getpid(), environment=environment))  # Limits are scaled anew.
            now = tuple(self._grader.waiting_pids)
            if now != last:
                self._reply(WarmJails(pids=now))
                last = now
            await asyncio.sleep(_LOOK_SECONDS)
