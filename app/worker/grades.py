"""What a worker asks of a grader. Every value that is handed over can be sent to another process."""

from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from app.core.events import Event
from app.core.problem import Problem
from app.core.submission import UnexplainedOutput
from app.core.verdict import Mode, Verdict
from app.grading.prove.mutants.results import MutantResult
from app.grading.prove.results import ProofResult

OnUnexplained = Callable[[UnexplainedOutput], None]
"""Takes what a wrong solution answered where nothing explains it."""


class Prepares(Protocol):
    """What is asked for before learners come."""

    async def prepare_reference(self, problem: Problem) -> None: ...

    async def prepare_solutions(self, problem: Problem) -> None: ...

    async def prepare_mutants(self, problem: Problem) -> None: ...


class Grades(Prepares, Protocol):
    """Runs what learners and authors wrote, in jails."""

    def environment(self) -> dict[str, str]: ...

    @property
    def waiting_pids(self) -> list[int]: ...

    async def take_seed(self, problem: Problem) -> int | None: ...

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
    ) -> Verdict: ...

    async def explain(
        self,
        problem: Problem,
        code: str,
        mode: Mode,
        verdict: Verdict,
        *,
        on_unexplained: OnUnexplained,
    ) -> Verdict: ...

    async def confirm(
        self,
        problem: Problem,
        code: str,
        mode: Mode,
        verdict: Verdict,
        *,
        on_unexplained: OnUnexplained,
    ) -> Verdict: ...

    def prove(self, problem: Problem) -> AsyncGenerator[ProofResult, None]:
        """Run everything that the problem holds; each result of its proof as soon as it is known."""

    def mutate(self, problem: Problem) -> AsyncGenerator[MutantResult, None]:
        """Run all mutants of its reference; what came of each as soon as it and those before it are known."""
