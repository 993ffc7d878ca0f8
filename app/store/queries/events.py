"""Queries on events of submissions under way, by which processes tell each other; PostgreSQL only."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Iterable
from datetime import UTC, datetime, timedelta

import msgspec
from psycopg import AsyncConnection, sql
from sqlalchemy import delete, select, text

from app.core.events import Event
from app.store import tables
from app.store.engine.database import POSTGRES_ARGUMENTS, Connection
from app.store.engine.url import conninfo

CHANNEL = "jaxercise_events"
_KEPT = timedelta(minutes=10)
_NOTIFICATION_BYTES = 7000
"""PostgreSQL takes 8000 less one."""
_AFTER_AN_OUTAGE_SECONDS = 1.0
_HEARTBEAT_SECONDS = 5.0
_DECODER = msgspec.json.Decoder(Event)
_table = tables.submission_events

_log = logging.getLogger("jaxercise.live")


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """`number` grows with every event of a submission."""

    number: int
    submission_id: str
    event: Event


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """What one process tells the others: there is something new of this submission."""

    submission_id: str
    ended: bool


async def add_events(connection: Connection, events: Iterable[tuple[str, Event]]) -> None:
    rows = [
        {"submission_id": submission_id, "event": msgspec.json.encode(event).decode()}
        for submission_id, event in events
    ]
    if rows:
        await connection.execute(_table.insert(), rows)


async def need_not_last(connection: Connection) -> None:
    """Spare a transaction that writes only events the wait for the disk: a crash loses them anyway."""
    await connection.execute(text("SET LOCAL synchronous_commit = off"))


async def notify_listeners(connection: Connection, happened: Iterable[Happened]) -> None:
    """Say so to everybody who listens, with the commit."""
    payload = ""
    for entry in happened:
        word = f"{entry.submission_id}{'!' if entry.ended else ''}"
        if payload and len(payload) + len(word) >= _NOTIFICATION_BYTES:
            await _notify(connection, payload)
            payload = ""
        payload = f"{payload},{word}" if payload else word
    if payload:
        await _notify(connection, payload)


def read_notification(payload: str) -> list[Happened]:
    """Return what `notify_listeners` has written."""
    return [
        Happened(submission_id=word.removesuffix("!"), ended=word.endswith("!"))
        for word in payload.split(",")
    ]


async def listen(url: str) -> AsyncIterator[str | None]:
    """Give every notification's payload; None at the start, and after each outage: some were missed."""
    silent = False
    while True:
        try:
            connection = await AsyncConnection.connect(
                conninfo(url),
                autocommit=True,
                **POSTGRES_ARGUMENTS,  # type: ignore[arg-type]
            )
            async with connection:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
                silent = False
                yield None
                while True:
                    async for notification in connection.notifies(timeout=_HEARTBEAT_SECONDS):
                        yield notification.payload
                    # A connection that hangs half-open is found out here.
                    await connection.execute("SELECT 1")
        except Exception as fault:
            if not silent:
                _log.warning("no live events from elsewhere (%s); trying again", type(fault).__name__)
            silent = True
            await asyncio.sleep(_AFTER_AN_OUTAGE_SECONDS)


async def events_of(connection: Connection, submission_ids: Collection[str], after: int) -> list[StoredEvent]:
    """Return those with larger numbers, in order."""
    query = (
        select(_table.c.number, _table.c.submission_id, _table.c.event)
        .where(_table.c.submission_id.in_(submission_ids), _table.c.number > after)
        .order_by(_table.c.number)
    )
    return [
        StoredEvent(number=row.number, submission_id=row.submission_id, event=_DECODER.decode(row.event))
        for row in await connection.execute(query)
    ]


async def forget_old_events(connection: Connection) -> None:
    """Delete old events; a page that was cut off for longer is told all anew, from the verdict."""
    await connection.execute(delete(_table).where(_table.c.created_at < datetime.now(UTC) - _KEPT))


async def _notify(connection: Connection, payload: str) -> None:
    query = text("SELECT pg_notify(:channel, :payload)")
    await connection.execute(query, {"channel": CHANNEL, "payload": payload})
