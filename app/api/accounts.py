"""Accounts, the session cookie, and tokens for programs."""

from datetime import datetime

import msgspec
from fastapi import APIRouter, Response
from pydantic import Field

from app.accounts.sign_up_rule import Entrance
from app.api.body import Body
from app.api.openapi import SIGNED_IN, answers
from app.core.user import Role, User
from app.errors import NotSignedIn
from app.http.authentication import BrowserSession, ClientNetwork, SignedIn
from app.http.responses import JsonAnswer
from app.http.services import AccountsService
from app.store.queries.tokens import Token

router = APIRouter(tags=["accounts"])


class Credentials(Body):
    email: str = Field(max_length=320)
    password: str


class SignUpRequest(Credentials):
    invitation: str = Field(
        default="",
        max_length=200,
        description="What stands after `invitation=` in the link of an invitation.",
    )
    code: str = Field(default="", max_length=200, description="Where signing up takes a code.")


class TokenRequest(Body):
    name: str = Field(max_length=100, description="What the token is for; shown in the list of tokens.")


class Account(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    email: str
    role: Role


class IssuedToken(msgspec.Struct, frozen=True, kw_only=True):
    """`token` goes into `Authorization: Bearer …`; it can't be read again later."""

    id: str
    name: str
    token: str
    created_at: datetime


class TokenList(msgspec.Struct, frozen=True, kw_only=True):
    tokens: tuple[Token, ...]


@router.post(
    "/accounts",
    status_code=201,
    summary="Sign up; the first account is the admin",
    responses=answers(Account, 201, says="Signed up, and in: the session cookie is set."),
)
async def sign_up(
    wanted: SignUpRequest, accounts: AccountsService, cookie: BrowserSession, client: ClientNetwork
) -> Response:
    entrance = Entrance(invitation=wanted.invitation, code=wanted.code)
    user = await accounts.sign_up(wanted.email, wanted.password, client=client, entrance=entrance)
    answer = JsonAnswer(_account(user), 201)
    cookie.put_on(answer, await accounts.start_session(user))
    cookie.remember_device(answer, await accounts.device_proof(user.email))
    return answer


@router.post("/session", summary="Sign in", responses=answers(Account, says="The session cookie is set."))
async def sign_in(
    credentials: Credentials, accounts: AccountsService, cookie: BrowserSession, client: ClientNetwork
) -> Response:
    session = await accounts.sign_in(
        credentials.email, credentials.password, client=client, device=cookie.device
    )
    user = await accounts.user_of_session(session)
    if user is None:
        raise NotSignedIn
    answer = JsonAnswer(_account(user))
    cookie.put_on(answer, session)
    cookie.remember_device(answer, await accounts.device_proof(user.email))
    return answer


@router.get(
    "/session",
    summary="Who is signed in",
    responses=answers(Account, says="The account."),
    openapi_extra=SIGNED_IN,
)
async def who_am_i(user: SignedIn) -> Response:
    return JsonAnswer(_account(user))


@router.delete("/session", status_code=204, summary="Sign out", responses=answers(None, 204, says="Done."))
async def sign_out(accounts: AccountsService, cookie: BrowserSession) -> Response:
    if cookie.secret is not None:
        await accounts.sign_out(cookie.secret)
    answer = Response(status_code=204)
    cookie.take_off(answer)
    return answer


@router.post(
    "/tokens",
    status_code=201,
    summary="A token for a program",
    responses=answers(IssuedToken, 201, says="The token."),
    openapi_extra=SIGNED_IN,
)
async def create_token(body: TokenRequest, user: SignedIn, accounts: AccountsService) -> Response:
    issued = await accounts.new_token(user, body.name)
    token = issued.token
    answer = IssuedToken(id=token.id, name=token.name, token=issued.secret, created_at=token.created_at)
    return JsonAnswer(answer, 201, {"Cache-Control": "no-store"})


@router.get(
    "/tokens",
    summary="One's tokens, without their secrets",
    responses=answers(TokenList, says="The tokens."),
    openapi_extra=SIGNED_IN,
)
async def list_tokens(user: SignedIn, accounts: AccountsService) -> Response:
    return JsonAnswer(TokenList(tokens=tuple(await accounts.tokens_of(user))))


@router.delete(
    "/tokens/{token_id}",
    status_code=204,
    summary="End a token; one that is gone already is no error",
    responses=answers(None, 204, says="Done."),
    openapi_extra=SIGNED_IN,
)
async def delete_token(token_id: str, user: SignedIn, accounts: AccountsService) -> Response:
    await accounts.delete_token(user, token_id)
    return Response(status_code=204)


def _account(user: User) -> Account:
    return Account(id=user.id, email=user.email, role=user.role)
