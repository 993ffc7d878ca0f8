"""The tables. A change here needs an alembic revision; a test holds the two together."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    func,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite has no time zones, so they are put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if not isinstance(value, datetime):
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_WAITING = text("status <> 'done'")
_FAILED = text("failures > 0 OR ending = 'failed'")
_SOLVING = text("outcome = 'accepted' AND mode = 'submit'")

users = Table(
    "users",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("password_hash", String(255), nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

# Holds at most one row. Whoever inserts it is the first account: the primary key decides the race.
founder = Table(
    "founder",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("id = 1", name="only_one"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("secret_hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(100), nullable=False),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
)

# `id` is the manifest's: a problem keeps its submissions when its slug changes.
problems = Table(
    "problems",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("slug", String(100), nullable=False, unique=True),
    Column("position", Integer, nullable=False),
    Column("version", String(64), nullable=False),
    Column("listed", Boolean, nullable=False),
    # What a list shows of the current version, so that none is parsed for it; `requires` is JSON.
    Column("title", Text, nullable=False, server_default=""),
    Column("track", Text, nullable=False, server_default=""),
    Column("summary", Text, nullable=False, server_default=""),
    Column("requires", Text, nullable=False, server_default="[]"),
    # What a search looks through, in lower case; empty where the columns above were never filled.
    Column("words", Text, nullable=False, server_default=""),
    # By which rules the version was found readable.
    Column("rules", String(64), nullable=False, server_default=""),
    Index(None, "position", "slug"),
)

problem_versions = Table(
    "problem_versions",
    metadata,
    Column("version", String(64), primary_key=True),
    Column("problem_id", ForeignKey("problems.id"), nullable=False, index=True),
    Column("published_at", UtcDateTime, nullable=False),
)

problem_files = Table(
    "problem_files",
    metadata,
    Column("version", ForeignKey("problem_versions.version", ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

submissions = Table(
    "submissions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("version", ForeignKey("problem_versions.version"), nullable=False, index=True),
    Column("mode", String(16), nullable=False),
    Column("code", Text, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime, index=True),
    Column("outcome", String(32)),
    # The verdict's, so that a list need not read verdicts; null in rows that are older than the column.
    Column("score", Double),
    # The first verdict's, never another's. The JSON text itself, not a JSON type: PostgreSQL's refuses the
    # \u0000 that a learner may print.
    Column("verdict", Text),
    # Which of its verdicts is current, and outcome and score are of; null where that is the first.
    Column("current_verdict", Integer),
    # A learner's own submissions, to one problem or to those on one page.
    Index(None, "user_id", "version", "created_at"),
    # Who has solved anything: asked with each submission that comes in.
    Index("ix_submissions_solving", "user_id", sqlite_where=_SOLVING, postgresql_where=_SOLVING),
    CheckConstraint("(finished_at IS NULL) = (verdict IS NULL)", name="verdict_has_its_moment"),
)

# Each verdict that a submission ever got, once: queries/verdicts.py has the law. The first one's text lies
# with the submission, where it is written once as well, so that nothing is stored twice.
verdicts = Table(
    "verdicts",
    metadata,
    Column("submission_id", ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    # Versions stay for ever.
    Column("version", String(64), nullable=False),
    Column("why", String(16), nullable=False),
    # An account's id; the account may be gone.
    Column("by_user_id", String(32)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("outcome", String(32), nullable=False),
    # Null in a first one that is older than the submissions' column.
    Column("score", Double),
    Column("verdict", Text),
    # Few submissions have a second one: what retention goes through stays small.
    Index(
        "ix_verdicts_created_at",
        "created_at",
        sqlite_where=text("verdict IS NOT NULL"),
        postgresql_where=text("verdict IS NOT NULL"),
    ),
    CheckConstraint("(number = 1) = (verdict IS NULL)", name="first_lies_with_its_submission"),
)

# What workers do, of every kind; app/store/queries/jobs.py has the law. A submission's job has its id.
jobs = Table(
    "jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("subject", String(64), nullable=False),
    # Null where no account asked for it.
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE")),
    # Of an account that takes its network's turns, until the job has ended.
    Column("network", String(64)),
    Column("priority", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    # Grows with every claim; the fencing token.
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    # How many attempts ended through a fault of ours.
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime, index=True),
    Column("ending", String(16)),
    # Both JSON texts.
    Column("progress", Text),
    Column("result", Text),
    # Few wait, and many have ended: these stay small, whatever was done in a month.
    # With the status, so that those that wait are counted without a look at their rows.
    Index(None, "priority", "created_at", "id", "status", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index(None, "kind", "subject", unique=True, sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("ix_jobs_failed", "created_at", sqlite_where=_FAILED, postgresql_where=_FAILED),
    # One account's, to count those that wait, and to be gone with it.
    Index(None, "user_id", "status"),
    CheckConstraint("(status = 'done') = (ending IS NOT NULL)", name="ending_is_final"),
)

# A wrong answer that nothing explains, as the first submission gave it; its id is the hash of it.
unexplained_clusters = Table(
    "unexplained_clusters",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("version", ForeignKey("problem_versions.version", ondelete="CASCADE"), nullable=False),
    Column("layout", String(64), nullable=False),
    Column("projection", Double, nullable=False),
    Column("output", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "version", "layout", "projection"),
)

# Goes with its submission, and so with the learner.
unexplained_members = Table(
    "unexplained_members",
    metadata,
    Column("submission_id", ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "cluster_id",
        ForeignKey("unexplained_clusters.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("code_lines", Integer, nullable=False),
)

# Holds one row: code that knows no newer revision than this still works on the schema.
schema_floor = Table(
    "schema_floor",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", String(32), nullable=False),
    CheckConstraint("id = 1", name="only_one"),
)

# Whoever grades, or did until lately; `environment` and `versions` are JSON.
workers = Table(
    "workers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("slots", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("running", Integer, nullable=False),
    Column("message", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("versions", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False, index=True),
)

# How far a chore that goes through the ended submissions has come, so that the next time it begins there.
chores = Table(
    "chores",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("done_until", UtcDateTime, nullable=False),
)

# Who may sign up, where the settings ask for an invitation. Only the hash of its secret is stored.
invitations = Table(
    "invitations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("name", String(100), nullable=False),
    Column("uses", Integer, nullable=False),
    Column("used", Integer, nullable=False, server_default=text("0")),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    CheckConstraint("used <= uses", name="not_overused"),
)

postgresql_metadata = MetaData(naming_convention=metadata.naming_convention)
"""What there is on PostgreSQL only, beside Procrastinate's own tables."""

# Not logged: what is lost with a crash is told again by the run that is made again.
submission_events = Table(
    "submission_events",
    postgresql_metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("submission_id", String(32), nullable=False),
    Column("event", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False, server_default=func.now(), index=True),
    Index(None, "submission_id", "number"),
    prefixes=["UNLOGGED"],
)

# When an account, or a network, had its last turn. Not logged: who has none is simply among the next.
turns = Table(
    "turns",
    postgresql_metadata,
    Column("taker", String(64), primary_key=True),
    Column("taken_at", UtcDateTime, nullable=False),
    prefixes=["UNLOGGED"],
)
