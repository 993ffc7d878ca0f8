"""Accounts, the session cookie, and tokens for programs."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.described import SIGNED_IN, answers
from app.core.user import Role, User
from app.errors import NotSignedIn
from app.http.authentication import client_of, forget_session, remember_session, session_of, signed_in_user
from app.http.json_answer import JsonAnswer
from app.http.services import accounts_of
from app.store.queries.tokens import Token

router = APIRouter(tags=["accounts"])
SignedIn = Annotated[User, Depends(signed_in_user)]


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    email: str = Field(max_length=320)
    password: str


class TokenRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

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
async def sign_up(request: Request, credentials: Credentials) -> Response:
    accounts = accounts_of(request)
    user = await accounts.sign_up(credentials.email, credentials.password, client=client_of(request))
    answer = JsonAnswer(_account(user), 201)
    remember_session(request, answer, await accounts.start_session(user))
    return answer


@router.post("/session", summary="Sign in", responses=answers(Account, says="The session cookie is set."))
async def sign_in(request: Request, credentials: Credentials) -> Response:
    accounts = accounts_of(request)
    session = await accounts.sign_in(credentials.email, credentials.password, client=client_of(request))
    user = await accounts.user_of_session(session)
    if user is None:
        raise NotSignedIn
    answer = JsonAnswer(_account(user))
    remember_session(request, answer, session)
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
async def sign_out(request: Request) -> Response:
    session = session_of(request)
    if session is not None:
        await accounts_of(request).sign_out(session)
    answer = Response(status_code=204)
    forget_session(answer)
    return answer


@router.post(
    "/tokens",
    status_code=201,
    summary="A token for a program",
    responses=answers(IssuedToken, 201, says="The token."),
    openapi_extra=SIGNED_IN,
)
async def create_token(request: Request, body: TokenRequest, user: SignedIn) -> Response:
    issued = await accounts_of(request).new_token(user, body.name)
    token = issued.token
    answer = IssuedToken(id=token.id, name=token.name, token=issued.secret, created_at=token.created_at)
    return JsonAnswer(answer, 201)


@router.get(
    "/tokens",
    summary="One's tokens, without their secrets",
    responses=answers(TokenList, says="The tokens."),
    openapi_extra=SIGNED_IN,
)
async def list_tokens(request: Request, user: SignedIn) -> Response:
    return JsonAnswer(TokenList(tokens=tuple(await accounts_of(request).tokens_of(user))))


@router.delete(
    "/tokens/{token_id}",
    status_code=204,
    summary="End a token; one that is gone already is no error",
    responses=answers(None, 204, says="Done."),
    openapi_extra=SIGNED_IN,
)
async def delete_token(request: Request, token_id: str, user: SignedIn) -> Response:
    await accounts_of(request).delete_token(user, token_id)
    return Response(status_code=204)


def _account(user: User) -> Account:
    return Account(id=user.id, email=user.email, role=user.role)
