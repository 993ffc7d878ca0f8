"""Problems: the list of them, and a page for each with statement, figures, editor and earlier submissions."""

from pathlib import PurePosixPath

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.machine import PYTHON_VERSION
from app.core.problem import Problem, ProblemSummary
from app.core.submission import CODE_LIMIT_BYTES, Progress
from app.core.user import User
from app.core.verdict import Mode
from app.errors import GraderError, QueueFull, SubmissionRefused
from app.http.authentication import CurrentUser, SignedIn
from app.http.forms import read_form
from app.http.responses import meaning_of
from app.http.services import ProblemsService, SubmissionsService, services_of
from app.submissions.service import Submissions
from app.web.errors import PageRoute, error_page
from app.web.rendering import render_page

router = APIRouter(route_class=PageRoute, include_in_schema=False)

ON_A_PAGE = 60
_SEARCHABLE_FROM = 12
"""Fewer are looked through faster with the eye."""
_SEARCH_LENGTH = 200
_MEDIA_TYPES = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
}


class ListedProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A problem of the list, with how far this learner is with it."""

    problem: ProblemSummary
    progress: Progress


@router.get("/")
async def home(
    request: Request,
    user: CurrentUser,
    problems: ProblemsService,
    submissions: SubmissionsService,
    q: str = "",
    after: str | None = None,
) -> Response:
    """List those that have all words of `q`, from the one after the slug `after` on."""
    search = q[:_SEARCH_LENGTH].strip()
    page = await problems.page(limit=ON_A_PAGE, after=after or None, search=search)
    total = await problems.count()
    progresses, solved = {}, 0
    if user is not None:
        progresses = await submissions.progresses(user, [shown.slug for shown in page.problems])
        solved = await submissions.count_solved(user)
    return render_page(
        request,
        "home.html",
        user=user,
        listed=[
            ListedProblem(problem=shown, progress=progresses.get(shown.slug, Progress.NEW))
            for shown in page.problems
        ],
        total=total,
        solved=solved,
        search=search,
        searchable=total >= _SEARCHABLE_FROM or bool(search),
        is_first=not after,
        next=page.next,
    )


@router.get("/problems/{slug}")
async def problem(
    request: Request,
    slug: str,
    user: CurrentUser,
    problems: ProblemsService,
    submissions: SubmissionsService,
    load: str = "",
) -> Response:
    """Show a problem; `load` puts a submission's code, or with `starter` the starter, into the editor."""
    shown = await problems.by_slug(slug)
    code = None
    if load == "starter":
        code = shown.starter
    elif load and user is not None:
        code = (await submissions.get(user, load)).code
    return await _problem_page(request, user, shown, submissions, code=code)


@router.post("/problems/{slug}/submissions")
async def submit(
    request: Request,
    slug: str,
    user: SignedIn,
    problems: ProblemsService,
    submissions: SubmissionsService,
) -> Response:
    """Take the form without scripts: on to the submission's page, or back to the editor with nothing lost."""
    shown = await problems.by_slug(slug)
    form = await read_form(request)
    # A form sends every newline as CR LF, whatever was typed.
    code = str(form.get("code", "")).replace("\r\n", "\n")
    try:
        mode = _mode(str(form.get("mode", "")))
        submission = await submissions.submit(user, slug, code, mode)
    except (SubmissionRefused, QueueFull) as error:
        return await _problem_page(request, user, shown, submissions, code=code, refusal=error)
    return RedirectResponse(f"/submissions/{submission.id}", status_code=303)


def _mode(name: str) -> Mode:
    try:
        return Mode(name)
    except ValueError:
        raise SubmissionRefused(f"The mode must be run or submit, not {name!r}.") from None


async def _problem_page(
    request: Request,
    user: User | None,
    problem: Problem,
    submissions: Submissions,
    *,
    code: str | None,
    refusal: GraderError | None = None,
) -> Response:
    earlier = [] if user is None else await submissions.list_for(user, problem.slug)
    progresses = {} if user is None else await submissions.progresses(user, [problem.slug])
    latest = None
    if code is None and user is not None and earlier:
        latest = await submissions.latest_code(user, problem.slug)
    if code is not None:
        source = "chosen"
    elif latest is not None:
        code, source = latest, "latest"
    else:
        code, source = problem.starter, "starter"
    return render_page(
        request,
        "problem.html",
        user=user,
        status=200 if refusal is None else meaning_of(refusal).status,
        fragments=("earlier", "recap"),
        manifest=problem.manifest,
        statement=await services_of(request.app).renderings.statement(problem),
        earlier=earlier,
        solved=progresses.get(problem.slug) is Progress.SOLVED,
        code=code,
        code_source=source,
        starter=problem.starter,
        code_limit_bytes=CODE_LIMIT_BYTES,
        python_version=PYTHON_VERSION,
        refusal=refusal.message if refusal else "",
    )


@router.get("/problems/{slug}/assets/{name}")
async def figure(request: Request, slug: str, name: str, problems: ProblemsService) -> Response:
    """Serve a figure of the statement."""
    problem = await problems.by_slug(slug)
    media_type = _MEDIA_TYPES.get(PurePosixPath(name).suffix.lower())
    content = problem.assets.get(name)
    if content is None or media_type is None:
        return await error_page(request, 404, f"This problem has no figure {name!r}.")
    return Response(
        content,
        media_type=media_type,
        headers={
            # A drawing may style itself, and may do nothing else even when it is opened by itself.
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            "Cache-Control": "public, max-age=300",
        },
    )
