"""Signing in."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.errors import AccountError
from app.http.authentication import client_of, current_user, remember_session
from app.http.services import accounts_of
from app.web.errors import PageRoute, status_of
from app.web.page import render_page
from app.web.return_address import return_address

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/sign-in")
async def show(request: Request, next: str = "/") -> Response:
    return await _page(request, next=next)


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    form = await request.form()
    email, password, next = (str(form.get(name, "")) for name in ("email", "password", "next"))
    try:
        session = await accounts_of(request).sign_in(email, password, client=client_of(request))
    except AccountError as refusal:
        return await _page(request, next=next, email=email, refusal=refusal)
    response = RedirectResponse(return_address(next), status_code=303)
    remember_session(request, response, session)
    return response


async def _page(
    request: Request, *, next: str, email: str = "", refusal: AccountError | None = None
) -> Response:
    return render_page(
        request,
        "sign_in.html",
        user=await current_user(request),
        status=200 if refusal is None else status_of(refusal),
        next=return_address(next),
        email=email,
        refusal=refusal.message if refusal else "",
        is_first=await accounts_of(request).is_empty(),
    )
