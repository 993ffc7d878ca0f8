"""Those who wait take turns, by account or by network, on the embedded queue and on Procrastinate's alike."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence

import pytest
from sqlalchemy import text

from app.core.job import BULK, CONFIRMING, INTERACTIVE, WATCHED
from app.core.submission import SUBMISSION
from app.core.user import User
from app.errors import QueueFull
from app.queue.admission import Limits
from app.queue.interface import Ticket
from app.queue.postgres.sweep import Sweep, SweepTimes
from app.store import tables
from app.store.queries import jobs
from app.worker.consume import consuming
from tests.support.postgres import PostgresServer
from tests.support.queue_harness import Grading, QueueHarness, queue_harness
from tests.support.scripted_service import until
from tests.support.toy_kind import TOY

pytestmark = pytest.mark.anyio

_HERE, _THERE, _ELSEWHERE = "192.0.2.7", "2001:db8:1:2::/64", "198.51.100.9"
_LIMITS = Limits(in_all=200, of_one_account=10)


@pytest.fixture(params=[SUBMISSION, TOY])
async def harness(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[QueueHarness]:
    async with queue_harness(database_url, request.param) as opened:
        yield opened


class Waiting:
    """Jobs by names of their accounts, such as `a`: the second that `a` asks for is `a2`."""

    def __init__(self, harness: QueueHarness, users: dict[str, User]) -> None:
        self._harness = harness
        self._users = users
        self._asked: Counter[str] = Counter()
        self.names: dict[str, str] = {}

    async def ask(self, accounts: str, network: str | None = None, *, priority: int = INTERACTIVE) -> None:
        for account in accounts.split():
            user = self._users[account]
            job_id = await self._harness.ask(priority, user=user, network=network)
            self._asked[account] += 1
            self.names[job_id] = f"{account}{self._asked[account]}"

    async def order(self) -> str:
        """All that wait, as positions say it."""
        places = await self._harness.queue.positions(list(self.names))
        assert sorted(places.values()) == list(range(len(places)))
        return self.named(sorted(places, key=lambda job_id: places[job_id]))

    def named(self, job_ids: Iterable[str]) -> str:
        return " ".join(self.names[job_id] for job_id in job_ids)

    def id_of(self, name: str) -> str:
        return next(job_id for job_id, known in self.names.items() if known == name)

    async def run(self, count: int) -> str:
        """Have so many run, one after the other; the first of those that waited."""
        begun: list[str] = []
        async with asyncio.timeout(60), self._harness.queue.handing_out([BULK]) as source:
            while len(begun) < count:
                ticket = await source.take(at_least=BULK)
                assert ticket is not None
                begun.append(ticket.job_id)
                await Grading(self._harness.database)(ticket)
                if len(begun) == count:
                    # Before the slot is free: what it took beyond would have had its turn.
                    source.stop()
                    await asyncio.sleep(0.1)
                source.done(ticket)
        return self.named(begun)


async def waiting_of(harness: QueueHarness, accounts: str = "a b c d e f") -> Waiting:
    names = accounts.split()
    return Waiting(harness, dict(zip(names, await harness.new_users(len(names)), strict=True)))


async def test_accounts_take_turns_and_each_keeps_its_order(harness: QueueHarness) -> None:
    """Whoever sends ten is not ahead of who sends one."""
    waiting = await waiting_of(harness)
    await waiting.ask("a a a b a c c")
    expected = "a1 b1 c1 a2 c2 a3 a4"
    assert await waiting.order() == expected
    assert await waiting.run(7) == expected


async def test_what_confirms_is_not_kept_waiting_by_whoever_always_waits(harness: QueueHarness) -> None:
    """Learners go first, four of them; what is only watched comes last, however early it was."""
    waiting = await waiting_of(harness)
    await waiting.ask("d", priority=WATCHED)
    await waiting.ask("b c", priority=CONFIRMING)
    await waiting.ask("a " * 10)
    assert await waiting.run(13) == "a1 a2 a3 a4 b1 a5 a6 a7 a8 c1 a9 a10 d1"


async def test_a_network_takes_one_turn_and_inside_it_its_accounts_do(harness: QueueHarness) -> None:
    waiting = await waiting_of(harness)
    await waiting.ask("a a b c", _HERE)
    await waiting.ask("d e", _THERE)
    await waiting.ask("f f f")
    expected = "a1 d1 f1 b1 e1 f2 c1 f3 a2"
    assert await waiting.order() == expected
    assert await waiting.run(9) == expected


async def test_a_turn_that_was_had_is_remembered(harness: QueueHarness) -> None:
    """Who was last is not first again, however the rest comes in."""
    waiting = await waiting_of(harness)
    await waiting.ask("a a", _HERE)
    await waiting.ask("d")
    assert await waiting.run(2) == "a1 d1"
    await waiting.ask("d")
    await waiting.ask("b", _HERE)
    assert await waiting.order() == "a2 d2 b1"
    # Who never had one comes before both, and before a second one of its own.
    await waiting.ask("e e")
    assert await waiting.order() == "e1 a2 d2 e2 b1"
    assert await waiting.run(5) == "e1 a2 d2 e2 b1"


@pytest.mark.postgresql
async def test_what_is_old_is_forgotten_by_the_sweep_and_nothing_else(postgres: PostgresServer) -> None:
    """Of who has solved nothing, a turn tells the network; and the table holds no more than an hour's."""
    async with queue_harness(postgres.new_database()) as harness:
        waiting = await waiting_of(harness, "a b")
        await waiting.ask("a", _HERE)
        await waiting.ask("b", _THERE)
        assert await waiting.run(2) == "a1 b1"
        takers = await takers_of(harness)
        assert len(takers) == 4
        old = "UPDATE turns SET taken_at = taken_at - interval '61 minutes' WHERE taker = :network"
        recent = "UPDATE turns SET taken_at = taken_at - interval '59 minutes' WHERE taker = :network"
        async with harness.database.transaction() as connection:
            await connection.execute(text(old), {"network": _HERE})
            await connection.execute(text(recent), {"network": _THERE})
        sweeping = asyncio.create_task(Sweep(harness.database, SweepTimes(look_seconds=0.01)).run())
        try:
            async with asyncio.timeout(60):
                while await takers_of(harness) == takers:  # noqa: ASYNC110 - it has no event
                    await asyncio.sleep(0.01)
        finally:
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)
        assert await takers_of(harness) == takers - {_HERE}
        # Which changes nobody's place: it would be among the next anyway.
        await waiting.ask("b", _THERE)
        await waiting.ask("a", _HERE)
        assert await waiting.order() == "a2 b2"


async def takers_of(harness: QueueHarness) -> set[str]:
    async with harness.database.reading() as connection:
        return set((await connection.execute(text("SELECT taker FROM turns"))).scalars())


async def test_new_accounts_without_end_keep_nobody_out_of_their_network(harness: QueueHarness) -> None:
    """Who had a turn there comes again before those who came after it."""
    waiting = await waiting_of(harness)
    await waiting.ask("a a", _HERE)
    assert await waiting.run(1) == "a1"
    await waiting.ask("b c", _HERE)
    assert await waiting.order() == "a2 b1 c1"


async def test_an_account_waits_in_one_lane_with_all_it_has(harness: QueueHarness) -> None:
    """That of the latest: who solves something, or goes home, does not pass what they sent before."""
    waiting = await waiting_of(harness)
    await waiting.ask("a b c", _HERE)
    await waiting.ask("c c", _THERE)
    assert await waiting.order() == "a1 c1 b1 c2 c3"
    await waiting.ask("b")
    assert await waiting.order() == "a1 b1 c1 b2 c2 c3"
    assert await waiting.run(6) == "a1 b1 c1 b2 c2 c3"


async def test_what_is_cancelled_is_no_turn(harness: QueueHarness) -> None:
    waiting = await waiting_of(harness)
    await waiting.ask("a a b", _HERE)
    await waiting.ask("d")
    for name in ("a1", "b1"):
        await harness.cancel(waiting.id_of(name))
    assert await waiting.order() == "a2 d1"
    assert await waiting.run(2) == "a2 d1"


async def test_the_less_urgent_take_no_turns(harness: QueueHarness) -> None:
    """Whoever asks for a thousand regrades has them in order, behind every learner."""
    waiting = await waiting_of(harness)
    await waiting.ask("a a b", priority=BULK)
    await waiting.ask("a b", priority=WATCHED)
    await waiting.ask("c c", _HERE)
    assert await waiting.order() == "c1 c2 a3 b2 a1 a2 b1"
    assert await waiting.run(7) == "c1 c2 a3 b2 a1 a2 b1"


async def test_no_slot_is_left_idle_for_a_turn(harness: QueueHarness) -> None:
    """Where one account alone waits it has all slots."""
    [user] = await harness.new_users()
    asked = [await harness.ask(user=user, network=_HERE) for _ in range(6)]
    grading = Grading(harness.database, held=True)
    async with consuming(harness.queue, grading, slots=3, reserved_slots=1, drain_seconds=5):
        await until(lambda: len(grading.begun) == 3)
        grading.let_go()
        await until(lambda: sorted(grading.ended) == sorted(asked))
    assert grading.most_at_once == 3


async def test_a_network_is_forgotten_with_the_end_of_the_run(harness: QueueHarness) -> None:
    """Graded or cancelled: no row says any more where it came from."""
    waiting = await waiting_of(harness)
    await waiting.ask("a b", _HERE)
    async with harness.database.reading() as connection:
        assert {job.network for job in await jobs.unfinished(connection)} == {_HERE}
    await waiting.run(1)
    await harness.cancel(waiting.id_of("b1"))
    async with harness.database.reading() as connection:
        networks = (await connection.execute(tables.jobs.select())).all()
    assert [row.network for row in networks] == [None, None]


async def begun_after(
    harness: QueueHarness, slots: int, asked: Sequence[str], then: Sequence[tuple[User, str | None]]
) -> list[int]:
    """Fill all slots, have `then` ask, and return how many runs began between that and each of theirs."""
    let_go = asyncio.Semaphore(0)
    begun: list[str] = []

    async def grade(ticket: Ticket) -> None:
        begun.append(ticket.job_id)
        await let_go.acquire()
        await Grading(harness.database)(ticket)

    async with consuming(harness.queue, grade, slots=slots, reserved_slots=0, drain_seconds=0):
        await until(lambda: len(begun) == slots)
        late = [await harness.ask(user=user, network=network, limits=_LIMITS) for user, network in then]
        for _ in range(slots + len(late)):
            let_go.release()
        await until(lambda: set(late) <= set(begun))
    assert set(begun[:slots]) <= set(asked)
    return [begun.index(job_id) - slots for job_id in late]


@pytest.mark.parametrize("slots", [1, 3])
async def test_three_hundred_accounts_of_one_network_delay_others_by_a_run_a_slot(
    harness: QueueHarness, slots: int
) -> None:
    """What runs when they come is all they wait for; who waits behind the three hundred is their network."""
    crowd = await harness.new_users(300)
    asked = []
    for user in crowd:
        larger = Limits(in_all=300, of_one_account=10)
        asked.append(await harness.ask(user=user, network=_HERE, limits=larger))
    old, newcomer, other = await harness.new_users(3)
    then = [(old, None), (newcomer, _THERE), (other, _ELSEWHERE)]
    # The runs under way are the whole delay, one a slot: the next that begin are theirs, in their order.
    assert await begun_after(harness, slots, asked, then) == [0, 1, 2]


async def test_a_class_behind_one_address_gets_in_and_waits_for_each_other(harness: QueueHarness) -> None:
    """Eighty who have solved nothing yet, and a queue that others have filled."""
    crowd = await harness.new_users(21)
    taken = 0
    for user in crowd:
        for _ in range(10):
            try:
                await harness.ask(user=user, network=_HERE, limits=_LIMITS)
                taken += 1
            except QueueFull:
                pass
    # All but those that had one waiting when the queue was full.
    assert taken == 201
    with pytest.raises(QueueFull, match="one that you have waiting"):
        await harness.ask(user=crowd[-1], network=_HERE, limits=_LIMITS)
    members = await harness.new_users(80)
    first = [await harness.ask(user=user, network=_THERE, limits=_LIMITS) for user in members]
    # In the very network that is full of others' as well, and of course who has solved something.
    for network in (_HERE, None):
        [one] = await harness.new_users()
        await harness.ask(user=one, network=network, limits=_LIMITS)
    places = await harness.queue.positions(first)
    assert sorted(places, key=lambda job_id: places[job_id]) == first
    assert max(places.values()) <= 3 * 80


async def test_room_for_newcomers_ends_and_never_for_who_has_solved_something(harness: QueueHarness) -> None:
    """Of one network as many accounts as may wait in all, of all networks five times as many jobs."""
    few = Limits(in_all=4, of_one_account=2)
    for number in range(20):
        [user] = await harness.new_users()
        await harness.ask(user=user, network=f"192.0.2.{number // 4}", limits=few)
    for network in ("192.0.2.0", "192.0.2.200"):
        [user] = await harness.new_users()
        with pytest.raises(QueueFull):
            await harness.ask(user=user, network=network, limits=few)
    for user in await harness.new_users(5):
        await harness.ask(user=user, limits=few)
        with pytest.raises(QueueFull):
            await harness.ask(user=user, limits=few)
