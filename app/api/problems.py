"""Problems as learners and guests may see them: no hidden case, no reference, no variant."""

import asyncio
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Response

from app.api.openapi import SIGNED_IN, answers
from app.catalog.faults import refusal_lines
from app.core.generators import Argument
from app.core.problem import Entry, Limits, ProblemPage
from app.core.tolerance import Tolerance
from app.core.verdict import Mode, Visibility
from app.errors import NotAllowed
from app.http.authentication import CurrentUser, SignedIn
from app.http.responses import JsonAnswer
from app.http.services import AllServices, ProblemsService, RenderingsService
from app.store.queries.problem_versions import summary_of

router = APIRouter(tags=["problems"])
# So many that an installation of a school has everything in one answer.
_LIST_LIMIT = 500


class SampleCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case that "Run" grades; arguments are numbers, or generators of arrays."""

    name: str
    points: float
    arguments: dict[str, Argument]


class HintAnswer(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    html: str


class ProblemAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`hints` are empty for guests; `hidden_cases` is only a count."""

    slug: str
    position: int
    title: str
    track: str
    summary: str
    requires: tuple[str, ...]
    version: str
    entry: Entry
    starter: str
    statement_html: str
    hints: tuple[HintAnswer, ...]
    sample_cases: tuple[SampleCase, ...]
    hidden_cases: int
    tolerance: Tolerance
    limits: Limits
    forbidden: tuple[str, ...]


class RefusedProblems(msgspec.Struct, frozen=True, kw_only=True):
    """Why folders could not be loaded at the last start: file, line, key and reason of each fault."""

    refused: tuple[str, ...]


@router.get(
    "/problems",
    summary="Problems, by position",
    description=(
        "At most `limit` problems that come after the one with the slug `after`, "
        "and have all words of `q` in\ntheir position, slug, title, track or summary."
    ),
    responses=answers(ProblemPage, says="The problems; `next`, unless null, is the `after` of the rest."),
)
async def list_problems(
    visitor: CurrentUser,
    problems: ProblemsService,
    limit: Annotated[int, Query(ge=1, le=_LIST_LIMIT)] = _LIST_LIMIT,
    after: Annotated[str | None, Query(max_length=100)] = None,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    return JsonAnswer(await problems.page(limit=limit, after=after, search=q))


@router.get(
    "/refused-problems",
    summary="Broken problem folders, for instructors",
    responses=answers(RefusedProblems, says="Why each was refused."),
    openapi_extra=SIGNED_IN,
)
async def list_refused(user: SignedIn, services: AllServices) -> Response:
    if not user.sees_everything:
        raise NotAllowed
    return JsonAnswer(RefusedProblems(refused=refusal_lines(services.refused_problems)))


@router.get(
    "/problems/{slug}",
    summary="A problem: statement, starter, sample cases",
    responses=answers(ProblemAnswer, says="The problem."),
)
async def read_problem(
    slug: str, visitor: CurrentUser, problems: ProblemsService, renderings: RenderingsService
) -> Response:
    problem = await problems.by_slug(slug)
    manifest = problem.manifest
    statement = await renderings.statement(problem)
    samples = [case for case in manifest.cases if case.visibility is Visibility.SAMPLE]
    hidden = len(problem.cases(Mode.SUBMIT, fresh_seed=0)) - len(samples)
    answer = ProblemAnswer(
        **msgspec.structs.asdict(summary_of(problem)),
        entry=manifest.entry,
        starter=problem.starter,
        statement_html=statement.html,
        hints=tuple(HintAnswer(title=hint.title, html=hint.html) for hint in statement.hints if visitor),
        sample_cases=tuple(SampleCase(name=c.name, points=c.points, arguments=c.arguments) for c in samples),
        hidden_cases=hidden,
        tolerance=manifest.tolerance,
        limits=manifest.limits,
        forbidden=manifest.forbidden,
    )
    # Megabytes, where a statement is full of formulas.
    return await asyncio.to_thread(JsonAnswer, answer)
