"""Signing out."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.http.authentication import forget_session, session_of
from app.http.services import accounts_of
from app.web.errors import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    session = session_of(request)
    if session is not None:
        await accounts_of(request).sign_out(session)
    response = RedirectResponse("/", status_code=303)
    forget_session(response)
    return response
