"""`jaxercise validate`: a problem proves itself before learners see it."""

import asyncio
from typing import Annotated

import typer

from app.cli.problems import all_problems, find_problem
from app.core.problem import Problem
from app.settings import Settings, read_settings

_NOT_PROVEN = 1


def validate(
    problems: Annotated[
        list[str] | None, typer.Argument(help="Slugs or positions; all where none is named.")
    ] = None,
) -> None:
    """Prints the mutation table of each problem. Exit code 1 where one is not proven."""
    settings = read_settings()
    chosen = [find_problem(settings, name) for name in problems or ()] or list(
        all_problems(settings).values()
    )
    proven = asyncio.run(_validate(settings, chosen))
    raise typer.Exit(0 if proven else _NOT_PROVEN)


async def _validate(settings: Settings, problems: list[Problem]) -> bool:
    from app.cli.proof_report import proof_line
    from app.grading.open_grader import open_grader
    from app.grading.prove import prove

    all_hold = True
    async with open_grader(
        data_dir=settings.data_dir,
        unjailed=settings.sandbox == "unjailed",
        diagnosis_seconds=settings.diagnosis_seconds,
    ) as grader:
        for problem in problems:
            print(f"{problem.manifest.position} {problem.slug} · version {problem.version[:12]}", flush=True)
            faults = 0
            async for row in prove(problem, grader):
                print(f"  {proof_line(row)}", flush=True)
                faults += not row.holds
            verdict = f"refused: {faults} of the rows above do not hold" if faults else "proven"
            print(f"  {problem.slug} is {verdict}", flush=True)
            all_hold = all_hold and not faults
    return all_hold
