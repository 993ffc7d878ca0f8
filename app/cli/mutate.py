"""`jaxercise mutate`: single mistakes are made in the reference, to see which no case would notice."""

import asyncio
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.files import require_writable, write_report
from app.cli.follow_job import LOOK_SECONDS, ShowsProgress, ask_worker
from app.cli.problems import find_folders, find_problem, load_problems
from app.cli.validate import MOST_AT_ONCE, proving_grader
from app.core.machine import cores
from app.core.problem import Problem
from app.errors import ProblemError
from app.settings import Settings, read_settings

if TYPE_CHECKING:
    from app.grading.mutate.mutants import Mutant
    from app.grading.prove.mutants.kept_reports import KeptMutants
    from app.grading.prove.mutants.results import MutantResult, MutationReport

_OPEN = 1
_NO_MUTANTS = 3


def mutate(
    problem: Annotated[str, typer.Argument(help="Slug or position.")],
    only: Annotated[list[str] | None, typer.Option(help="Only this mutant; again for more.")] = None,
    survivors: Annotated[
        bool, typer.Option("--survivors", help="Only those that survived the last time.")
    ] = False,
    explain: Annotated[
        bool, typer.Option(help="Say of each killed one whether a learner is told what is wrong.")
    ] = True,
    markdown: Annotated[Path | None, typer.Option(help="Write the table as Markdown here.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write everything as JSON here.")] = None,
    to_variant: Annotated[
        str | None, typer.Option(help="Make a variant of this mutant, with a docstring to write.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What that variant is called.")] = None,
    published: Annotated[
        bool, typer.Option("--published", help="Have a worker run the version that is on offer.")
    ] = False,
) -> None:
    """Print what kills each mutant of a problem. Exit code 1: one survives undeclared; 3: there is none."""
    settings = read_settings()
    require_writable(markdown, json)
    if published:
        raise typer.Exit(0 if asyncio.run(mutate_published(settings, problem)) else _OPEN)
    chosen = find_problem(settings, problem)
    made = _mutants(chosen)
    if to_variant is not None:
        raise typer.Exit(_make_variant(settings, chosen, _named(made, [to_variant])[0], name))
    report, environment = asyncio.run(
        _mutate(settings, chosen, made, only=only or (), survivors=survivors, explain=explain)
    )
    from app.cli.reports.mutation_report import mutation_json, mutation_page

    write_report(markdown, mutation_page(report, environment).encode())
    write_report(json, mutation_json([report], environment))
    raise typer.Exit(0 if report.is_clean else _OPEN)


def _mutants(problem: Problem) -> "tuple[Mutant, ...]":
    from app.grading.mutate.mutants import mutants_of

    made = mutants_of(problem)
    if not made:
        print(f"{problem.slug}: the operators make no mutant of this reference")
        raise typer.Exit(_NO_MUTANTS)
    return made


def _kept_mutants_of(settings: Settings) -> "KeptMutants":
    """Return what is known of mutants by this data folder and these settings."""
    from app.grading.prove.mutants.kept_reports import KeptMutants

    jailed = settings.sandbox != "unjailed"
    return KeptMutants(settings.data_dir, jailed=jailed, jax_patches=settings.jax_patches)


def _named(made: "Sequence[Mutant]", names: Sequence[str]) -> "tuple[Mutant, ...]":
    by_id = {mutant.id: mutant for mutant in made}
    for name in names:
        if name not in by_id:
            near = difflib.get_close_matches(name, by_id, n=3, cutoff=0.4)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise ProblemError(f"there is no mutant {name!r} of this reference{hint}")
    return tuple(by_id[name] for name in names)


async def _mutate(
    settings: Settings,
    problem: Problem,
    made: "tuple[Mutant, ...]",
    *,
    only: Sequence[str],
    survivors: bool,
    explain: bool,
) -> "tuple[MutationReport, dict[str, str]]":
    from app.cli.reports.mutation_report import result_lines, summary_lines
    from app.grading.mutate.equivalence import declaration_lines, fallen_declarations
    from app.grading.prove.mutants.judge_mutants import judge_mutants
    from app.grading.prove.mutants.results import Fate, MutationReport

    kept = _kept_mutants_of(settings)
    chosen = _named(made, only) if only else made
    if survivors:
        known = kept.look_up(problem)
        chosen = tuple(m for m in chosen if m.id in known and known[m.id].fate is Fate.SURVIVED)
        if not chosen:
            reason = "none is known to survive" if known else "they have not been run yet"
            print(f"{problem.slug}: {reason}, by this version and this code", flush=True)
    results: dict[str, MutantResult] = {}
    print(f"{problem.manifest.position} {problem.slug} · version {problem.version[:12]}")
    async with proving_grader(settings) as grader:
        at_once = min(MOST_AT_ONCE, cores())
        async for result in judge_mutants(problem, chosen, grader, at_once=at_once, explain=explain):
            results[result.mutant.id] = result
            print("\n".join(result_lines(result)), flush=True)
        environment = grader.environment()
    kept.keep(problem, results)
    report = MutationReport(
        problem=problem.slug,
        position=problem.manifest.position,
        version=problem.version,
        results=tuple(results[mutant.id] for mutant in chosen),
        fallen=fallen_declarations(problem, {mutant.id: mutant for mutant in made}),
    )
    print("\n".join(summary_lines(report)), flush=True)
    for result in report.open:
        print(declaration_lines(problem, result.mutant))
    return report, environment


def _make_variant(settings: Settings, problem: Problem, mutant: "Mutant", name: str | None) -> int:
    """Write the variant's file and its lines in `problem.toml`."""
    from app.grading.mutate.as_variant import variant_lines, variant_source
    from app.grading.prove.mutants.results import Fate

    called = name or mutant.operator
    if not called.isidentifier():
        raise ProblemError(f"--name {called!r}: a variant is a file, called by words joined by underscores")
    [found] = find_folders(load_problems(settings), [problem.slug])
    folder = found.package
    path = folder / "variants" / f"{called}.py"
    if path.exists() or called in problem.manifest.variants:
        raise ProblemError(f"there is a variant {called} already; give another one with --name")
    kept = _kept_mutants_of(settings)
    result = kept.look_up(problem).get(mutant.id)
    if result is None:
        report, _ = asyncio.run(
            _mutate(settings, problem, (mutant,), only=(mutant.id,), survivors=False, explain=False)
        )
        [result] = report.results
    if result.fate is not Fate.KILLED:
        print(f"{mutant.id} is not killed by any case, so it can be no variant")
        return _OPEN
    lines = variant_lines(called, result.outcome, result.killed_by)
    path.parent.mkdir(exist_ok=True)
    path.write_text(variant_source(mutant))
    toml = folder / "problem.toml"
    toml.write_text(f"{toml.read_text().rstrip()}\n\n{lines}")
    print(f"{path}: write its docstring, which is what a learner is told\n{toml}: has its lines at the end")
    return 0


async def mutate_published(settings: Settings, slug: str, *, look_seconds: float = LOOK_SECONDS) -> bool:
    """Have a worker run the mutants of what is on offer, print each, and return whether none is left over.

    Raises:
        ProblemNotFound: no problem on offer has this slug.
        GraderError: it failed on our side, or somebody cancelled it.
    """
    from app.cli.reports.mutation_report import summary_lines
    from app.errors import GraderError
    from app.worker.kinds.mutants import MUTANTS, read_mutants_report

    ended = await ask_worker(settings, slug, MUTANTS, _shows_for, look_seconds=look_seconds)
    found = read_mutants_report(ended)
    if found.report is None:
        raise GraderError(found.error or f"The mutants of {slug} were cancelled.")
    print("\n".join(summary_lines(found.report)), flush=True)
    return found.report.is_clean


def _shows_for(_: Problem) -> ShowsProgress:
    from app.cli.reports.mutation_report import result_lines
    from app.worker.kinds.mutants import read_mutants_report

    shown = 0

    def show(progress: str | None, result: str | None) -> None:
        nonlocal shown
        ended = read_mutants_report(result)
        known = ended.report.results if ended.report else read_mutants_report(progress).results
        for one in known[shown:]:
            print("\n".join(result_lines(one)), flush=True)
        shown = max(shown, len(known))

    return show
