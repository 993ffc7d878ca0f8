"""A submission: where it is, then its verdict, with the code that was sent in."""

import asyncio

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.catalog.highlighting import with_marked_line
from app.core.job import Status
from app.core.submission import Submission
from app.core.verdict import Mode, Verdict
from app.http.authentication import SignedIn
from app.http.services import ProblemsService, RenderingsService, SubmissionsService
from app.web.errors import PageRoute
from app.web.onward import next_exercise
from app.web.rendering import render_page

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/submissions/{submission_id}")
async def submission(
    request: Request,
    submission_id: str,
    user: SignedIn,
    submissions: SubmissionsService,
    problems: ProblemsService,
    renderings: RenderingsService,
) -> Response:
    shown = await submissions.get(user, submission_id)
    problem = await problems.by_version(shown.version)
    marked_line = None if shown.verdict is None else line_at_fault(shown.verdict)
    following = None
    if accepted := _is_solution(shown):
        following = await next_exercise(problems, submissions, user, shown.problem_slug)
    # The fragment has none.
    listing = "" if "fragment" in request.query_params else await renderings.listing(shown.code)
    # A verdict of many cases, with a picture each, takes longer to write down than others should wait.
    return await asyncio.to_thread(
        render_page,
        request,
        "submission.html",
        accepted=accepted,
        following=following,
        user=user,
        fragments=("verdict",),
        submission=shown,
        manifest=problem.manifest,
        done=shown.status is Status.DONE,
        position=await submissions.position(shown),
        listing=listing if marked_line is None else with_marked_line(listing, marked_line),
        marked_line=marked_line,
    )


def _is_solution(submission: Submission) -> bool:
    return submission.mode is Mode.SUBMIT and submission.verdict is not None and submission.verdict.accepted


@router.post("/submissions/{submission_id}/cancel")
async def cancel(submission_id: str, user: SignedIn, submissions: SubmissionsService) -> Response:
    await submissions.cancel(user, submission_id)
    return RedirectResponse(f"/submissions/{submission_id}", status_code=303)


@router.post("/submissions/{submission_id}/explanation")
async def look_again(submission_id: str, user: SignedIn, submissions: SubmissionsService) -> Response:
    await submissions.look_again(user, submission_id)
    return RedirectResponse(f"/submissions/{submission_id}", status_code=303)


def line_at_fault(verdict: Verdict) -> int | None:
    """Return the line to mark in the code, 1-based: where it raised, else where the diagnosis points."""
    if verdict.error is not None:
        return verdict.error.line
    return verdict.diagnosis.line if verdict.diagnosis is not None else None
