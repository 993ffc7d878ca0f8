"""Queries on who grades. Moments are the database's own, since the hosts' clocks may differ."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import JSON, cast, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.core.service_status import LOST_AFTER_SECONDS, WorkerState, WorkerStatus
from app.store import tables
from app.store.engine.database import Connection

_table = tables.workers
_FORGOTTEN_AFTER = timedelta(days=1)


class WorkerRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker writes of itself; the moments are added by the database."""

    id: str
    name: str
    host: str
    pid: int
    slots: int
    state: WorkerState
    running: int
    message: str
    environment: dict[str, str]
    versions: tuple[str, ...]


async def put_worker(connection: Connection, worker: WorkerRow) -> None:
    """Write the whole row, whether it was there or not; `started_at` stays what it was."""
    insert = sqlite_insert if _is_sqlite(connection) else postgres_insert
    now = _now(connection)
    values = {
        "name": worker.name,
        "host": worker.host,
        "pid": worker.pid,
        "slots": worker.slots,
        "state": worker.state.value,
        "running": worker.running,
        "message": worker.message,
        "environment": _json(worker.environment),
        "versions": _json(worker.versions),
        "seen_at": now,
    }
    await connection.execute(
        insert(_table)
        .values(id=worker.id, started_at=now, **values)
        .on_conflict_do_update(index_elements=["id"], set_=values)
    )


async def beat(
    connection: Connection, worker_id: str, *, state: WorkerState, running: int, message: str
) -> bool:
    """Note that the worker is alive; False if its row is gone, and must be put there anew."""
    change = (
        update(_table)
        .where(_table.c.id == worker_id)
        .values(state=state.value, running=running, message=message, seen_at=_now(connection))
    )
    return (await connection.execute(change)).rowcount == 1


async def list_workers(connection: Connection) -> list[WorkerStatus]:
    """Return all that are known, by name; those not heard of for long among them, see `is_lost`."""
    # Counted where it lies: a list may have ten thousand of them.
    versions = _table.c.versions if _is_sqlite(connection) else cast(_table.c.versions, JSON)
    query = select(
        *(column for column in _table.c if column is not _table.c.versions),
        func.json_array_length(versions).label("proven"),
        _now(connection).label("now"),
    ).order_by(_table.c.name, _table.c.started_at, _table.c.id)
    return [
        WorkerStatus(
            id=row.id,
            name=row.name,
            host=row.host,
            pid=row.pid,
            slots=row.slots,
            state=WorkerState(row.state),
            running=row.running,
            message=row.message,
            environment=msgspec.json.decode(row.environment, type=dict[str, str]),
            proven=row.proven,
            started_at=row.started_at,
            seen_at=row.seen_at,
            unseen_seconds=max(0.0, (row.now - row.seen_at).total_seconds()),
        )
        for row in await connection.execute(query)
    ]


async def count_workers(connection: Connection) -> dict[WorkerState | None, int]:
    """Count those in each state; None for those that are lost, whatever they said last."""
    query = select(_table.c.state, _table.c.seen_at, _now(connection).label("now"))
    counts: Counter[WorkerState | None] = Counter()
    for row in await connection.execute(query):
        is_lost = (row.now - row.seen_at).total_seconds() > LOST_AFTER_SECONDS
        counts[None if is_lost else WorkerState(row.state)] += 1
    return dict(counts)


async def remove_worker(connection: Connection, worker_id: str) -> None:
    """Remove the row of a worker that has stopped by itself."""
    await connection.execute(delete(_table).where(_table.c.id == worker_id))


async def forget_gone_workers(connection: Connection, *, name: str, host: str) -> None:
    """Remove those unseen for a day, and the lost ones whose place the worker `name` on `host` takes."""
    now = await _moment(connection)
    replaced = (
        (_table.c.name == name)
        & (_table.c.host == host)
        & (_table.c.seen_at < now - timedelta(seconds=LOST_AFTER_SECONDS))
    )
    await connection.execute(delete(_table).where((_table.c.seen_at < now - _FORGOTTEN_AFTER) | replaced))


async def forget_other_workers(connection: Connection, worker_id: str) -> None:
    """Delete all other workers: on SQLite, where one process grades, they were cut off."""
    await connection.execute(delete(_table).where(_table.c.id != worker_id))


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _now(connection: Connection) -> Any:
    """PostgreSQL's clock; SQLite has no other than this machine's."""
    if _is_sqlite(connection):
        return literal(datetime.now(UTC), tables.UtcDateTime)
    return func.clock_timestamp(type_=tables.UtcDateTime)


async def _moment(connection: Connection) -> datetime:
    moment: datetime = (await connection.execute(select(_now(connection)))).scalar_one()
    return moment
