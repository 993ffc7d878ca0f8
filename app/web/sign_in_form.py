"""The forms of signing in and up, and the code that they keep where a session ended under it.

The text travels in the form itself, hidden, to the answer that shows it in its editor again: nothing is
stored for somebody who is not signed in, and it works without scripts.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import Request, Response

from app.accounts.accounts import Accounts
from app.core.user import User
from app.errors import GraderError
from app.http.responses import meaning_of, retry_after_seconds
from app.web.rendering import render_page


class KeptCode(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody sent in to a problem who was not signed in any more."""

    problem: str
    """Its slug."""
    code: str


class SignInForm(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of either form, as they were sent or as they are shown first."""

    next: str = "/"
    """The path to go on to, if it is one: see `return_address`."""
    email: str = ""
    password: str = ""
    invitation: str = ""
    sign_up_code: str = ""
    key: str = ""
    """Names the form of a sign-up: sent twice, it makes one account."""
    kept: KeptCode | None = None
    is_only_asked_for: bool = False
    """The other form's link was followed, where there was code to keep: nothing is tried yet."""


def sign_in_form(sent: Mapping[str, str]) -> SignInForm:
    """Return what was sent, without believing any of it."""
    kept = None
    if sent.get("code", "") and sent.get("problem", ""):
        kept = KeptCode(problem=sent["problem"], code=plain_newlines(sent["code"]))
    is_only_asked_for = "instead" in sent
    return SignInForm(
        next=sent.get("next", ""),
        email=sent.get("email", ""),
        password="" if is_only_asked_for else sent.get("password", ""),
        invitation=sent.get("invitation", ""),
        sign_up_code=sent.get("sign_up_code", ""),
        key=sent.get("key", ""),
        kept=kept,
        is_only_asked_for=is_only_asked_for,
    )


def plain_newlines(code: str) -> str:
    """Return code as it was typed: a form sends every newline as CR LF, whatever it was."""
    return code.replace("\r\n", "\n")


async def show_form(
    request: Request,
    template: str,
    user: User | None,
    accounts: Accounts,
    form: SignInForm,
    *,
    refusal: GraderError | None = None,
    status: int = 200,
    **more: Any,
) -> Response:
    """Render `sign_in.html` or `sign_up.html` with what was typed, and what one of them shows besides."""
    return render_page(
        request,
        template,
        user=user,
        status=status if refusal is None else meaning_of(refusal).status,
        retry_after_seconds=retry_after_seconds(refusal),
        form=form,
        next=return_address(form.next),
        refusal=refusal.message if refusal else "",
        is_first=await accounts.is_empty(),
        **more,
    )


def return_address(wanted: str) -> str:
    """Return `wanted` if it is a path of this service, else the front page; never another site."""
    # Browsers read a backslash as a slash, so `/\\evil.example` would leave.
    is_path = wanted.startswith("/") and not wanted.startswith("//")
    return wanted if is_path and "\\" not in wanted and wanted.isprintable() else "/"
