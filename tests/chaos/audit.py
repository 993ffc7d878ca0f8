"""What the database itself saw, by a trigger: every change of a submission's state, attempt or verdict."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import psycopg

# That a job waits or runs stands in its row; that it is done is told by the verdict, each time it is written.
_POSTGRESQL = """
    CREATE TABLE chaos_audit (
        number bigserial PRIMARY KEY,
        at double precision NOT NULL DEFAULT extract(epoch FROM clock_timestamp()),
        submission_id text NOT NULL, status text NOT NULL, attempt int NOT NULL, outcome text,
        who text NOT NULL DEFAULT current_setting('application_name')
    );
    CREATE FUNCTION chaos_note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO chaos_audit (submission_id, status, attempt)
        VALUES (NEW.subject, NEW.status, NEW.attempt);
        RETURN NULL;
    END $$;
    CREATE FUNCTION chaos_note_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO chaos_audit (submission_id, status, attempt, outcome)
        VALUES (NEW.id, 'done', (SELECT coalesce(max(attempt), 0) FROM jobs WHERE id = NEW.id), NEW.outcome);
        RETURN NULL;
    END $$;
    CREATE TRIGGER chaos_inserted AFTER INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION chaos_note();
    CREATE TRIGGER chaos_changed AFTER UPDATE ON jobs FOR EACH ROW
    WHEN (NEW.status <> 'done' AND (OLD.status, OLD.attempt) IS DISTINCT FROM (NEW.status, NEW.attempt))
    EXECUTE FUNCTION chaos_note();
    CREATE TRIGGER chaos_ended AFTER UPDATE ON submissions FOR EACH ROW
    WHEN (OLD.verdict IS DISTINCT FROM NEW.verdict) EXECUTE FUNCTION chaos_note_verdict();
"""
_SQLITE = """
    CREATE TABLE chaos_audit (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL DEFAULT ((julianday('now') - 2440587.5) * 86400.0),
        submission_id TEXT NOT NULL, status TEXT NOT NULL, attempt INTEGER NOT NULL, outcome TEXT,
        who TEXT NOT NULL DEFAULT ''
    );
    CREATE TRIGGER chaos_inserted AFTER INSERT ON jobs BEGIN
        INSERT INTO chaos_audit (submission_id, status, attempt)
        VALUES (NEW.subject, NEW.status, NEW.attempt);
    END;
    CREATE TRIGGER chaos_changed AFTER UPDATE ON jobs
    WHEN NEW.status <> 'done' AND (OLD.status <> NEW.status OR OLD.attempt <> NEW.attempt) BEGIN
        INSERT INTO chaos_audit (submission_id, status, attempt)
        VALUES (NEW.subject, NEW.status, NEW.attempt);
    END;
    CREATE TRIGGER chaos_ended AFTER UPDATE ON submissions WHEN OLD.verdict IS NOT NEW.verdict BEGIN
        INSERT INTO chaos_audit (submission_id, status, attempt, outcome)
        VALUES (NEW.id, 'done', (SELECT coalesce(max(attempt), 0) FROM jobs WHERE id = NEW.id), NEW.outcome);
    END;
"""
_LOOK = "SELECT at, submission_id, status, attempt, outcome, who FROM chaos_audit ORDER BY number"
_FRAGILE = "SELECT count(*) FROM jobs WHERE status <> 'done' AND failures >= 2"
_UNDONE = """
    SELECT subject FROM jobs WHERE status <> 'done' UNION SELECT id FROM submissions WHERE verdict IS NULL
"""
_LAST_EVENT = "SELECT last_value FROM submission_events_number_seq"
_FAILURES = "SELECT coalesce(sum(failures), 0) FROM jobs"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the audit; `at` in seconds of Unix time, `who` the PostgreSQL application name."""

    at: float
    submission_id: str
    status: str
    attempt: int
    outcome: str | None
    who: str


class Audit:
    """The audit of one database, by its SQLAlchemy URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    def begin(self) -> None:
        if self._url.startswith("sqlite:"):
            file = sqlite3.connect(self._file)
            file.executescript(_SQLITE)
            file.close()
        else:
            with self._connected() as connection:
                connection.execute(_POSTGRESQL)

    def changes(self) -> list[Change]:
        names = Change.__struct_fields__
        return [Change(**dict(zip(names, row, strict=True))) for row in self._rows(_LOOK)]

    def is_fragile(self) -> bool:
        """Whether a submission has lost two attempts: one more would be our fault by the rules."""
        return bool(self._rows(_FRAGILE)[0][0])

    def undone(self) -> set[str]:
        return {str(row[0]) for row in self._rows(_UNDONE)}

    def failures(self) -> int:
        return int(str(self._rows(_FAILURES)[0][0]))

    def last_event_number(self) -> int:
        """How far the numbers of live events have come; PostgreSQL only."""
        [[number]] = self._rows(_LAST_EVENT)
        assert isinstance(number, int)
        return number

    @property
    def _file(self) -> Path:
        return Path(self._url.removeprefix("sqlite:///"))

    def _rows(self, query: str) -> list[tuple[object, ...] | sqlite3.Row]:
        if self._url.startswith("sqlite:"):
            connection = sqlite3.connect(self._file, timeout=10)
            try:
                return connection.execute(query).fetchall()
            finally:
                connection.close()
        with self._connected() as found:
            return list(found.execute(query.encode()).fetchall())

    def _connected(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self._url.replace("+psycopg", ""), autocommit=True, connect_timeout=3)


def doubles(changes: Iterable[Change]) -> list[str]:
    """Submissions that were ended, or whose verdict was changed, more than once."""
    ends = Counter(change.submission_id for change in changes if change.status == "done")
    return [submission_id for submission_id, count in ends.items() if count > 1]


def final_outcomes(changes: Iterable[Change]) -> dict[str, str | None]:
    return {change.submission_id: change.outcome for change in changes if change.status == "done"}


class Pickup(msgspec.Struct, frozen=True, kw_only=True):
    """A run that died with its worker, and how long until it was begun again."""

    submission_id: str
    seconds: float | None
    """None: never."""
    in_outage: bool
    """The database was away meanwhile; the seconds count from its return."""


def pickups(
    changes: Iterable[Change],
    kills: Iterable[tuple[float, str]],
    outages: Sequence[tuple[float, float]],
) -> list[Pickup]:
    """Of what ran in the killed processes, by (moment, application name)."""
    by_submission: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        by_submission[change.submission_id].append(change)
    found = []
    for killed_at, who in kills:
        for submission_id, history in by_submission.items():
            before = [change for change in history if change.at < killed_at]
            if not before or before[-1].status != "running" or before[-1].who != who:
                continue
            after = next((change.at for change in history if change.at >= killed_at), None)
            if after is None:
                found.append(Pickup(submission_id=submission_id, seconds=None, in_outage=False))
                continue
            back = max((end for begin, end in outages if begin < after and end > killed_at), default=None)
            since = killed_at if back is None else max(killed_at, back)
            found.append(
                Pickup(submission_id=submission_id, seconds=after - since, in_outage=back is not None)
            )
    return found
