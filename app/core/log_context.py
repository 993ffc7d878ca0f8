"""Which submission the code that runs just now is about, for the log."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_submission: ContextVar[str | None] = ContextVar("jaxercise_submission", default=None)


@contextmanager
def submission_in_log(submission_id: str) -> Iterator[None]:
    """Whatever is logged in the block, and in tasks that are started in it, carries the submission's id."""
    token = _submission.set(submission_id)
    try:
        yield
    finally:
        _submission.reset(token)


def submission_of_log() -> str | None:
    """The id, where the code runs for a submission."""
    return _submission.get()
