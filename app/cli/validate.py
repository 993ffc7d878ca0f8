"""`jaxercise validate`: a problem proves itself before learners see it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.files import require_writable, write_report
from app.cli.problems import all_problems, find_problem
from app.core.problem import Problem
from app.settings import Settings, read_settings

if TYPE_CHECKING:
    from app.grading.grader import Grader
    from app.grading.prove.results import Proof

_NOT_PROVEN = 1


def validate(
    problems: Annotated[
        list[str] | None, typer.Argument(help="Slugs or positions; all where none is named.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the tables as Markdown here.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write everything as JSON here.")] = None,
) -> None:
    """Print the mutation table of each problem. Exit code 1 where one is not proven."""
    settings = read_settings()
    require_writable(markdown, json)
    chosen = [find_problem(settings, name) for name in problems or ()] or list(
        all_problems(settings).values()
    )
    proven = asyncio.run(_validate(settings, chosen, markdown=markdown, json=json))
    raise typer.Exit(0 if proven else _NOT_PROVEN)


async def _validate(
    settings: Settings, problems: Sequence[Problem], *, markdown: Path | None, json: Path | None
) -> bool:
    from app.cli.reports.proof_report import proofs_json, proofs_markdown
    from app.grading.open_grader import open_grader
    from app.grading.prove.proving_grader import PROOF_DIAGNOSIS_SECONDS

    async with open_grader(
        data_dir=settings.data_dir,
        unjailed=settings.sandbox == "unjailed",
        jax_patches=settings.jax_patches,
        diagnosis_seconds=PROOF_DIAGNOSIS_SECONDS,
        calibrates=True,
    ) as grader:
        proofs = [await print_proof(problem, grader) for problem in problems]
        environment = grader.environment()
    write_report(markdown, proofs_markdown(proofs).encode())
    write_report(json, proofs_json(proofs, environment))
    return all(proof.is_proven for proof in proofs)


async def print_proof(problem: Problem, grader: "Grader") -> "Proof":
    """Prove one problem, and print each result as soon as it is known.

    Raises:
        SandboxError: the jail broke.
    """
    from app.cli.reports.proof_table import ProofTable, summary_lines
    from app.grading.prove.prove import prove
    from app.grading.prove.results import Proof, ProofResult, columns_of

    table = ProofTable(columns_of(problem))
    print(f"{problem.manifest.position} {problem.slug} · version {problem.version[:12]}")
    print("\n".join(table.legend()), flush=True)
    results: list[ProofResult] = []
    async for result in prove(problem, grader):
        results.append(result)
        print("\n".join(table.lines(result)), flush=True)
    proof = Proof(
        problem=problem.slug,
        position=problem.manifest.position,
        version=problem.version,
        columns=columns_of(problem),
        results=tuple(results),
    )
    print("\n".join(summary_lines(problem.slug, proof.faults)), flush=True)
    return proof
