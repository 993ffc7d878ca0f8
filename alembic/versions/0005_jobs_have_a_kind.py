"""One table of jobs for every kind; a submission keeps what is its own."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Code of before looks for the state of a submission where it is no longer: all of it must be stopped.
OLDEST_CODE = "0005"

_MOMENT = sa.DateTime(timezone=True)
_WAITING = sa.text("status <> 'done'")
_FAILED = "failures > 0 OR ending = 'failed'"
_FAILED_BEFORE = "failures > 0 OR outcome = 'internal_error'"
_BEFORE = ("status", "priority", "attempt", "failures")
# Of a submission whose job is gone only the verdict tells.
_STATES = """
    CASE WHEN one.verdict IS NOT NULL THEN 'done' WHEN jobs.status = 'running' THEN 'running'
        ELSE 'queued' END AS status,
    coalesce(jobs.priority, 10) AS priority, coalesce(jobs.attempt, 0) AS attempt,
    coalesce(jobs.failures, 0) AS failures
"""
_WITH_JOBS = "submissions AS one LEFT JOIN jobs ON jobs.id = one.id"
_INDEXES_BEFORE = {
    "ix_submissions_priority_created_at_id_status": (["priority", "created_at", "id", "status"], _WAITING),
    "ix_submissions_user_id": (["user_id"], _WAITING),
    "ix_submissions_failed": (["created_at"], sa.text(_FAILED_BEFORE)),
}
_AUTOVACUUM = {
    "autovacuum_vacuum_insert_scale_factor": 0.01,
    "autovacuum_vacuum_scale_factor": 0.02,
    "autovacuum_analyze_scale_factor": 0.02,
}
_OWN = "id, user_id, version, mode, code, seed, created_at, finished_at, outcome, score, verdict"


def upgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql:
        # The strongest lock first: one that grows meets queries which wait for each other.
        op.execute("LOCK TABLE submissions IN ACCESS EXCLUSIVE MODE")
    _create_jobs()
    op.execute(
        """
        INSERT INTO jobs (id, kind, subject, user_id, priority, status, attempt, failures, created_at,
            finished_at, ending)
        SELECT id, 'submission', id, user_id, priority, status, attempt, failures, created_at, finished_at,
            CASE WHEN status <> 'done' THEN NULL WHEN outcome = 'cancelled' THEN 'cancelled'
                WHEN outcome = 'internal_error' THEN 'failed' ELSE 'finished' END
        FROM submissions
        """
    )
    _index_jobs()
    if not is_postgresql:
        _rebuild_on_sqlite(
            sa.CheckConstraint(
                "(finished_at IS NULL) = (verdict IS NULL)",
                name=op.f("ck_submissions_verdict_has_its_moment"),
            ),
            copy=f"INSERT INTO submissions_made_anew ({_OWN}) SELECT {_OWN} FROM submissions",  # noqa: S608 - names of columns
        )
        return
    # Their indexes and the check go with them.
    op.execute("ALTER TABLE submissions " + ", ".join(f"DROP COLUMN {name}" for name in _BEFORE))
    op.create_check_constraint(
        op.f("ck_submissions_verdict_has_its_moment"),
        "submissions",
        "(finished_at IS NULL) = (verdict IS NULL)",
    )
    settings = ", ".join(f"{name} = {value}" for name, value in _AUTOVACUUM.items())
    op.execute(f"ALTER TABLE jobs SET ({settings})")
    op.execute(
        "UPDATE procrastinate_jobs SET task_name = 'run', "
        "args = jsonb_build_object('job_id', args->>'submission_id') WHERE task_name = 'grade'"
    )


def _columns_before() -> list[sa.Column]:
    """Return the columns with defaults, which rows that are there already get at first."""
    return [
        sa.Column("status", sa.String(16), nullable=False, server_default="queued"),
        sa.Column("priority", sa.Integer, nullable=False, server_default="10"),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0")),
    ]


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(32)),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("started_at", _MOMENT),
        sa.Column("finished_at", _MOMENT),
        sa.Column("ending", sa.String(16)),
        sa.Column("progress", sa.Text),
        sa.Column("result", sa.Text),
        sa.CheckConstraint("(status = 'done') = (ending IS NOT NULL)", name=op.f("ck_jobs_ending_is_final")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_jobs_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )


def _index_jobs() -> None:
    """Once the rows are there, which is quicker."""
    failed = sa.text(_FAILED)
    small = {"sqlite_where": _WAITING, "postgresql_where": _WAITING}
    order = ["priority", "created_at", "id", "status"]
    op.create_index("ix_jobs_priority_created_at_id_status", "jobs", order, **small)
    op.create_index("ix_jobs_kind_subject", "jobs", ["kind", "subject"], unique=True, **small)
    op.create_index("ix_jobs_failed", "jobs", ["created_at"], sqlite_where=failed, postgresql_where=failed)
    op.create_index("ix_jobs_user_id_status", "jobs", ["user_id", "status"])
    op.create_index("ix_jobs_finished_at", "jobs", ["finished_at"])


def _rebuild_on_sqlite(check: sa.CheckConstraint, *more: sa.Column, copy: str) -> None:
    """Put the submissions into a new table: SQLite cannot drop a column that a check speaks of."""
    op.create_table(
        "submissions_made_anew",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        *more,
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT),
        sa.Column("outcome", sa.String(32)),
        sa.Column("score", sa.Double),
        sa.Column("verdict", sa.Text),
        check,
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_submissions_user_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["version"], ["problem_versions.version"], name="fk_submissions_version"),
        sa.PrimaryKeyConstraint("id", name="pk_submissions"),
    )
    op.execute(copy)
    op.drop_table("submissions")
    op.rename_table("submissions_made_anew", "submissions")
    op.create_index("ix_submissions_version", "submissions", ["version"])
    op.create_index("ix_submissions_finished_at", "submissions", ["finished_at"])
    order = ["user_id", "version", "created_at"]
    op.create_index("ix_submissions_user_id_version_created_at", "submissions", order)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("LOCK TABLE submissions IN ACCESS EXCLUSIVE MODE")
        op.drop_constraint(op.f("ck_submissions_verdict_has_its_moment"), "submissions", type_="check")
        for column in _columns_before():
            op.add_column("submissions", column)
        op.execute(
            "UPDATE submissions SET status = state.status, priority = state.priority, "  # noqa: S608
            "attempt = state.attempt, failures = state.failures "
            f"FROM (SELECT one.id, {_STATES} FROM {_WITH_JOBS}) AS state WHERE state.id = submissions.id"
        )
        op.create_check_constraint(
            op.f("ck_submissions_verdict_is_final"),
            "submissions",
            "(status = 'done') = (verdict IS NOT NULL)",
        )
        op.execute(
            "DELETE FROM procrastinate_jobs WHERE task_name = 'run' "
            "AND queueing_lock NOT IN (SELECT id FROM submissions)"
        )
        op.execute(
            "UPDATE procrastinate_jobs SET task_name = 'grade', "
            "args = jsonb_build_object('submission_id', args->>'job_id') WHERE task_name = 'run'"
        )
        for name in ("status", "priority", "attempt"):
            op.alter_column("submissions", name, server_default=None)
    else:
        own = ", ".join(f"one.{name.strip()}" for name in _OWN.split(","))
        _rebuild_on_sqlite(
            sa.CheckConstraint(
                "(status = 'done') = (verdict IS NOT NULL)", name=op.f("ck_submissions_verdict_is_final")
            ),
            *_columns_before(),
            copy=f"INSERT INTO submissions_made_anew ({_OWN}, {', '.join(_BEFORE)}) "  # noqa: S608
            f"SELECT {own}, {_STATES} FROM {_WITH_JOBS}",
        )
    for name, (columns, condition) in _INDEXES_BEFORE.items():
        op.create_index(name, "submissions", columns, sqlite_where=condition, postgresql_where=condition)
    op.drop_table("jobs")
