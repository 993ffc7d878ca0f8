"""Problems: the list of them, and a page for each with statement, figures, editor and earlier submissions."""

import functools
import secrets
from collections.abc import Awaitable, Callable

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.catalog.markup.figures import media_type_of
from app.core.machine import PYTHON_VERSION
from app.core.outcome import Outcome
from app.core.problem import Problem, ProblemSummary
from app.core.submission import CODE_LIMIT_BYTES, Progress, Submission
from app.core.user import User
from app.core.verdict import Mode
from app.errors import GraderError, QueueFull, SubmissionRefused
from app.http.authentication import ClientNetwork, CurrentUser
from app.http.forms import read_form
from app.http.responses import meaning_of, retry_after_seconds
from app.http.services import AccountsService, ProblemsService, SubmissionsService, services_of
from app.store.problems import Problems
from app.submissions.service import Submissions
from app.web.errors import PageRoute, error_page
from app.web.onward import next_exercise
from app.web.problem_facts import problem_facts
from app.web.rendering import render_page
from app.web.sign_in_form import KeptCode, SignInForm, plain_newlines, show_form

router = APIRouter(route_class=PageRoute, include_in_schema=False)

ON_A_PAGE = 60
_SEARCHABLE_FROM = 12
"""Fewer are looked through faster with the eye."""
_SEARCH_LENGTH = 200
_WANTED_ANEW = (Outcome.CANCELLED, Outcome.INTERNAL_ERROR)
_MOST_ANEW = 10
"""So often one form's code is followed through what was cancelled; each is a transaction."""


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
    return await show_problem(request, user, shown, problems, submissions, code=code)


@router.post("/problems/{slug}/submissions")
async def submit(
    request: Request,
    slug: str,
    user: CurrentUser,
    problems: ProblemsService,
    submissions: SubmissionsService,
    client: ClientNetwork,
    accounts: AccountsService,
) -> Response:
    """Take the form without scripts: on to the submission's page, or back to the editor with nothing lost.

    Where the session has ended meanwhile, or is another account's, signing in comes first, and the code is
    kept over it.
    """
    shown = await problems.by_slug(slug)
    form = await read_form(request)
    code = plain_newlines(str(form.get("code", "")))
    # One that the page was not made for has signed in in another tab: it is not to have this code as its own.
    if user is None or form.get("account", user.id) not in ("", user.id):
        kept = SignInForm(next=f"/problems/{slug}#work", kept=KeptCode(problem=slug, code=code))
        return await show_form(request, "sign_in.html", None, accounts, kept, status=401)
    try:
        mode = _mode(str(form.get("mode", "")))
        wish = f"form {form.get('key') or secrets.token_urlsafe()}"
        submit_it = functools.partial(submissions.submit, user, slug, code, mode, client=client)
        submission = await _submit_once(submit_it, f"{wish} {mode} {code}")
    except (SubmissionRefused, QueueFull) as error:
        return await show_problem(
            request, user, shown, problems, submissions, code=code, source="refused", refusal=error
        )
    return RedirectResponse(f"/submissions/{submission.id}", status_code=303)


async def _submit_once(submit_it: Callable[..., Awaitable[Submission]], key: str) -> Submission:
    """Submit; the same code from the same form once more, as by a double click, is the same submission.

    Unless that one was cancelled, or failed through our fault: then it is wanted anew.
    """
    for _ in range(_MOST_ANEW):
        submission = await submit_it(key=key)
        if submission.verdict is None or submission.verdict.outcome not in _WANTED_ANEW:
            return submission
        key = f"{submission.id} {key}"
    return await submit_it(key=f"{secrets.token_urlsafe()} {key}")


def _mode(name: str) -> Mode:
    try:
        return Mode(name)
    except ValueError:
        raise SubmissionRefused(f"The mode must be run or submit, not {name!r}.") from None


async def show_problem(
    request: Request,
    user: User | None,
    problem: Problem,
    problems: Problems,
    submissions: Submissions,
    *,
    code: str | None,
    source: str = "chosen",
    refusal: GraderError | None = None,
) -> Response:
    """Render the page with `code` in its editor, or with None what was sent in last, else the starter.

    `source` says where `code` is from: chosen, refused, or kept over a sign-in.
    """
    earlier = [] if user is None else await submissions.list_for(user, problem.slug)
    solved, following = False, None
    if user is not None:
        progresses = await submissions.progresses(user, [problem.slug])
        solved = progresses.get(problem.slug) is Progress.SOLVED
    if user is not None and solved:
        following = await next_exercise(problems, submissions, user, problem.slug)
    if code is None:
        latest = None
        if user is not None and earlier:
            latest = await submissions.latest_code(user, problem.slug)
        code, source = (problem.starter, "starter") if latest is None else (latest, "latest")
    return render_page(
        request,
        "problem.html",
        user=user,
        status=200 if refusal is None else meaning_of(refusal).status,
        retry_after_seconds=retry_after_seconds(refusal),
        fragments=("earlier", "recap", "onward"),
        is_typed_into=True,
        manifest=problem.manifest,
        statement=await services_of(request.app).renderings.statement(problem),
        earlier=earlier,
        latest_id=earlier[0].id if earlier else "",
        facts=problem_facts(problem.manifest),
        solved=solved,
        following=following,
        code=code,
        code_source=source,
        # Names this very form: sent twice, it is one submission.
        form_key=secrets.token_urlsafe(),
        starter=problem.starter,
        code_limit_bytes=CODE_LIMIT_BYTES,
        python_version=PYTHON_VERSION,
        refusal=refusal.message if refusal else "",
    )


@router.get("/problems/{slug}/assets/{name:path}")
async def figure(request: Request, slug: str, name: str, problems: ProblemsService) -> Response:
    """Serve a figure of the statement."""
    problem = await problems.by_slug(slug)
    media_type = media_type_of(name)
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
