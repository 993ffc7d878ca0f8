"""Outputs of trusted solutions: run once in a jail of their own, then kept on disk.

Trusted are a problem's reference, its also-right solutions and its variants. Their runs also fill
the compilation cache that learners' jails may only read.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from app.core.problem import Problem
from app.errors import ReferenceFailed
from app.grading.plan.checks import Check
from app.grading.plan.processes import by_process
from app.grading.plan.request import compartment, outputs_of, request_of_programs
from app.grading.reference.sessions import ReferenceSessions
from sandbox.interface import (
    Arrays,
    Call,
    CallResult,
    DrawnKey,
    Ending,
    Outputs,
    Parameter,
    RunRequest,
    RunResult,
)
from sandbox.jailed import Supervisor
from sandbox.limits import Limits, Slowdown
from sandbox.whole_file import write_whole

TRUSTED_LIMITS = Limits(
    wall_seconds=600,
    idle_seconds=60,
    cpu_seconds=1200,
    memory_bytes=4 << 30,
    processes=256,
    output_bytes=1 << 20,
)
_IN_MEMORY = 4096
_FORMAT = b"3"
"""Of what is on disk: another one has other keys, so that neither older nor newer code misreads it."""


class ReferenceOutput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The output of a trusted solution for one check; `failure` says why it gave no array."""

    arrays: Arrays = {}
    parameters: tuple[Parameter, ...] | None = None
    stages: Arrays = {}
    """What was recorded on the way, where its call asks for stages."""
    drawn_keys: tuple[DrawnKey, ...] | None = None
    """What its module's parameters were made of, where its call asks for that."""
    failure: str = ""


class ReferenceOutputs:
    """Looks answers up, and computes those that are missing in one run."""

    def __init__(self, sandbox: Supervisor, folder: Path) -> None:
        self._sandbox = sandbox
        self._folder = folder
        self._memory: dict[str, ReferenceOutput] = {}
        self._sessions = ReferenceSessions(sandbox, TRUSTED_LIMITS)
        self._tasks: set[asyncio.Task[list[tuple[ReferenceOutput, ...]]]] = set()
        self._running: dict[tuple[str, int], asyncio.Lock] = {}

    async def of_reference(self, problem: Problem, checks: Sequence[Check]) -> tuple[ReferenceOutput, ...]:
        """Return the expected answers.

        Raises:
            ReferenceFailed: the reference gave no array for one of the checks.
        """
        lasting = [check for check in checks if not check.is_fresh]
        fresh = [check for check in checks if check.is_fresh]
        [kept] = await self.of_solutions(problem, [problem.reference], lasting)
        drawn = await self._of_fresh(problem, fresh)
        known = dict(zip([check.name for check in (*lasting, *fresh)], (*kept, *drawn), strict=True))
        answers = tuple(known[check.name] for check in checks)
        for check, answer in zip(checks, answers, strict=True):
            if answer.failure:
                raise ReferenceFailed(
                    f"the reference of {problem.slug} failed on {check.name}: {answer.failure}"
                )
        return answers

    async def prepare_fresh(self, problem: Problem, checks: Sequence[Check]) -> None:
        """Keep the reference's answers to these fresh checks in memory, for one submission to come.

        Raises:
            ReferenceFailed: the reference does not load.
            SandboxError: the jail broke.
        """
        outputs = outputs_of(problem.manifest.entry)
        for check, answer in zip(checks, await self._of_fresh(problem, checks), strict=True):
            self._keep(_key(problem, problem.reference, check.call, outputs), answer, lasting=False)

    async def of_solutions(
        self,
        problem: Problem,
        codes: Sequence[str],
        checks: Sequence[Check],
        *,
        niceness: int = 0,
        each: Limits | None = None,
    ) -> list[tuple[ReferenceOutput, ...]]:
        """Return for each solution its answers to `checks`, in order.

        Each may take the time that `each` gives it, or else all that trusted code has. Those to fresh checks
        are kept in memory only, since they are asked for again by the regrades of one submission at most. Who
        gives up waiting does not stop the computation: the next one who asks finds it done.

        Raises:
            ReferenceFailed: a solution did not run to its end.
            SandboxError: the jail broke.
        """
        outputs = outputs_of(problem.manifest.entry)
        keys = [[_key(problem, code, check.call, outputs) for check in checks] for code in codes]
        found = {key: self._look_up(key) for asked in keys for key in asked}
        if all(found.values()):
            # What is there is not waited for at all, however little time whoever asks has left, and whoever
            # computes beside it, perhaps stepping back for this very run.
            return _by_solution(keys, found)
        task = asyncio.ensure_future(
            self._of_solutions(problem, codes, checks, keys, niceness=niceness, each=each)
        )
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    async def _of_solutions(
        self,
        problem: Problem,
        codes: Sequence[str],
        checks: Sequence[Check],
        keys: list[list[str]],
        *,
        niceness: int,
        each: Limits | None,
    ) -> list[tuple[ReferenceOutput, ...]]:
        # Who asks for the same solutions waits for one computation; others go on beside it.
        lock = self._running.setdefault((problem.version, len(codes)), asyncio.Lock())
        async with lock:
            found = {key: self._look_up(key) for asked in keys for key in asked}
            missing = {
                key: (program, index)
                for program, asked in enumerate(keys)
                for index, key in enumerate(asked)
                if not found[key]
            }
            asked = [(checks[index], program) for program, index in missing.values()]
            calls = await self.run_programs(problem, codes, asked, niceness=niceness, each=each)
            for (key, (_, index)), call in zip(missing.items(), calls, strict=True):
                found[key] = _answer(call)
                self._keep(key, _answer(call), lasting=not checks[index].is_fresh)
            return _by_solution(keys, found)

    async def compute(
        self, problem: Problem, codes: Sequence[str], checks: Sequence[Check], *, niceness: int
    ) -> list[tuple[ReferenceOutput, ...]]:
        """Run several trusted texts on `checks`, and keep nothing of what they give.

        Raises:
            ReferenceFailed: a text did not run to its end.
            SandboxError: the jail broke.
        """
        asked = [(check, program) for program in range(len(codes)) for check in checks]
        calls = await self.run_programs(problem, codes, asked, niceness=niceness)
        answers = [_answer(call) for call in calls]
        count = len(checks)
        return [tuple(answers[start : start + count]) for start in range(0, len(answers), count)]

    async def run_anew(self, request: RunRequest, *, limits: Limits = TRUSTED_LIMITS) -> RunResult:
        """Run trusted code in a fresh jail; its answers are neither looked up nor kept.

        Raises:
            SandboxError: the jail broke.
        """
        return await self._sandbox.run(request, limits=limits)

    async def run_programs(
        self,
        problem: Problem,
        codes: Sequence[str],
        asked: Sequence[tuple[Check, int]],
        *,
        niceness: int = 0,
        each: Limits | None = None,
    ) -> list[CallResult]:
        """Run several trusted texts, each check with that one of `codes`; return the calls in that order.

        Texts share a process, except those that would change what another one's calls give. Nothing is looked
        up or kept. Each text may take the time that `each` gives it.

        Raises:
            ReferenceFailed: a text did not run to its end.
            SandboxError: the jail broke.
        """
        calls: dict[int, CallResult] = {}
        for together in by_process(codes):
            places = [place for place, (_, program) in enumerate(asked) if program in together]
            if not places:
                continue
            programs = sorted({asked[place][1] for place in places})
            request = request_of_programs(
                problem,
                [codes[program] for program in programs],
                [(asked[place][0], programs.index(asked[place][1])) for place in places],
            )
            limits = msgspec.structs.replace(_together(each, len(programs)), niceness=niceness)
            result = await self._sandbox.run(request, limits=limits)
            if result.ending is not Ending.FINISHED or len(result.calls) != len(places):
                raise ReferenceFailed(
                    f"a trusted solution of {problem.slug} did not run to its end: {_early_end(result)}"
                )
            calls.update(zip(places, result.calls, strict=True))
        return [calls[place] for place in range(len(asked))]

    def forget_programs(self, cache_key: str) -> None:
        """Take a compartment of compiled programs away, which nobody runs with any more."""
        self._sandbox.forget_programs(cache_key)

    @property
    def slowdown(self) -> Slowdown:
        """How much slower than the machine that limits are written for this one runs what is trusted."""
        return self._sandbox.calibration.slowdown

    async def close(self) -> None:
        """End what is still computed, and the references that stay loaded."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._sessions.close()

    async def _of_fresh(self, problem: Problem, checks: Sequence[Check]) -> list[ReferenceOutput]:
        outputs = outputs_of(problem.manifest.entry)
        known = [self._memory.get(_key(problem, problem.reference, check.call, outputs)) for check in checks]
        found = [answer for answer in known if answer is not None]
        if len(found) == len(checks):
            return found
        return [_answer(call) for call in await self._sessions.call(problem, checks)]

    def _forget(self, task: "asyncio.Task[list[tuple[ReferenceOutput, ...]]]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # Whoever asked has it too, unless they gave up waiting.

    def _look_up(self, key: str) -> ReferenceOutput | None:
        if key in self._memory:
            return self._memory[key]
        try:
            answer = msgspec.msgpack.decode((self._folder / key).read_bytes(), type=ReferenceOutput)
        except (OSError, msgspec.DecodeError):
            return None
        self._memory[key] = answer
        return answer

    def _keep(self, key: str, answer: ReferenceOutput, *, lasting: bool) -> None:
        while len(self._memory) >= _IN_MEMORY:
            self._memory.pop(next(iter(self._memory)))
        self._memory[key] = answer
        if answer.failure or not lasting:
            return  # A failure may have been ours, and would outlive whatever caused it.
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._folder / key, msgspec.msgpack.encode(answer))


def _by_solution(
    keys: Sequence[Sequence[str]], found: Mapping[str, ReferenceOutput | None]
) -> list[tuple[ReferenceOutput, ...]]:
    """Return the outputs by solution, in the order asked; all of `keys` are found."""
    return [tuple(answer for key in asked if (answer := found[key])) for asked in keys]


def _together(each: Limits | None, count: int) -> Limits:
    """Return what so many texts in one process may use, each with its own time."""
    if each is None:
        return TRUSTED_LIMITS
    return msgspec.structs.replace(
        TRUSTED_LIMITS,
        wall_seconds=each.wall_seconds * count,
        idle_seconds=each.idle_seconds,
        cpu_seconds=each.cpu_seconds * count,
        compile_seconds=each.compile_seconds * count,
    )


def _early_end(result: RunResult) -> str:
    """Say why a run gave no answers, and at which line of the text."""
    loaded = result.loaded
    reason = result.message or (loaded.message if loaded else "") or result.stderr[-500:]
    raised = loaded.raised if loaded else None
    line = raised.frames[-1].line if raised and raised.frames else loaded.line if loaded else None
    # A limit that was met is named with its line.
    return reason if line is None or result.message else f"{reason} (line {line})"


def _answer(call: CallResult) -> ReferenceOutput:
    failure = call.not_an_array and f"it returned {call.not_an_array}"
    if call.at_output:
        failure = f"its output {call.at_output} is {call.not_an_array}"
    if call.raised is not None:
        line = f" (line {call.raised.frames[-1].line})" if call.raised.frames else ""
        failure = f"{call.raised.type}: {call.raised.message}{line}"
    return ReferenceOutput(
        arrays=call.arrays,
        parameters=call.parameters,
        stages=call.stages,
        drawn_keys=call.drawn_keys,
        failure=failure,
    )


def _key(problem: Problem, code: str, call: Call, outputs: Outputs) -> str:
    """Return what an answer depends on, digested: not whether its call is hidden, nor the text's place.

    Neither does a new statement, but a new version has a compartment of compiled programs of its own, and
    it is these runs that fill it.
    """
    digest = hashlib.sha256(_FORMAT + b"\0" + compartment(problem).encode() + b"\0" + code.encode())
    asked = msgspec.structs.replace(call, is_hidden=False, program=0)
    digest.update(b"\0" + msgspec.msgpack.encode((asked, outputs)))
    return digest.hexdigest()
