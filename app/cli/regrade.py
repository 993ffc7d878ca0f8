"""`jaxercise regrade`: every reference, also-right solution and variant again, with reports for CI."""

import asyncio
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.problems import all_problems
from app.core.problem import Problem
from app.core.verdict import Mode
from app.errors import GraderError, ReferenceFailed
from app.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.grading.grader import Grader
    from app.grading.prove.results import Proof

_NOT_PROVEN = 1


def regrade(
    since: Annotated[
        str | None, typer.Option(help="Only problems whose files changed since this git revision.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit XML report here.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write a Markdown report here.")] = None,
    store_outputs: Annotated[
        bool, typer.Option("--store-outputs", help="Keep today's reference outputs as those to compare with.")
    ] = False,
) -> None:
    """Grades all solutions of all problems. Exit code 1 where a row does not hold or outputs drifted."""
    settings = read_settings()
    chosen = list(all_problems(settings).values())
    if since is not None:
        changed = _changed_folders(settings, since)
        chosen = [problem for problem in chosen if _folder_name(problem) in changed]
    held = asyncio.run(
        _regrade(settings, chosen, junit=junit, markdown=markdown, store_outputs=store_outputs)
    )
    raise typer.Exit(0 if held else _NOT_PROVEN)


async def _regrade(
    settings: Settings,
    problems: list[Problem],
    *,
    junit: Path | None,
    markdown: Path | None,
    store_outputs: bool,
) -> bool:
    from app.cli.validate import PROOF_DIAGNOSIS_SECONDS, print_proof
    from app.grading.open_grader import open_grader

    proofs: list[Proof] = []
    drifts: dict[str, str] = {}
    held = True
    async with open_grader(
        data_dir=settings.data_dir,
        unjailed=settings.sandbox == "unjailed",
        diagnosis_seconds=PROOF_DIAGNOSIS_SECONDS,
    ) as grader:
        for problem in problems:
            proofs.append(await print_proof(problem, grader))
            held = held and proofs[-1].is_proven
            folder = settings.references_dir / _folder_name(problem)
            tolerable, drifts[problem.slug] = await _drift(problem, folder, grader, store=store_outputs)
            held = held and tolerable
            print(f"  drift: {drifts[problem.slug]}", flush=True)
    _write_reports(proofs, drifts, junit=junit, markdown=markdown)
    ending = "all hold" if held else "some fail"
    print(f"{len(problems)} problems, {sum(len(proof.results) for proof in proofs)} rows: {ending}")
    return held


def _write_reports(
    proofs: "Sequence[Proof]",
    drifts: "Mapping[str, str]",
    *,
    junit: Path | None,
    markdown: Path | None,
) -> None:
    from app.cli.reports.proof_report import proofs_junit, proofs_markdown

    if junit is not None:
        junit.write_bytes(proofs_junit(proofs))
    if markdown is not None:
        markdown.write_text(proofs_markdown(proofs, drifts), encoding="utf-8")


async def _drift(problem: Problem, folder: Path, grader: "Grader", *, store: bool) -> tuple[bool, str]:
    from app.grading.plan.checks import checks_of
    from app.grading.reference.drift import collect_outputs, measure_drift, read_outputs, write_outputs

    items = checks_of(problem, Mode.SUBMIT, fresh_seed=None)
    try:
        answers = await grader.answers.of_reference(problem, items)
    except ReferenceFailed:
        return False, "not compared: the reference gives no usable answers"
    today = collect_outputs(problem.version, grader.environment(), items, answers)
    if store:
        write_outputs(folder, today)
        return True, "stored"
    stored = read_outputs(folder)
    if stored is None:
        return True, "nothing stored to compare with"
    if stored.version != problem.version:
        return True, "the problem has changed since its outputs were stored"
    drift = measure_drift(stored, today, problem.manifest.tolerance)
    where = f", largest in {drift.where}" if drift.where else ""
    return drift.is_tolerable, f"{drift.worst:.3g} of the tolerance{where}"


def _folder_name(problem: Problem) -> str:
    return f"{problem.manifest.position}-{problem.slug}"


def _changed_folders(settings: Settings, since: str) -> set[str]:
    """Names of the package folders that differ from `since`, new files included.

    Raises:
        GraderError: git does not know the revision.
    """
    changed: set[str] = set()
    for root in (settings.problems_dir, settings.references_dir):
        for words in (
            ["diff", "--name-only", "--relative", "--end-of-options", since, "--", "."],
            ["ls-files", "--others", "--exclude-standard", "--", "."],
        ):
            ran = subprocess.run(
                ["git", "-C", str(root), *words], capture_output=True, text=True, check=False
            )
            if ran.returncode != 0:
                raise GraderError(f"--since {since}: {ran.stderr.strip().splitlines()[0]}")
            changed.update(line.split("/", 1)[0] for line in ran.stdout.splitlines())
    return changed
