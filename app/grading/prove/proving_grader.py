"""A grader that proves problems as well, beside its work."""

from collections.abc import AsyncGenerator

from app.core.problem import Problem
from app.grading.grader import Grader
from app.grading.mutate.mutants import mutants_of
from app.grading.prove.mutants.judge_mutants import judge_mutants
from app.grading.prove.mutants.results import MutantResult
from app.grading.prove.prove import prove
from app.grading.prove.results import ProofResult

PROOF_DIAGNOSIS_SECONDS = 600.0
"""Whether a mistake is named is a property of the problem, not of a slow machine or a setting."""


class ProvingGrader(Grader):
    """What a worker has: it grades as its settings say, and proves as `jaxercise validate` does."""

    async def prove(self, problem: Problem) -> AsyncGenerator[ProofResult, None]:
        """Run everything that the package holds; each result as soon as it is known, as of `prove`.

        Raises:
            SandboxError: the jail broke.
        """
        async for result in prove(problem, self._thorough()):
            yield result

    async def mutate(self, problem: Problem) -> AsyncGenerator[MutantResult, None]:
        """Run all mutants of a problem's reference, and explain those that are killed, as of `judge_mutants`.

        Raises:
            ReferenceFailed: the reference is refused by its own cases.
            SandboxError: the jail broke.
        """
        async for result in judge_mutants(problem, mutants_of(problem), self._thorough(), explain=True):
            yield result

    def _thorough(self) -> Grader:
        return Grader(self._sandbox, self.answers, diagnosis_seconds=PROOF_DIAGNOSIS_SECONDS)
