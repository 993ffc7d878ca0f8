"""Authentication: a Bearer token says who sends a request if there is one, else the session cookie.

A handler says by a parameter's type whom it is for: `CurrentUser` (guests too), `SignedIn` or `Admin`.
"""

from typing import Annotated

import msgspec
from fastapi import Depends, Request, Response

from app.core.network import network_of
from app.core.user import Role, User
from app.errors import NotAllowed, NotSignedIn
from app.http.services import AllServices, RequestServices

SESSION_COOKIE = "jaxercise_session"
DEVICE_COOKIE = "jaxercise_device"
_DEVICE_SECONDS = 400 * 24 * 3600  # As long as browsers keep any.


class SessionCookie(msgspec.Struct, frozen=True, kw_only=True):
    """The cookie that holds a session's secret, as a request came with it and as an answer sets it."""

    secret: str | None
    """As the request sent it; None where it sent none."""
    device: str | None
    """The proof that somebody has signed in with this browser before; None where it sent none."""
    lifetime_seconds: int
    secure: bool
    """Sent over HTTPS alone."""

    def put_on(self, answer: Response, secret: str) -> None:
        """Set the cookie out of reach of scripts and of other sites' forms."""
        answer.set_cookie(
            SESSION_COOKIE,
            secret,
            max_age=self.lifetime_seconds,
            httponly=True,
            samesite="lax",
            secure=self.secure,
        )

    def remember_device(self, answer: Response, proof: str) -> None:
        """Set the cookie by which this browser is known at the next sign-in; it outlives the session."""
        answer.set_cookie(
            DEVICE_COOKIE,
            proof,
            max_age=_DEVICE_SECONDS,
            httponly=True,
            samesite="lax",
            secure=self.secure,
        )

    def take_off(self, answer: Response) -> None:
        """Have the browser forget the cookie."""
        answer.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax")


async def session_cookie(request: Request, services: AllServices) -> SessionCookie:
    """Return the request's cookie.

    In production it is never sent in the clear, even where a proxy did not say that it was asked by HTTPS.
    """
    return SessionCookie(
        secret=request.cookies.get(SESSION_COOKIE),
        device=request.cookies.get(DEVICE_COOKIE),
        lifetime_seconds=services.accounts.session_seconds,
        secure=services.is_production or request.url.scheme == "https",
    )


async def client_network(request: Request) -> str:
    """Return the network that rate limits count by: an IPv4 address, or a /64 of IPv6."""
    return network_of(request.client.host) if request.client else "unknown"


async def current_user(request: Request, services: AllServices) -> User | None:
    """Return the user, or None for a guest.

    Raises:
        NotSignedIn: a token was sent, and it is not valid. A program with one is no guest.
    """
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return await _user_of_header(services, authorization)
    secret = request.cookies.get(SESSION_COOKIE)
    return None if secret is None else await services.accounts.user_of_session(secret)


async def _user_of_header(services: RequestServices, authorization: str) -> User:
    scheme, _, token = authorization.partition(" ")
    user = None
    if scheme.lower() == "bearer":
        user = await services.accounts.user_of_token(token.strip())
    if user is None:
        raise NotSignedIn("The Authorization header holds no valid token.")
    return user


CurrentUser = Annotated[User | None, Depends(current_user)]


async def signed_in_user(user: CurrentUser) -> User:
    """Return the user.

    Raises:
        NotSignedIn: a guest.
    """
    if user is None:
        raise NotSignedIn
    return user


SignedIn = Annotated[User, Depends(signed_in_user)]


async def admin_user(user: SignedIn) -> User:
    """Return the user.

    Raises:
        NotSignedIn: a guest.
        NotAllowed: somebody who is no admin.
    """
    if user.role is not Role.ADMIN:
        raise NotAllowed
    return user


Admin = Annotated[User, Depends(admin_user)]
BrowserSession = Annotated[SessionCookie, Depends(session_cookie)]
ClientNetwork = Annotated[str, Depends(client_network)]
