"""`jaxercise regrade`: every reference, also-right solution and variant again, with reports for CI."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.files import require_writable, write_report
from app.cli.problems import all_problems, changed_folders, folder_name
from app.core.problem import Problem
from app.core.verdict import Mode
from app.errors import ReferenceFailed
from app.settings import Settings, read_settings

if TYPE_CHECKING:
    from app.grading.grader import Grader
    from app.grading.prove.results import Proof
    from app.grading.reference.drift import StoredOutputs

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
    """Grade all solutions of all problems. Exit code 1 where a row does not hold or outputs drifted."""
    settings = read_settings()
    require_writable(junit, markdown)
    chosen = list(all_problems(settings).values())
    if since is not None:
        changed = changed_folders(settings, since)
        chosen = [problem for problem in chosen if folder_name(problem) in changed]
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
    from app.cli.reports.proof_report import proofs_junit, proofs_markdown
    from app.cli.validate import kept_proofs_of, print_proof, proving_grader
    from app.grading.reference.drift import read_outputs

    folders = {problem.slug: settings.references_dir / folder_name(problem) for problem in problems}
    # Before minutes of grading, after which a broken file would be found; one that is replaced may be broken.
    stored = {} if store_outputs else {slug: read_outputs(folder) for slug, folder in folders.items()}
    kept_proofs = kept_proofs_of(settings)
    proofs: list[Proof] = []
    drifts: dict[str, str] = {}
    held = True
    async with proving_grader(settings) as grader:
        for problem in problems:
            proofs.append(await print_proof(problem, grader))
            kept_proofs.keep(problem, proofs[-1])
            held = held and proofs[-1].is_proven
            place = folders[problem.slug] if store_outputs else None
            tolerable, drift = await _drift(problem, grader, stored.get(problem.slug), store_in=place)
            drifts[problem.slug] = drift
            held = held and tolerable
            print(f"  drift: {drift}", flush=True)
    write_report(junit, proofs_junit(proofs))
    write_report(markdown, proofs_markdown(proofs, drifts).encode())
    ending = "all hold" if held else "some fail"
    print(f"{len(problems)} problems, {sum(len(proof.results) for proof in proofs)} rows: {ending}")
    return held


async def _drift(
    problem: Problem, grader: "Grader", stored: "StoredOutputs | None", *, store_in: Path | None
) -> tuple[bool, str]:
    """Return whether today's reference outputs are near enough to the stored ones, and what to say of it.

    With `store_in` they take the place of the stored ones instead.
    """
    from app.grading.plan.checks import checks_of
    from app.grading.reference.drift import collect_outputs, measure_drift, write_outputs

    items = checks_of(problem, Mode.SUBMIT, fresh_seed=None)
    try:
        answers = await grader.answers.of_reference(problem, items)
    except ReferenceFailed:
        return False, "not compared: the reference gives no usable answers"
    today = collect_outputs(problem.version, grader.environment(), items, answers)
    if store_in is not None:
        write_outputs(store_in, today)
        return True, "stored"
    if stored is None:
        return True, "nothing stored to compare with"
    if stored.version != problem.version:
        return True, "the problem has changed since its outputs were stored"
    drift = measure_drift(stored, today, problem.manifest.tolerance)
    where = f", largest in {drift.where}" if drift.where else ""
    return drift.is_tolerable, f"{drift.worst:.3g} of the tolerance{where}"
