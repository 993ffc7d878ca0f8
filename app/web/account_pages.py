"""Accounts: signing up, in and out, and the learner's own page with their API tokens."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.accounts.accounts import Accounts
from app.core.user import User
from app.errors import AccountError
from app.http.authentication import BrowserSession, ClientNetwork, CurrentUser, SignedIn
from app.http.responses import meaning_of
from app.http.services import AccountsService
from app.web.errors import PageRoute
from app.web.rendering import render_page

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/sign-up")
async def sign_up_page(
    request: Request, user: CurrentUser, accounts: AccountsService, next: str = "/"
) -> Response:
    return await _sign_up_page(request, user, accounts, next=next)


@router.post("/sign-up")
async def sign_up(
    request: Request,
    user: CurrentUser,
    accounts: AccountsService,
    cookie: BrowserSession,
    client: ClientNetwork,
) -> Response:
    form = await request.form()
    email, password, next = (str(form.get(name, "")) for name in ("email", "password", "next"))
    try:
        registered = await accounts.sign_up(email, password, client=client)
    except AccountError as refusal:
        # The address stays; a password would lie in the browser's cache and history with the page.
        return await _sign_up_page(request, user, accounts, next=next, email=email, refusal=refusal)
    response = RedirectResponse(return_address(next), status_code=303)
    cookie.put_on(response, await accounts.start_session(registered))
    cookie.remember_device(response, await accounts.device_proof(registered.email))
    return response


async def _sign_up_page(
    request: Request,
    user: User | None,
    accounts: Accounts,
    *,
    next: str,
    email: str = "",
    refusal: AccountError | None = None,
) -> Response:
    return render_page(
        request,
        "sign_up.html",
        user=user,
        status=200 if refusal is None else meaning_of(refusal).status,
        next=return_address(next),
        email=email,
        refusal=refusal.message if refusal else "",
        is_first=await accounts.is_empty(),
    )


@router.get("/sign-in")
async def sign_in_page(
    request: Request, user: CurrentUser, accounts: AccountsService, next: str = "/"
) -> Response:
    return await _sign_in_page(request, user, accounts, next=next)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    user: CurrentUser,
    accounts: AccountsService,
    cookie: BrowserSession,
    client: ClientNetwork,
) -> Response:
    form = await request.form()
    email, password, next = (str(form.get(name, "")) for name in ("email", "password", "next"))
    try:
        session = await accounts.sign_in(email, password, client=client, device=cookie.device)
    except AccountError as refusal:
        return await _sign_in_page(request, user, accounts, next=next, email=email, refusal=refusal)
    response = RedirectResponse(return_address(next), status_code=303)
    cookie.put_on(response, session)
    cookie.remember_device(response, await accounts.device_proof(email))
    return response


async def _sign_in_page(
    request: Request,
    user: User | None,
    accounts: Accounts,
    *,
    next: str,
    email: str = "",
    refusal: AccountError | None = None,
) -> Response:
    return render_page(
        request,
        "sign_in.html",
        user=user,
        status=200 if refusal is None else meaning_of(refusal).status,
        next=return_address(next),
        email=email,
        refusal=refusal.message if refusal else "",
        is_first=await accounts.is_empty(),
    )


def return_address(wanted: str) -> str:
    """Return `wanted` if it is a path of this service, else the front page; never another site."""
    # Browsers read a backslash as a slash, so `/\\evil.example` would leave.
    is_path = wanted.startswith("/") and not wanted.startswith("//")
    return wanted if is_path and "\\" not in wanted and wanted.isprintable() else "/"


@router.post("/sign-out")
async def sign_out(accounts: AccountsService, cookie: BrowserSession) -> Response:
    if cookie.secret is not None:
        await accounts.sign_out(cookie.secret)
    response = RedirectResponse("/", status_code=303)
    cookie.take_off(response)
    return response


@router.get("/account")
async def account_page(request: Request, user: SignedIn, accounts: AccountsService) -> Response:
    return await _account_page(request, user, accounts)


@router.post("/account/tokens")
async def create_token(request: Request, user: SignedIn, accounts: AccountsService) -> Response:
    """Show the new token right here: it is readable this once, so it may not pass through an address."""
    name = str((await request.form()).get("name", ""))
    try:
        secret = await accounts.create_token(user, name)
    except AccountError as refusal:
        return await _account_page(request, user, accounts, name=name, refusal=refusal)
    page = await _account_page(request, user, accounts, secret=secret)
    page.headers["Cache-Control"] = "no-store"
    return page


@router.post("/account/tokens/{token_id}/delete")
async def delete_token(token_id: str, user: SignedIn, accounts: AccountsService) -> Response:
    await accounts.delete_token(user, token_id)
    return RedirectResponse("/account", status_code=303)


async def _account_page(
    request: Request,
    user: User,
    accounts: Accounts,
    *,
    name: str = "",
    secret: str = "",
    refusal: AccountError | None = None,
) -> Response:
    return render_page(
        request,
        "account.html",
        user=user,
        status=200 if refusal is None else meaning_of(refusal).status,
        tokens=await accounts.tokens_of(user),
        name=name,
        secret=secret,
        refusal=refusal.message if refusal else "",
    )
