"""What a problem's mutants answer to its lasting checks: computed once a version, and kept."""

import asyncio
import contextlib
import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from app.core.problem import Problem
from app.core.verdict import Mode
from app.errors import ReferenceFailed
from app.grading.mutate.mutants import Mutant, mutants_of
from app.grading.plan.checks import Check, checks_of
from app.grading.reference.outputs import ReferenceOutput, ReferenceOutputs
from sandbox.whole_file import write_whole

_AT_ONCE = 8
"""So many texts in one jail: few enough that little is lost where one of them ends it."""
_IN_MEMORY = 4
"""Problems whose mutants' answers stay in memory, the last ones looked into."""

Answers = tuple[ReferenceOutput, ...]


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    answers: dict[str, Answers]
    """By mutant, those that answered every check."""
    useless: frozenset[str]
    """Mutants that raise somewhere, or do not run: no wrong answer is like theirs."""


class MutantOutputs:
    """Keeps a file a problem; what is not there is computed by `prepare` alone, while nobody waits for it."""

    def __init__(self, answers: ReferenceOutputs, folder: Path) -> None:
        self._answers = answers
        self._folder = folder
        self._memory: OrderedDict[str, Mapping[str, Answers]] = OrderedDict()

    def checks(self, problem: Problem) -> tuple[Check, ...]:
        """Return the checks that mutants answer: all that do not differ from one submission to the next."""
        return checks_of(problem, Mode.SUBMIT, fresh_seed=None)

    async def known(self, problem: Problem) -> Mapping[str, Answers]:
        """Return by mutant its answers to `checks`, of those that are there."""
        if problem.version not in self._memory:
            kept = await asyncio.to_thread(self._read, problem)
            while len(self._memory) >= _IN_MEMORY:
                self._memory.popitem(last=False)
            self._memory[problem.version] = kept.answers
        self._memory.move_to_end(problem.version)
        return self._memory[problem.version]

    async def prepare(self, problem: Problem, *, niceness: int) -> None:
        """Compute what is missing, a few mutants at a time; what was computed stays where this is cancelled.

        Raises:
            SandboxError: the jail broke.
        """
        kept = await asyncio.to_thread(self._read, problem)
        missing = [
            mutant
            for mutant in await asyncio.to_thread(mutants_of, problem)
            if mutant.id not in kept.answers and mutant.id not in kept.useless
        ]
        for start in range(0, len(missing), _AT_ONCE):
            batch = missing[start : start + _AT_ONCE]
            found = await self._computed(problem, batch, niceness)
            kept = _Kept(
                answers={**kept.answers, **found},
                useless=kept.useless | {mutant.id for mutant in batch if mutant.id not in found},
            )
            await asyncio.to_thread(self._write, problem, kept)
            self._memory.pop(problem.version, None)

    async def _computed(
        self, problem: Problem, mutants: Sequence[Mutant], niceness: int
    ) -> dict[str, Answers]:
        try:
            return await self._answers_of(problem, mutants, niceness)
        except ReferenceFailed:
            pass  # One of them ends whatever it runs in; the others are run without it.
        found: dict[str, Answers] = {}
        for mutant in mutants:
            with contextlib.suppress(ReferenceFailed):
                found.update(await self._answers_of(problem, [mutant], niceness))
        return found

    async def _answers_of(
        self, problem: Problem, mutants: Sequence[Mutant], niceness: int
    ) -> dict[str, Answers]:
        checks = self.checks(problem)
        codes = [mutant.code for mutant in mutants]
        made = await self._answers.compute(problem, codes, checks, niceness=niceness)
        return {
            mutant.id: answers
            for mutant, answers in zip(mutants, made, strict=True)
            if not any(answer.failure for answer in answers)
        }

    def _path(self, problem: Problem) -> Path:
        """Return a problem's file: what its calls are, and which mutants there are, is part of its name."""
        digest = hashlib.sha256(problem.version.encode())
        for check in self.checks(problem):
            digest.update(msgspec.msgpack.encode(check.call))
        for mutant in mutants_of(problem):
            digest.update(mutant.id.encode())
        return self._folder / digest.hexdigest()

    def _read(self, problem: Problem) -> _Kept:
        try:
            return msgspec.msgpack.decode(self._path(problem).read_bytes(), type=_Kept)
        except (OSError, msgspec.DecodeError):
            return _Kept(answers={}, useless=frozenset())

    def _write(self, problem: Problem, kept: _Kept) -> None:
        # A full disk takes an explanation away, and nothing else.
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(self._path(problem), msgspec.msgpack.encode(kept))
