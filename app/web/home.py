"""The list of problems."""

import msgspec
from fastapi import APIRouter, Request, Response

from app.accounts.request_identity import current_user
from app.core.problem import Manifest
from app.core.user import User
from app.jobs.submit import submissions_of
from app.web.errors import PageRoute
from app.web.page import render_page
from app.web.problems import problems_of
from app.web.standing import Standing, standing

router = APIRouter(route_class=PageRoute, include_in_schema=False)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One problem of the list."""

    manifest: Manifest
    standing: Standing


@router.get("/")
async def home(request: Request) -> Response:
    user = await current_user(request)
    rows = [
        Row(manifest=problem.manifest, standing=await _standing_in(request, user, problem.slug))
        for problem in await problems_of(request).all()
    ]
    solved = sum(row.standing is Standing.SOLVED for row in rows)
    return render_page(request, "home.html", user=user, rows=rows, solved=solved)


async def _standing_in(request: Request, user: User | None, slug: str) -> Standing:
    if user is None:
        return Standing.NEW
    return standing(await submissions_of(request).list_for(user, slug))
