"""The learner's account: who they are, and their API tokens."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.user import User
from app.errors import AccountError
from app.http.authentication import signed_in_user
from app.http.services import accounts_of
from app.web.errors import PageRoute, status_of
from app.web.page import render_page

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/account")
async def show(request: Request) -> Response:
    return await _page(request, await signed_in_user(request))


@router.post("/account/tokens")
async def create_token(request: Request) -> Response:
    """Shows the new token right here: it is readable this once, so it may not pass through an address."""
    user = await signed_in_user(request)
    name = str((await request.form()).get("name", ""))
    try:
        secret = await accounts_of(request).create_token(user, name)
    except AccountError as refusal:
        return await _page(request, user, name=name, refusal=refusal)
    return await _page(request, user, secret=secret)


@router.post("/account/tokens/{token_id}/delete")
async def delete_token(request: Request, token_id: str) -> Response:
    await accounts_of(request).delete_token(await signed_in_user(request), token_id)
    return RedirectResponse("/account", status_code=303)


async def _page(
    request: Request, user: User, *, name: str = "", secret: str = "", refusal: AccountError | None = None
) -> Response:
    return render_page(
        request,
        "account.html",
        user=user,
        status=200 if refusal is None else status_of(refusal),
        tokens=await accounts_of(request).tokens_of(user),
        name=name,
        secret=secret,
        refusal=refusal.message if refusal else "",
    )
