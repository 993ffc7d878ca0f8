"""`jaxercise validate`: a problem proves itself before learners see it."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.files import require_writable, write_report
from app.cli.problems import all_problems, find_problem, warnings_of
from app.core.machine import cores
from app.core.problem import Problem
from app.settings import Settings, read_settings

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from app.cli.reports.proof_table import ProofTable
    from app.grading.grader import Grader
    from app.grading.prove.kept_proofs import KeptProofs
    from app.grading.prove.results import Proof, ProofResult

_NOT_PROVEN = 1
MOST_AT_ONCE = 4
"""A run may take some gigabytes, however many processors there are."""


def say_now(text: str) -> None:
    """Print for whoever watches, through a pipe as well."""
    print(text, flush=True)


def validate(
    problems: Annotated[
        list[str] | None, typer.Argument(help="Slugs or positions; all where none is named.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the tables as Markdown here.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write everything as JSON here.")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Prove anew, though nothing has changed since the last proof.")
    ] = False,
    record: Annotated[
        Path | None, typer.Option(help="Write the record of each proof that holds into this folder.")
    ] = None,
) -> None:
    """Print the mutation table of each problem. Exit code 1 where one is not proven."""
    settings = read_settings()
    require_writable(markdown, json)
    chosen = [find_problem(settings, name) for name in problems or ()] or list(
        all_problems(settings).values()
    )
    proofs, environment = asyncio.run(_validate(settings, chosen, fresh=fresh))
    _write(proofs, environment, markdown=markdown, json=json, record=record)
    raise typer.Exit(0 if all(proof.is_proven for proof in proofs) else _NOT_PROVEN)


async def _validate(
    settings: Settings, problems: Sequence[Problem], *, fresh: bool
) -> tuple[list["Proof"], dict[str, str]]:
    kept_proofs = kept_proofs_of(settings)
    proofs: list[Proof] = []
    async with AsyncExitStack() as stack:
        grader: Grader | None = None
        for problem in problems:
            for warning in warnings_of(settings, problem):
                print(f"{problem.slug}: warning: {warning}", file=sys.stderr)
            kept = None if fresh else kept_proofs.look_up(problem)
            if kept is not None:
                proofs.append(kept.proof)
                _print_kept(problem, kept.proof, f"{kept.proven_at:%Y-%m-%d %H:%M} UTC")
                continue
            if grader is None:
                grader = await stack.enter_async_context(proving_grader(settings))
            proofs.append(await print_proof(problem, grader))
            kept_proofs.keep(problem, proofs[-1])
    return proofs, kept_proofs.environment


def kept_proofs_of(settings: Settings) -> "KeptProofs":
    """Return the proofs that were made with this data folder and these settings."""
    from app.grading.prove.kept_proofs import KeptProofs

    jailed = settings.sandbox != "unjailed"
    return KeptProofs(settings.data_dir, jailed=jailed, jax_patches=settings.jax_patches)


def proving_grader(settings: Settings) -> "AbstractAsyncContextManager[Grader]":
    """Open a grader that takes the time that a proof needs."""
    from app.grading.open_grader import open_grader
    from app.grading.prove.proving_grader import PROOF_DIAGNOSIS_SECONDS

    return open_grader(
        data_dir=settings.data_dir,
        unjailed=settings.sandbox == "unjailed",
        jax_patches=settings.jax_patches,
        diagnosis_seconds=PROOF_DIAGNOSIS_SECONDS,
        calibrates=True,
    )


def _write(
    proofs: Sequence["Proof"],
    environment: dict[str, str],
    *,
    markdown: Path | None,
    json: Path | None,
    record: Path | None,
) -> None:
    from app.cli.reports.proof_report import proof_page, proofs_json, proofs_markdown
    from app.grading.prove.proof_record import record_of, write_record

    write_report(markdown, proofs_markdown(proofs).encode())
    write_report(json, proofs_json(proofs, environment))
    if record is not None:
        for proof in proofs:
            if proof.is_proven:
                write_record(record, record_of(proof, environment), proof_page(proof, environment))


async def print_proof(
    problem: Problem,
    grader: "Grader",
    *,
    results: "list[ProofResult] | None" = None,
    say: Callable[[str], None] = say_now,
    at_once: int = MOST_AT_ONCE,
    mutants: int | None = None,
) -> "Proof":
    """Prove one problem, and say each result as soon as it is known.

    Where `results` are handed in they are added to it, for whoever may be stopped before the end. `at_once`
    bounds the runs side by side, and so do the processors. `mutants` is how many of these are run, where it
    is not as many as a proof has.

    Raises:
        ReferenceFailed: a trusted solution that had answered did not do so again.
        SandboxError: the jail broke.
    """
    from app.cli.reports.proof_table import summary_lines
    from app.grading.prove.prove import prove
    from app.grading.prove.results import Proof, columns_of

    table = _print_head(problem, say)
    results = [] if results is None else results
    run = partial(prove, problem, grader, at_once=min(at_once, cores()))
    async for result in run() if mutants is None else run(mutants=mutants):
        results.append(result)
        say("\n".join(table.lines(result)))
    proof = Proof(
        problem=problem.slug,
        position=problem.manifest.position,
        version=problem.version,
        columns=columns_of(problem),
        results=tuple(results),
    )
    say("\n".join(summary_lines(problem.slug, proof.faults)))
    return proof


def _print_kept(problem: Problem, proof: "Proof", proven_at: str) -> None:
    """Print a proof that was made before."""
    from app.cli.reports.proof_table import summary_lines

    table = _print_head(problem)
    for result in proof.results:
        print("\n".join(table.lines(result)))
    print(f"  proven {proven_at} with the same files, code and versions; --fresh proves it anew")
    print("\n".join(summary_lines(problem.slug, proof.faults)), flush=True)


def _print_head(problem: Problem, say: Callable[[str], None] = say_now) -> "ProofTable":
    from app.cli.reports.proof_table import ProofTable
    from app.grading.prove.results import columns_of

    table = ProofTable(columns_of(problem))
    say(f"{problem.manifest.position} {problem.slug} · version {problem.version[:12]}")
    say("\n".join(table.legend()))
    return table
