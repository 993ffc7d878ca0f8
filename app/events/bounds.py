"""How many event streams may be open: each holds a connection, and memory, for as long as it likes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import TooManyStreams


class StreamBounds:
    """Counts the open streams of this process, in all, of each network and of each account."""

    def __init__(self, *, in_all: int, per_network: int, per_user: int) -> None:
        self._in_all = in_all
        self._per_network = per_network
        self._per_user = per_user
        self._of_network: Counter[str] = Counter()
        self._of_user: Counter[str] = Counter()

    def check_network(self, network: str) -> None:
        """Check that a stream of this network could be opened, whosever it is.

        Raises:
            TooManyStreams: of this network or in all.
        """
        if self._of_network[network] >= self._per_network or self._of_network.total() >= self._in_all:
            raise TooManyStreams

    @contextmanager
    def held(self, *, user_id: str, network: str) -> Iterator[None]:
        """Count one stream while the block lasts.

        Raises:
            TooManyStreams: of this account, of this network or in all; whoever wanted to follow may ask for
                the submission now and then instead.
        """
        if self._of_user[user_id] >= self._per_user:
            raise TooManyStreams(f"This account has {self._per_user} event streams open already. Close one.")
        self.check_network(network)
        self._of_network[network] += 1
        self._of_user[user_id] += 1
        try:
            yield
        finally:
            for count, key in ((self._of_network, network), (self._of_user, user_id)):
                count[key] -= 1
                if not count[key]:
                    del count[key]
