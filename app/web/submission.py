"""One submission: where it is, then its verdict, with the code that was sent in."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.submission import Status
from app.core.verdict import Verdict
from app.http.authentication import signed_in_user
from app.http.services import problems_of, submissions_of
from app.web.code_listing import code_listing
from app.web.errors import PageRoute
from app.web.page import render_page

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/submissions/{submission_id}")
async def submission(request: Request, submission_id: str) -> Response:
    user = await signed_in_user(request)
    shown = await submissions_of(request).get(user, submission_id)
    problem = await problems_of(request).by_version(shown.version)
    marked_line = None if shown.verdict is None else line_at_fault(shown.verdict)
    return render_page(
        request,
        "submission.html",
        user=user,
        fragments=("verdict",),
        submission=shown,
        manifest=problem.manifest,
        done=shown.status is Status.DONE,
        position=await submissions_of(request).position(shown),
        lines=code_listing(shown.code, marked_line=marked_line),
        marked_line=marked_line,
    )


@router.post("/submissions/{submission_id}/cancel")
async def cancel(request: Request, submission_id: str) -> Response:
    user = await signed_in_user(request)
    await submissions_of(request).cancel(user, submission_id)
    return RedirectResponse(f"/submissions/{submission_id}", status_code=303)


def line_at_fault(verdict: Verdict) -> int | None:
    """The line to mark in the learner's code, 1-based: where it raised, else where the diagnosis points."""
    if verdict.error is not None:
        return verdict.error.line
    return verdict.diagnosis.line if verdict.diagnosis is not None else None
