"""Who is next among those that learners wait for: lanes take turns, and inside a network its accounts.

The law stands in `app/queue/interface.py`; on PostgreSQL `app/queue/postgres/turns.py` has the same.
"""

import itertools
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from app.queue.interface import Ticket

_TURNS_REMEMBERED = 10_000
_NEVER = -1


class _Waiting(msgspec.Struct, frozen=True, kw_only=True):
    ticket: Ticket
    arrived: int

    @property
    def order(self) -> tuple[float, int]:
        """What was asked for first; a ticket that tells no time comes by its arrival alone."""
        asked_at = self.ticket.asked_at
        return (0.0 if asked_at is None else asked_at.timestamp(), self.arrived)


class Turns:
    """Tickets that wait, and when each account and network had its last turn.

    Moments are numbers that grow with each arrival and each turn. Of those that had a turn at most so many
    are remembered, the latest; of the others it is as if they never had one.
    """

    def __init__(self, *, turns_remembered: int = _TURNS_REMEMBERED) -> None:
        self._turns_remembered = turns_remembered
        self._moments = itertools.count()
        self._waiting: dict[str, _Waiting] = {}
        self._lanes: dict[str, str] = {}
        """Of each account that waits: that of what it sent last, for all that it has waiting."""
        self._taken: OrderedDict[str, int] = OrderedDict()
        self._order: list[Ticket] | None = []
        """The next one last; None where it must be made anew."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, ticket: Ticket) -> None:
        """Let it wait."""
        self._waiting[ticket.job_id] = _Waiting(ticket=ticket, arrived=next(self._moments))
        self._lanes[_account(ticket)] = ticket.network or _account(ticket)
        self._order = None

    def remove(self, ticket: Ticket) -> None:
        """Take it out without a turn."""
        del self._waiting[ticket.job_id]
        self._order = None
        self._forget_lane(ticket)

    def take(self) -> Ticket:
        """Take out the next one; its account and its network have had their turns then."""
        ticket = self._next_last().pop()
        del self._waiting[ticket.job_id]
        moment = next(self._moments)
        for taker in (_account(ticket), self._lanes[_account(ticket)]):
            self._taken[taker] = moment
            self._taken.move_to_end(taker)
        while len(self._taken) > self._turns_remembered:
            self._taken.popitem(last=False)
            self._order = None
        self._forget_lane(ticket)
        return ticket

    def in_order(self) -> Iterator[Ticket]:
        """Yield all that wait, the next one first."""
        return reversed(self._next_last())

    def _forget_lane(self, ticket: Ticket) -> None:
        account = _account(ticket)
        if all(_account(one.ticket) != account for one in self._waiting.values()):
            del self._lanes[account]

    def _next_last(self) -> list[Ticket]:
        # A turn takes the first away and changes nothing among the rest: whoever had it is the last of its
        # round already.
        if self._order is None:
            self._order = self._made_order()
            self._order.reverse()
        return self._order

    def _made_order(self) -> list[Ticket]:
        of_accounts: defaultdict[str, list[_Waiting]] = defaultdict(list)
        for waiting in self._waiting.values():
            of_accounts[_account(waiting.ticket)].append(waiting)
        in_lanes: defaultdict[str, list[tuple[int, list[Ticket]]]] = defaultdict(list)
        arrived: dict[str, int] = {}
        for account, found in of_accounts.items():
            found.sort(key=lambda waiting: waiting.order)
            lane, first = self._lanes[account], min(waiting.arrived for waiting in found)
            in_lanes[lane].append((self._taken.get(account, first), [waiting.ticket for waiting in found]))
            arrived[lane] = min(first, arrived.get(lane, first))
        lanes = sorted(in_lanes, key=lambda lane: (self._taken.get(lane, _NEVER), arrived[lane]))
        return list(_in_rounds(list(_in_rounds(_by_moment(in_lanes[lane]))) for lane in lanes))


def _account(ticket: Ticket) -> str:
    return ticket.account or ticket.job_id


def _by_moment(accounts: list[tuple[int, list[Ticket]]]) -> list[list[Ticket]]:
    return [tickets for _, tickets in sorted(accounts, key=lambda account: account[0])]


def _in_rounds(takers: Iterable[list[Ticket]]) -> Iterator[Ticket]:
    """Yield the first of each taker, then the second of each that has one, and so on."""
    for turn in itertools.zip_longest(*takers):
        yield from (ticket for ticket in turn if ticket is not None)
