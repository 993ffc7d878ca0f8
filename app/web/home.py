"""The list of problems, a page at a time."""

import msgspec
from fastapi import APIRouter, Request, Response

from app.core.problem import ProblemSummary
from app.core.submission import Progress
from app.http.authentication import current_user
from app.http.services import problems_of, submissions_of
from app.web.errors import PageRoute
from app.web.page import render_page

router = APIRouter(route_class=PageRoute, include_in_schema=False)

ON_A_PAGE = 60
_SEARCHABLE_FROM = 12
"""Fewer are looked through faster with the eye."""
_SEARCH_LENGTH = 200


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One problem of the list."""

    problem: ProblemSummary
    progress: Progress


@router.get("/")
async def home(request: Request, q: str = "", after: str | None = None) -> Response:
    """Those that have all words of `q`, from the one after the slug `after` on."""
    user = await current_user(request)
    search = q[:_SEARCH_LENGTH].strip()
    problems = problems_of(request)
    page = await problems.page(limit=ON_A_PAGE, after=after or None, search=search)
    total = await problems.count()
    progresses, solved = {}, 0
    if user is not None:
        progresses = await submissions_of(request).progresses(user, [shown.slug for shown in page.problems])
        solved = await submissions_of(request).count_solved(user)
    return render_page(
        request,
        "home.html",
        user=user,
        rows=[
            Row(problem=shown, progress=progresses.get(shown.slug, Progress.NEW)) for shown in page.problems
        ],
        total=total,
        solved=solved,
        search=search,
        searchable=total >= _SEARCHABLE_FROM or bool(search),
        is_first=not after,
        next=page.next,
    )
