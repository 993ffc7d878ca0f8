"""How many files and connections a process may have open at once."""

import resource

import msgspec


class OpenFiles(msgspec.Struct, frozen=True):
    """The limits of this process, as getrlimit(2) tells them."""

    soft: int
    hard: int

    def set(self) -> None:
        """Have them hold from now on, here and in children that are forked."""
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.soft, self.hard))


def raise_open_files() -> OpenFiles:
    """Raise the soft limit to the hard one, and return what was before.

    The soft one is low for the sake of programs that call select(2), which none of ours does.
    """
    before = OpenFiles(*resource.getrlimit(resource.RLIMIT_NOFILE))
    OpenFiles(before.hard, before.hard).set()
    return before


def open_files_allowed() -> int:
    """Return how many this process may have open now."""
    return OpenFiles(*resource.getrlimit(resource.RLIMIT_NOFILE)).soft
