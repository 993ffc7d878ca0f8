"""The submission that the code which runs just now is about, for the log."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class _About:
    """Shared by all tasks that were started for the submission, some of which outlive its block."""

    def __init__(self, submission_id: str) -> None:
        self.submission_id: str | None = submission_id


_about: ContextVar[_About | None] = ContextVar("jaxercise_about", default=None)


@contextmanager
def submission_in_log(submission_id: str) -> Iterator[None]:
    """Put the id into whatever is logged while the block lasts, in tasks that are started in it as well.

    A task that goes on afterwards, such as one that looks after a fork server, no longer does.
    """
    about = _About(submission_id)
    token = _about.set(about)
    try:
        yield
    finally:
        about.submission_id = None
        _about.reset(token)


def submission_of_log() -> str | None:
    """Return the id, where the code runs for a submission."""
    about = _about.get()
    return None if about is None else about.submission_id
