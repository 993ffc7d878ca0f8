"""How many connections there are, which of them wait for their clients, and which of those has to go.

A connection costs its client nothing, so it may not be worth much here either. Whoever has to send something,
or to take something, has a deadline (`protocol.py`). Where there are too many all the same, the one that has
waited longest goes, first of all of the newcomer's own network; so there is always room for the next one, and
a network that opens thousands pushes out its own. An answer that is not read lies in this process's memory: a
network that leaves much of that unread gets no further answer until it has read, and where it is too much in
all, the network with most of it loses connections.
"""

import logging
from collections import Counter, OrderedDict
from typing import Protocol

import msgspec

from app.cli.serving.open_files import open_files_allowed
from app.core.network import is_among, network_of
from app.settings import Settings

_SHARE_OF_ONE_NETWORK = 4
"""A quarter of all connections may wait for clients of one network."""
RESERVED_FILES = 256
"""What the database, logs and files that are being sent may have open besides."""
_FEWEST = 16
_UNREAD_BYTES = 256 << 20
"""Of all answers together."""
_UNREAD_BYTES_OF_ONE_NETWORK = 32 << 20

_log = logging.getLogger("jaxercise.connections")


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a client may keep a connection waiting."""

    seconds: float
    """For the head of a request, and for the next sign of life of its body or of the answer's reader."""
    bytes_a_second: float = 1000.0
    """What buys a body, or a reader, further time."""


class BoundedConnection(Protocol):
    """What a connection tells of itself, and how it is closed."""

    @property
    def peer(self) -> str:
        """The address at the other end."""
        ...

    @property
    def unread_bytes(self) -> int:
        """What was answered, and not yet taken by the other end."""
        ...

    def waits_for_client(self) -> bool:
        """Say whether it is the client's turn."""
        ...

    def look(self, now: float) -> None:
        """Close it if its client's time is up."""
        ...

    def drop(self) -> None:
        """Close it at once, without a word."""
        ...


class Connections:
    """All connections of one server, of which `most` may be open.

    `trusted_proxies` are as in the settings: behind one of those everybody has the same address, so it has
    no share of its own.
    """

    def __init__(
        self,
        *,
        most: int,
        patience: Patience,
        trusted_proxies: str = "",
        unread_bytes: int = _UNREAD_BYTES,
        unread_bytes_of_one_network: int = _UNREAD_BYTES_OF_ONE_NETWORK,
    ) -> None:
        self.patience = patience
        self.most = most
        self._unread_bytes = unread_bytes
        self._unread_bytes_of_one_network = unread_bytes_of_one_network
        self._unread: dict[BoundedConnection, int] = {}
        self._unread_of: Counter[str] = Counter()
        self._pushed_out = 0
        self._trusted_proxies = trusted_proxies
        self._open: dict[BoundedConnection, str] = {}
        """Each with its client's network, which is empty for a proxy's."""
        self._waiting: OrderedDict[BoundedConnection, None] = OrderedDict()
        self._waiting_of: dict[str, OrderedDict[BoundedConnection, None]] = {}

    def add(self, connection: BoundedConnection) -> None:
        """Take in a new one, which waits for its client; another one may have to go for it."""
        proxied = bool(self._trusted_proxies) and is_among(connection.peer, self._trusted_proxies)
        network = "" if proxied else network_of(connection.peer)
        self._open[connection] = network
        self._wait(connection)
        its_network = self._waiting_of[network]
        if network and len(its_network) > max(1, self.most // _SHARE_OF_ONE_NETWORK):
            self._push_out(next(iter(its_network)))
        elif len(self._open) > self.most:
            self._push_out(next(iter(self._waiting)))

    def remove(self, connection: BoundedConnection) -> None:
        """Forget one."""
        self._stop_waiting(connection)
        self._note_unread(connection, 0)
        self._open.pop(connection, None)

    def answers_more(self, connection: BoundedConnection) -> bool:
        """Say whether another request may be answered: not while its network leaves too much unread."""
        network = self._open.get(connection, "")
        return not network or self._unread_of[network] <= self._unread_bytes_of_one_network

    def turned(self, connection: BoundedConnection) -> None:
        """Note whose turn it is, after something has happened."""
        if connection in self._open:
            self._note_unread(connection, connection.unread_bytes)
        if not connection.waits_for_client():
            self._stop_waiting(connection)
        elif connection in self._open and connection not in self._waiting:
            self._wait(connection)

    def look(self, now: float, *, part: int = 0, parts: int = 1) -> None:
        """Close what has waited too long; where there are several `parts`, in one of them."""
        for connection in list(self._open)[part::parts]:
            self.turned(connection)
            connection.look(now)
        while self._unread_of.total() > self._unread_bytes:
            self._push_out_of_heaviest()
        if self._pushed_out:
            # Thousands a second are closed in less time than a line about each would take.
            _log.warning("too many connections: closed %d that waited longest", self._pushed_out)
            self._pushed_out = 0

    def _wait(self, connection: BoundedConnection) -> None:
        self._waiting[connection] = None
        self._waiting_of.setdefault(self._open[connection], OrderedDict())[connection] = None

    def _stop_waiting(self, connection: BoundedConnection) -> None:
        if connection not in self._waiting:
            return
        del self._waiting[connection]
        network = self._open[connection]
        of_network = self._waiting_of[network]
        del of_network[connection]
        if not of_network:
            del self._waiting_of[network]

    def _note_unread(self, connection: BoundedConnection, unread: int) -> None:
        before = self._unread.pop(connection, 0)
        if unread:
            self._unread[connection] = unread
        if unread != before:
            network = self._open[connection]
            self._unread_of[network] += unread - before
            if not self._unread_of[network]:
                del self._unread_of[network]

    def _push_out_of_heaviest(self) -> None:
        [(heaviest, _)] = self._unread_of.most_common(1)
        its_own = [connection for connection in self._unread if self._open[connection] == heaviest]
        _log.warning("too much is answered that nobody reads: the connection with most of it is closed")
        connection = max(its_own, key=self._unread.__getitem__)
        self.remove(connection)
        connection.drop()

    def _push_out(self, connection: BoundedConnection) -> None:
        self._pushed_out += 1
        self.remove(connection)
        connection.drop()


def connections_of(settings: Settings) -> Connections:
    """Return the book of one server, with the bounds that were set."""
    return Connections(
        most=_possible(settings.connection_limit),
        patience=Patience(seconds=settings.client_seconds),
        trusted_proxies=settings.trusted_proxies,
    )


def _possible(wanted: int) -> int:
    """Return how many connections there may be: fewer than wanted where too few files may be open."""
    files = open_files_allowed()
    possible = max(_FEWEST, files - RESERVED_FILES)
    if possible < wanted:
        _log.warning(
            "at most %d connections instead of %d, since this process may have %d files open: raise its "
            "limit (`ulimit -n`, LimitNOFILE=)",
            possible,
            wanted,
            files,
        )
    return min(wanted, possible)
