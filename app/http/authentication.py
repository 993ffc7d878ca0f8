"""Who sends a request: a Bearer token if there is one, else the session cookie."""

from fastapi import Request, Response

from app.core.user import Role, User
from app.errors import NotAllowed, NotSignedIn
from app.http.services import accounts_of

SESSION_COOKIE = "jaxercise_session"


def client_of(request: Request) -> str:
    """The address that rate limits count by."""
    return request.client.host if request.client else "unknown"


async def current_user(request: Request) -> User | None:
    """The user, or None for a guest.

    Raises:
        NotSignedIn: a token was sent, and it is not valid. A program should hear that.
    """
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return await _user_of_header(request, authorization)
    session = session_of(request)
    return None if session is None else await accounts_of(request).user_of_session(session)


async def signed_in_user(request: Request) -> User:
    """The user.

    Raises:
        NotSignedIn: a guest.
    """
    user = await current_user(request)
    if user is None:
        raise NotSignedIn
    return user


async def admin_user(request: Request) -> User:
    """The user.

    Raises:
        NotSignedIn: a guest.
        NotAllowed: somebody who is no admin.
    """
    user = await signed_in_user(request)
    if user.role is not Role.ADMIN:
        raise NotAllowed
    return user


async def _user_of_header(request: Request, authorization: str) -> User:
    scheme, _, token = authorization.partition(" ")
    user = None
    if scheme.lower() == "bearer":
        user = await accounts_of(request).user_of_token(token.strip())
    if user is None:
        raise NotSignedIn("The Authorization header holds no valid token.")
    return user


def session_of(request: Request) -> str | None:
    """The session's secret, where there is a cookie."""
    return request.cookies.get(SESSION_COOKIE)


def remember_session(request: Request, answer: Response, session: str) -> None:
    """Sets the cookie: out of reach of scripts and of other sites' forms, and in production never in the
    clear, even where a proxy did not say that it was asked by HTTPS."""
    in_production = getattr(request.app.state.settings, "environment", None) == "production"
    answer.set_cookie(
        SESSION_COOKIE,
        session,
        max_age=accounts_of(request).session_seconds,
        httponly=True,
        samesite="lax",
        secure=in_production or request.url.scheme == "https",
    )


def forget_session(answer: Response) -> None:
    answer.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax")
