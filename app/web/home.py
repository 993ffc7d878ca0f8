"""The list of problems."""

import msgspec
from fastapi import APIRouter, Request, Response

from app.accounts.request_identity import current_user
from app.core.problem import Manifest
from app.core.standing import Standing
from app.jobs.submit import submissions_of
from app.web.errors import PageRoute
from app.web.page import render_page
from app.web.problems import problems_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One problem of the list."""

    manifest: Manifest
    standing: Standing


@router.get("/")
async def home(request: Request) -> Response:
    user = await current_user(request)
    standings = {} if user is None else await submissions_of(request).standings(user)
    rows = [
        Row(manifest=problem.manifest, standing=standings.get(problem.slug, Standing.NEW))
        for problem in await problems_of(request).all()
    ]
    solved = sum(row.standing is Standing.SOLVED for row in rows)
    return render_page(request, "home.html", user=user, rows=rows, solved=solved)
