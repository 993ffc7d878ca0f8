"""Opening an account."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.errors import AccountError
from app.http.authentication import client_of, current_user, remember_session
from app.http.services import accounts_of
from app.web.errors import PageRoute, status_of
from app.web.page import render_page
from app.web.return_address import return_address

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/sign-up")
async def show(request: Request, next: str = "/") -> Response:
    return await _page(request, next=next)


@router.post("/sign-up")
async def sign_up(request: Request) -> Response:
    form = await request.form()
    email, password, next = (str(form.get(name, "")) for name in ("email", "password", "next"))
    accounts = accounts_of(request)
    try:
        user = await accounts.sign_up(email, password, client=client_of(request))
    except AccountError as refusal:
        # What was typed stays, the password included: the learner mends it instead of typing all of it again.
        return await _page(request, next=next, email=email, password=password, refusal=refusal)
    response = RedirectResponse(return_address(next), status_code=303)
    remember_session(request, response, await accounts.start_session(user))
    return response


async def _page(
    request: Request, *, next: str, email: str = "", password: str = "", refusal: AccountError | None = None
) -> Response:
    return render_page(
        request,
        "sign_up.html",
        user=await current_user(request),
        status=200 if refusal is None else status_of(refusal),
        next=return_address(next),
        email=email,
        password=password,
        refusal=refusal.message if refusal else "",
        is_first=await accounts_of(request).is_empty(),
    )
