"""A database with something in every table, and what is in it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from app.store import tables
from app.store.engine import migrate
from app.store.maintenance.move import MOVED_TABLES

_NOW = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)


def filled(url: str, *, submissions: int = 450) -> str:
    """Something in every table; texts and numbers that two databases may see differently."""
    migrate.upgrade(url)
    learners = [_user(name) for name in ("a", "B", "ä", "_", "Z")]
    rows: dict[sa.Table, list[dict[str, Any]]] = {
        tables.users: learners,
        tables.founder: [{"id": 1, "created_at": _NOW}],
        tables.sessions: [{"secret_hash": "s", "user_id": "B", "created_at": _NOW, "expires_at": _NOW}],
        tables.tokens: [{"id": "t", "user_id": "ä", "name": "n", "secret_hash": "h", "created_at": _NOW}],
        tables.invitations: [
            {"id": "i", "secret_hash": "h", "name": "Ä", "uses": 3, "used": 1}
            | {"created_at": _NOW, "expires_at": _NOW}
        ],
        tables.problems: [{"id": "p", "slug": "p", "position": 1, "version": "v", "listed": True}],
        tables.problem_versions: [{"version": "v", "problem_id": "p", "published_at": _NOW}],
        tables.problem_files: [
            {"version": "v", "path": path, "content": path.encode() + b"\0\xff"}
            for path in ("b/ä", "B/a", "b")
        ],
        tables.submissions: [_submission(number, learners) for number in range(submissions)],
        tables.verdicts: [
            {"submission_id": f"{number:032x}", "number": 1, "version": "v", "why": "graded"}
            | {"created_at": _NOW, "outcome": "accepted", "score": 0.1}
            for number in range(submissions)
            if _status(number) == "done"
        ],
        tables.jobs: [_job(number, learners) for number in range(submissions)],
        tables.unexplained_clusters: [
            {"id": "c", "version": "v", "layout": "l", "projection": 0.1 + 0.2, "output": b"\0" * 9}
            | {"created_at": _NOW}
        ],
        tables.chores: [{"name": "output", "done_until": _NOW}],
        tables.unexplained_members: [{"submission_id": "0" * 32, "cluster_id": "c", "code_lines": 3}],
    }
    with connected(url) as connection:
        for table in MOVED_TABLES:
            connection.execute(table.insert(), rows[table])
        connection.commit()
    return url


def _user(name: str) -> dict[str, Any]:
    return {"id": name, "email": f"{name}@x", "password_hash": "h", "role": "learner", "created_at": _NOW}


def _status(number: int) -> str:
    return {1: "queued", 2: "running"}.get(number % 10, "done")


def _job(number: int, learners: list[dict[str, Any]]) -> dict[str, Any]:
    done = _status(number) == "done"
    return {
        "id": f"{number:032x}",
        "kind": "submission",
        "subject": f"{number:032x}",
        "user_id": learners[number % len(learners)]["id"],
        "priority": -number,
        "status": _status(number),
        "attempt": 1,
        "failures": number % 3,
        "created_at": _NOW,
        "finished_at": _NOW if done else None,
        "ending": "finished" if done else None,
        "result": '{"π": 1}' if done else None,
    }


def _submission(number: int, learners: list[dict[str, Any]]) -> dict[str, Any]:
    done = _status(number) == "done"
    return {
        "id": f"{number:032x}",
        "user_id": learners[number % len(learners)]["id"],
        "version": "v",
        "mode": "submit",
        "code": "x = 'π𝄞'\n\ttab\r\n",
        "seed": 2**53 - number,
        "created_at": _NOW,
        "finished_at": _NOW if done else None,
        "outcome": "accepted" if done else None,
        "verdict": json.dumps({"stdout": "\0\x1b"}) if done else None,
    }


@contextmanager
def connected(url: str) -> Iterator[sa.Connection]:
    """A connection that leaves nothing open behind it."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def statuses(url: str) -> dict[str, int]:
    query = sa.select(tables.jobs.c.status, sa.func.count()).group_by(tables.jobs.c.status)
    with connected(url) as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def contents(url: str) -> dict[str, set[tuple[Any, ...]]]:
    """All rows of all tables."""
    with connected(url) as connection:
        return {
            table.name: {tuple(row) for row in connection.execute(sa.select(table))} for table in MOVED_TABLES
        }
