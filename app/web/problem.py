"""A problem: its statement, the editor, and what the learner sent in before."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.catalog.statement import render_statement
from app.core.problem import Problem
from app.core.submission import CODE_LIMIT_BYTES, Progress
from app.core.user import User
from app.core.verdict import Mode
from app.errors import GraderError, QueueFull, SubmissionRefused
from app.http.authentication import current_user, signed_in_user
from app.http.services import problems_of, submissions_of
from app.web.errors import PageRoute, status_of
from app.web.page import render_page

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/problems/{slug}")
async def problem(request: Request, slug: str, load: str = "") -> Response:
    """`load` puts a submission's code, or with `starter` the starter, into the editor."""
    user = await current_user(request)
    shown = await problems_of(request).by_slug(slug)
    code = None
    if load == "starter":
        code = shown.starter
    elif load and user is not None:
        code = (await submissions_of(request).get(user, load)).code
    return await _page(request, user, shown, code=code)


@router.post("/problems/{slug}/submissions")
async def submit(request: Request, slug: str) -> Response:
    """The form without scripts: on to the submission's page, or back to the editor with nothing lost."""
    user = await signed_in_user(request)
    shown = await problems_of(request).by_slug(slug)
    form = await request.form()
    # A form sends every newline as CR LF, whatever was typed.
    code = str(form.get("code", "")).replace("\r\n", "\n")
    try:
        mode = _mode(str(form.get("mode", "")))
        submission = await submissions_of(request).submit(user, slug, code, mode)
    except (SubmissionRefused, QueueFull) as error:
        return await _page(request, user, shown, code=code, refusal=error)
    return RedirectResponse(f"/submissions/{submission.id}", status_code=303)


def _mode(name: str) -> Mode:
    try:
        return Mode(name)
    except ValueError:
        raise SubmissionRefused(f"The mode must be run or submit, not {name!r}.") from None


async def _page(
    request: Request,
    user: User | None,
    problem: Problem,
    *,
    code: str | None,
    refusal: GraderError | None = None,
) -> Response:
    earlier = [] if user is None else await submissions_of(request).list_for(user, problem.slug)
    progresses = {} if user is None else await submissions_of(request).progresses(user, [problem.slug])
    latest = None
    if code is None and user is not None and earlier:
        latest = await submissions_of(request).latest_code(user, problem.slug)
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
        status=200 if refusal is None else status_of(refusal),
        fragments=("earlier", "recap"),
        manifest=problem.manifest,
        statement=render_statement(problem),
        earlier=earlier,
        solved=progresses.get(problem.slug) is Progress.SOLVED,
        code=code,
        code_source=source,
        starter=problem.starter,
        code_limit_bytes=CODE_LIMIT_BYTES,
        refusal=refusal.message if refusal else "",
    )
