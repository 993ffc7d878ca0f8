"""Answers in JSON: the domain's values, and every error in one shape.

An error is `{"error": {"code", "message", "details"}}`: `code` is for programs and stays what it is;
`message` is a sentence for people; `details` lists where a malformed request is wrong, and is empty
otherwise. `MEANINGS` is the table of them.
"""

import logging
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from app import errors

_log = logging.getLogger("jaxercise.api")


class JsonAnswer(Response):
    """Encodes msgspec structs, enums, moments and plain containers."""

    media_type = "application/json"

    def __init__(
        self, content: Any, status_code: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(content, status_code, headers)

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """One place in a malformed request, such as `body.mode`, and what is wrong there."""

    where: str
    problem: str


class Error(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    message: str
    details: tuple[Detail, ...] = ()


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    error: Error


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """The outside of an error class."""

    status: int
    code: str
    retry_after_seconds: int | None = None
    """Where the error itself does not know: a polite interval. When a queue has room, a stream ends or a
    database is back is decided by others, so nothing better can be said of those."""


# 422 only where the request itself is malformed. A class that is not listed has its base's meaning.
MEANINGS: dict[type[errors.GraderError], Meaning] = {
    errors.GraderError: Meaning(status=500, code="internal_error"),
    errors.DatabaseUnavailable: Meaning(status=503, code="unavailable", retry_after_seconds=5),
    errors.ProblemNotFound: Meaning(status=404, code="problem_not_found"),
    errors.SubmissionTooLarge: Meaning(status=413, code="submission_too_large"),
    errors.SubmissionRefused: Meaning(status=422, code="submission_refused"),
    errors.VerdictNotFound: Meaning(status=404, code="verdict_not_found"),
    errors.SubmissionNotFound: Meaning(status=404, code="submission_not_found"),
    errors.QueueFull: Meaning(status=429, code="queue_full", retry_after_seconds=60),
    errors.TooManyStreams: Meaning(status=429, code="too_many_streams", retry_after_seconds=10),
    errors.AccountError: Meaning(status=422, code="account_refused"),
    errors.NotSignedIn: Meaning(status=401, code="not_signed_in"),
    errors.NotAllowed: Meaning(status=403, code="not_allowed"),
    errors.EmailTaken: Meaning(status=409, code="email_taken"),
    errors.WeakPassword: Meaning(status=422, code="weak_password"),
    errors.MalformedEmail: Meaning(status=422, code="malformed_email"),
    errors.WrongPassword: Meaning(status=401, code="wrong_password"),
    errors.InvitationNeeded: Meaning(status=403, code="invitation_needed"),
    errors.InvitationOver: Meaning(status=403, code="invitation_over"),
    errors.WrongCode: Meaning(status=403, code="wrong_code"),
    errors.TooManyAttempts: Meaning(status=429, code="too_many_attempts", retry_after_seconds=60),
}
_HTTP_CODES = {
    400: "malformed_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "request_too_large",
    503: "busy",
}
_LONGEST_PLACE = 200
_BROKEN = "Something went wrong on our side. It has been logged."


def meaning_of(error: errors.GraderError) -> Meaning:
    """Return the meaning of the error's class, or of the nearest class above it in the table."""
    return next(MEANINGS[cls] for cls in type(error).__mro__ if cls in MEANINGS)


def retry_after_seconds(error: errors.GraderError | None) -> int | None:
    """Return after how many seconds the same may be tried again; None where that is no matter of time."""
    if error is None:
        return None
    if error.retry_after_seconds is not None:
        return max(1, math.ceil(error.retry_after_seconds))
    return meaning_of(error).retry_after_seconds


class ErrorAnswer(JsonAnswer):
    """An answer in the one shape; `error` is what it says."""

    def __init__(self, status: int, error: Error, headers: Mapping[str, str] | None = None) -> None:
        self.error = error
        super().__init__(ErrorBody(error=error), status, headers)


Present = Callable[[Request, ErrorAnswer], Awaitable[Response]]
"""Gives an error to whoever sent the request: as it is to a program, as a page to a person."""


def answer_error(error: Exception) -> ErrorAnswer:
    """Return the answer to whatever was raised."""
    match error:
        case errors.GraderError():
            return _grader_error(error)
        case RequestValidationError():
            details = tuple(_detail(fault) for fault in error.errors())
            message = "; ".join(f"{detail.where}: {detail.problem}" for detail in details)
            return error_answer(422, "malformed_request", message, details=details)
        case HTTPException():
            code = _HTTP_CODES.get(error.status_code, "request_refused")
            return error_answer(error.status_code, code, str(error.detail), headers=error.headers)
        case ClientDisconnect():
            # Nobody is left to read it; but it is no fault of ours.
            return error_answer(400, "malformed_request", "The request ended before its body was complete.")
        case _:
            # The server logs the traceback; the caller is told no more than that.
            return error_answer(500, "internal_error", _BROKEN)


def error_answer(
    status: int,
    code: str,
    message: str,
    *,
    details: Sequence[Detail] = (),
    headers: Mapping[str, str] | None = None,
) -> ErrorAnswer:
    """Return an answer that says this."""
    return ErrorAnswer(status, Error(code=code, message=message, details=tuple(details)), headers)


def _grader_error(error: errors.GraderError) -> ErrorAnswer:
    meaning = meaning_of(error)
    headers = {}
    if meaning.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if (seconds := retry_after_seconds(error)) is not None:
        headers["Retry-After"] = str(seconds)
    if meaning.status >= 500:
        # What the error itself says, of hosts and files, is the operator's.
        _log.error("%s: %s", type(error).__name__, error)
        reported = type(error).__doc__ if meaning.status == 503 else _BROKEN
        return error_answer(meaning.status, meaning.code, reported or _BROKEN, headers=headers)
    return error_answer(meaning.status, meaning.code, error.message, headers=headers)


def _detail(fault: Any) -> Detail:
    """Say where and why, and never the refused input itself, which may be a password."""
    if fault["type"] == "json_invalid":
        reason = fault["ctx"]["error"]
        return Detail(where="body", problem=f"not JSON at character {fault['loc'][-1]}: {reason}")
    # The name of a field that nobody asked for may be as long as the body.
    where = ".".join(str(part) for part in fault["loc"])[:_LONGEST_PLACE]
    return Detail(where=where, problem=str(fault["msg"]))
