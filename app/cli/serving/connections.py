"""How many connections there are, which of them wait for their clients, and which of those has to go.

A connection costs its client nothing, so it may not be worth much here either. Whoever has to send something,
or to take something, has a deadline (`protocol.py`). Where there are too many all the same, the one that has
waited longest goes, first of all of the newcomer's own network; so there is always room for the next one, and
a network that opens thousands pushes out its own.
"""

import logging
from collections import OrderedDict
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

    def __init__(self, *, most: int, patience: Patience, trusted_proxies: str = "") -> None:
        self.patience = patience
        self.most = most
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
        self._open.pop(connection, None)

    def turned(self, connection: BoundedConnection) -> None:
        """Note whose turn it is, after something has happened."""
        if not connection.waits_for_client():
            self._stop_waiting(connection)
        elif connection in self._open and connection not in self._waiting:
            self._wait(connection)

    def look(self, now: float) -> None:
        """Close what has waited too long."""
        for connection in list(self._open):
            self.turned(connection)
            connection.look(now)

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

    def _push_out(self, connection: BoundedConnection) -> None:
        _log.warning("too many connections: the one that waited longest for its client is closed")
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
