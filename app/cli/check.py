"""`jaxercise check`: grade files with no server and no database."""

import asyncio
import math
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from app.cli.files import python_files, read_code
from app.cli.problems import find_problem
from app.core.verdict import Mode
from app.errors import SubmissionRefused
from app.settings import Settings, read_settings

_NOT_ACCEPTED = 1


def check(
    problem: Annotated[str, typer.Argument(help="The problem's slug or position.")],
    files: Annotated[list[Path], typer.Argument(help="Python files, or folders of them.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON object a file, a line each.")] = False,
    run: Annotated[
        bool, typer.Option("--run", help="Only the sample cases, as the Run button does.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Draw the fresh cases from this number.", min=0)] = None,
) -> None:
    """Grade FILES. Exit code 0: all accepted; 1: one was not; 2: our error or wrong usage."""
    settings = read_settings()
    mode = Mode.RUN if run else Mode.SUBMIT
    accepted = asyncio.run(_check(settings, problem, python_files(files), as_json=json, mode=mode, seed=seed))
    raise typer.Exit(0 if accepted else _NOT_ACCEPTED)


async def _check(
    settings: Settings, name: str, files: list[Path], *, as_json: bool, mode: Mode, seed: int | None
) -> bool:
    import msgspec

    from app.cli.reports.verdict_text import verdict_text
    from app.grading.open_grader import open_grader
    from app.grading.plan.host_needs import require_host

    problem = find_problem(settings, name)
    require_host(problem)  # Before the seconds that a sandbox takes to start.
    codes, unread = _read_all(files)
    all_accepted = True
    async with open_grader(
        data_dir=settings.data_dir,
        unjailed=settings.sandbox == "unjailed",
        jax_patches=settings.jax_patches,
        # Nobody waits in a queue behind it, and nobody finishes a look later.
        diagnosis_seconds=math.inf if settings.diagnosis_seconds else 0.0,
        calibrates=True,
        knows_mutants=settings.explain_by_mutants,
    ) as grader:
        for path, code in codes:
            drawn = secrets.randbits(32) if seed is None else seed
            verdict = await grader.grade(problem, code, mode, fresh_seed=drawn)
            all_accepted = all_accepted and verdict.accepted
            if as_json:
                fields = msgspec.to_builtins(verdict)
                if len(files) > 1:
                    fields = {"file": str(path), **fields}
                print(msgspec.json.encode(fields).decode(), flush=True)
            else:
                print(verdict_text(verdict, title=str(path)), flush=True)
    if unread:
        raise SubmissionRefused(f"{len(unread)} of {len(files)} files not graded: {'; '.join(unread)}")
    return all_accepted


def _read_all(files: Sequence[Path]) -> tuple[list[tuple[Path, str]], list[str]]:
    """Return the texts of files, and why others are none: one of a class keeps no other from its grade.

    Raises:
        SubmissionRefused: there is no text among them.
    """
    codes: list[tuple[Path, str]] = []
    unread: list[str] = []
    for path in files:
        try:
            codes.append((path, read_code(path)))
        except SubmissionRefused as fault:
            unread.append(fault.message)
    if not codes:
        raise SubmissionRefused("; ".join(unread))
    return codes, unread
