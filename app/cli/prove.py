"""`jaxercise prove`: a worker proves the published version of a problem."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.follow_job import LOOK_SECONDS, ShowsProgress, ask_worker
from app.settings import Settings, read_settings

if TYPE_CHECKING:
    from app.core.problem import Problem

_REFUSED = 1


def prove(problem: Annotated[str, typer.Argument(help="The slug of a problem on offer.")]) -> None:
    """Have a worker prove the published version of a problem, and print its mutation table.

    Exit code 1 where it is refused. The work is done by `jaxercise serve` or `jaxercise worker`; a folder is
    proven without them by `jaxercise validate`.
    """
    proven = asyncio.run(prove_published(read_settings(), problem))
    raise typer.Exit(0 if proven else _REFUSED)


async def prove_published(settings: Settings, slug: str, *, look_seconds: float = LOOK_SECONDS) -> bool:
    """Ask for the proof, print each result as it becomes known, and return whether the problem is proven.

    Raises:
        ProblemNotFound: no problem on offer has this slug.
        GraderError: it failed on our side, or somebody cancelled it.
    """
    from app.cli.reports.proof_table import summary_lines
    from app.errors import GraderError
    from app.worker.kinds.proof import PROOF, read_report

    ended = await ask_worker(settings, slug, PROOF, _shows_for, look_seconds=look_seconds)
    result = read_report(ended)
    if result.proof is None:
        raise GraderError(result.error or f"The proof of {slug} was cancelled.")
    print("\n".join(summary_lines(slug, result.proof.faults)), flush=True)
    return result.proof.is_proven


def _shows_for(problem: "Problem") -> ShowsProgress:
    from app.cli.reports.proof_table import ProofTable
    from app.grading.prove.results import columns_of
    from app.worker.kinds.proof import read_report

    table = ProofTable(columns_of(problem))
    print("\n".join(table.legend()), flush=True)
    shown = 0

    def show(progress: str | None, result: str | None) -> None:
        nonlocal shown
        ended = read_report(result)
        known = ended.proof.results if ended.proof else read_report(progress).results
        for one in known[shown:]:
            print("\n".join(table.lines(one)), flush=True)
        shown = max(shown, len(known))

    return show
