"""Accounts: signing up, in and out, and the learner's own page with their API tokens."""

import secrets

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.accounts.accounts import Accounts
from app.accounts.sign_up_rule import Entrance
from app.core.user import User
from app.errors import AccountError, EmailTaken, InvitationOver, ProblemNotFound, WrongCode
from app.http.authentication import BrowserSession, ClientNetwork, CurrentUser, SessionCookie, SignedIn
from app.http.forms import read_form
from app.http.responses import meaning_of, retry_after_seconds
from app.http.services import AccountsService, AllServices, RequestServices
from app.web.errors import PageRoute
from app.web.problem_pages import show_problem
from app.web.rendering import render_page
from app.web.sign_in_form import SignInForm, return_address, show_form, sign_in_form

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_ACCOUNT = "/account"
_NEW_TOKEN = "jaxercise_new_token"  # noqa: S105 (a cookie's name)
_NEW_TOKEN_SECONDS = 60


@router.get("/sign-up")
async def sign_up_page(
    request: Request, user: CurrentUser, accounts: AccountsService, next: str = "/", invitation: str = ""
) -> Response:
    return await _show_sign_up(request, user, accounts, SignInForm(next=next, invitation=invitation))


@router.post("/sign-up")
async def sign_up(
    request: Request,
    user: CurrentUser,
    accounts: AccountsService,
    cookie: BrowserSession,
    client: ClientNetwork,
    services: AllServices,
) -> Response:
    form = sign_in_form(await read_form(request))
    if form.is_only_asked_for:
        return await _show_sign_up(request, user, accounts, form)
    try:
        registered = await accounts.sign_up(
            form.email, form.password, client=client, entrance=_entrance(form), key=form.key
        )
    except (EmailTaken, InvitationOver) as refusal:
        # A double click sends the form twice, and the browser shows the second answer alone.
        if await accounts.made_by_form(form.email, form.key):
            return await _sign_in(request, user, form, accounts, cookie, client, services)
        return await _show_sign_up(request, user, accounts, form, refusal=refusal)
    except AccountError as refusal:
        # The address stays; a password would lie in the browser's cache and history with the page.
        return await _show_sign_up(request, user, accounts, form, refusal=refusal)
    response = await _go_on(request, form, registered, services)
    cookie.put_on(response, await accounts.start_session(registered))
    cookie.remember_device(response, await accounts.device_proof(registered.email))
    return response


async def _show_sign_up(
    request: Request,
    user: User | None,
    accounts: Accounts,
    form: SignInForm,
    *,
    refusal: AccountError | None = None,
) -> Response:
    """Show the form, or why it would be in vain: nobody should fill it in to learn that."""
    invitation, asks_for_code, is_shut = None, accounts.sign_up_rule.needs == "code", False
    try:
        invitation = await accounts.invitation_of(_entrance(form))
        # Whoever has an invitation needs none.
        asks_for_code = asks_for_code and invitation is None
    except WrongCode:
        pass
    except AccountError as reason:
        refusal, is_shut, asks_for_code = reason, True, False
    return await show_form(
        request,
        "sign_up.html",
        user,
        accounts,
        form,
        refusal=refusal,
        is_shut=is_shut,
        invitation=invitation,
        form_key=secrets.token_urlsafe(),
        asks_for_code=asks_for_code and not await accounts.is_empty(),
    )


def _entrance(form: SignInForm) -> Entrance:
    return Entrance(invitation=form.invitation, code=form.sign_up_code)


@router.get("/sign-in")
async def sign_in_page(
    request: Request, user: CurrentUser, accounts: AccountsService, next: str = "/"
) -> Response:
    return await show_form(request, "sign_in.html", user, accounts, SignInForm(next=next))


@router.post("/sign-in")
async def sign_in(
    request: Request,
    user: CurrentUser,
    accounts: AccountsService,
    cookie: BrowserSession,
    client: ClientNetwork,
    services: AllServices,
) -> Response:
    form = sign_in_form(await read_form(request))
    if form.is_only_asked_for:
        return await show_form(request, "sign_in.html", user, accounts, form)
    return await _sign_in(request, user, form, accounts, cookie, client, services)


async def _sign_in(
    request: Request,
    user: User | None,
    form: SignInForm,
    accounts: Accounts,
    cookie: SessionCookie,
    client: str,
    services: RequestServices,
) -> Response:
    """Sign in by the form's address and password, and go on."""
    try:
        session = await accounts.sign_in(form.email, form.password, client=client, device=cookie.device)
    except AccountError as refusal:
        return await show_form(request, "sign_in.html", user, accounts, form, refusal=refusal)
    response = await _go_on(request, form, await accounts.user_of_session(session), services)
    cookie.put_on(response, session)
    cookie.remember_device(response, await accounts.device_proof(form.email))
    return response


async def _go_on(
    request: Request, form: SignInForm, user: User | None, services: RequestServices
) -> Response:
    """Lead to where one wanted to go; code that was kept is put into its editor, in this very answer."""
    if form.kept is not None and user is not None:
        try:
            problem = await services.problems.by_slug(form.kept.problem)
            return await show_problem(
                request,
                user,
                problem,
                services.problems,
                services.submissions,
                code=form.kept.code,
                source="kept",
            )
        except ProblemNotFound:
            # A form that nobody of ours has made.
            pass
    return RedirectResponse(return_address(form.next), status_code=303)


@router.post("/sign-out")
async def sign_out(accounts: AccountsService, cookie: BrowserSession) -> Response:
    if cookie.secret is not None:
        await accounts.sign_out(cookie.secret)
    response = RedirectResponse("/", status_code=303)
    # Of a machine that several use, Back shows nobody the pages of who used it before.
    response.headers["Clear-Site-Data"] = '"cache"'
    cookie.take_off(response)
    return response


@router.get("/account")
async def account_page(request: Request, user: SignedIn, accounts: AccountsService) -> Response:
    """Show the account, and once, right after it was made, a new token."""
    secret = request.cookies.get(_NEW_TOKEN, "")
    if secret and await accounts.user_of_token(secret) != user:
        secret = ""
    response = await _account_page(request, user, accounts, secret=secret)
    if _NEW_TOKEN in request.cookies:
        response.delete_cookie(_NEW_TOKEN, path=_ACCOUNT, httponly=True, samesite="strict")
        response.headers["Cache-Control"] = "no-store"
    return response


@router.post("/account/tokens")
async def create_token(
    request: Request, user: SignedIn, accounts: AccountsService, cookie: BrowserSession
) -> Response:
    """Have the account's page show the new token, so that a reload there makes no second one.

    Nor does a double click: the form names itself, and what it is sent twice for is one token. That is
    readable this once, so it may not pass through an address; a cookie hands it over, out of reach of
    scripts, and is gone once the page has been shown.
    """
    form = await read_form(request)
    name = form.get("name", "")
    try:
        secret = await accounts.create_token(user, name, session=cookie.secret, key=form.get("key", ""))
    except AccountError as refusal:
        return await _account_page(request, user, accounts, name=name, refusal=refusal)
    response = RedirectResponse(_ACCOUNT, status_code=303)
    response.set_cookie(
        _NEW_TOKEN,
        secret,
        max_age=_NEW_TOKEN_SECONDS,
        path=_ACCOUNT,
        httponly=True,
        samesite="strict",
        secure=cookie.secure,
    )
    return response


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
        shows_secret=bool(secret),
        status=200 if refusal is None else meaning_of(refusal).status,
        retry_after_seconds=retry_after_seconds(refusal),
        tokens=await accounts.tokens_of(user),
        form_key=secrets.token_urlsafe(),
        name=name,
        secret=secret,
        refusal=refusal.message if refusal else "",
    )
