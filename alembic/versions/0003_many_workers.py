"""Many workers: who they are, how often a submission's grading failed, what is told to pages elsewhere."""

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OLDEST_CODE = "0003"
"""Code that knows no revision newer than this one still works on this schema."""

_MOMENT = sa.DateTime(timezone=True)
_WAITING = "status <> 'done'"
_OF_A_LIST = {"title": "", "track": "", "summary": "", "requires": "[]", "words": "", "rules": ""}
_FAILED = "failures > 0 OR outcome = 'internal_error'"


def upgrade() -> None:
    op.create_table(
        "schema_floor",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("revision", sa.String(32), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_schema_floor_only_one")),
        sa.PrimaryKeyConstraint("id", name="pk_schema_floor"),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("slots", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("running", sa.Integer, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("environment", sa.Text, nullable=False),
        sa.Column("versions", sa.Text, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
    )
    op.create_index("ix_workers_seen_at", "workers", ["seen_at"])
    op.create_table(
        "chores",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("done_until", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_chores"),
    )
    # First the table that takes no time, and of each table first what needs its strongest lock: one that is
    # asked for late, or that grows, meets queries which hold the one table and wait for the other.
    for name, default in _OF_A_LIST.items():
        kind = sa.String(64) if name == "rules" else sa.Text
        op.add_column("problems", sa.Column(name, kind, nullable=False, server_default=default))
    op.create_index("ix_problems_position_slug", "problems", ["position", "slug"])
    # Not in a batch: SQLite can add a column with a constant default, and need not copy the table.
    op.add_column(
        "submissions", sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0"))
    )
    op.add_column("submissions", sa.Column("score", sa.Double))
    op.create_index(
        "ix_submissions_user_id_version_created_at", "submissions", ["user_id", "version", "created_at"]
    )
    op.drop_index("ix_submissions_user_id_created_at", "submissions")
    op.create_index(
        "ix_submissions_priority_created_at_id",
        "submissions",
        ["priority", "created_at", "id"],
        sqlite_where=sa.text(_WAITING),
        postgresql_where=sa.text(_WAITING),
    )
    op.create_index(
        "ix_submissions_user_id",
        "submissions",
        ["user_id"],
        sqlite_where=sa.text(_WAITING),
        postgresql_where=sa.text(_WAITING),
    )
    op.create_index(
        "ix_submissions_failed",
        "submissions",
        ["created_at"],
        sqlite_where=sa.text(_FAILED),
        postgresql_where=sa.text(_FAILED),
    )
    op.drop_index("ix_submissions_status", "submissions")
    op.create_index("ix_submissions_finished_at", "submissions", ["finished_at"])
    if op.get_bind().dialect.name == "postgresql":
        _upgrade_postgresql()


def _upgrade_postgresql() -> None:
    # Not logged: what is lost with a crash is told again by the run that is made again.
    op.create_table(
        "submission_events",
        sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("submission_id", sa.String(32), nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("number", name="pk_submission_events"),
        prefixes=["UNLOGGED"],
    )
    # The numbers never come again, even where the events are gone: a page goes on after the last it heard.
    # Before PostgreSQL 15 the sequence of such a table was a lasting one anyway.
    op.execute(
        """
        DO $$ BEGIN
            IF current_setting('server_version_num')::int >= 150000 THEN
                ALTER SEQUENCE submission_events_number_seq SET LOGGED;
            END IF;
        END $$
        """
    )
    op.create_index(
        "ix_submission_events_submission_id_number", "submission_events", ["submission_id", "number"]
    )
    op.create_index("ix_submission_events_created_at", "submission_events", ["created_at"])
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    # For the look at submissions that no job stands for.
    op.create_index(
        "ix_procrastinate_jobs_queueing_lock",
        "procrastinate_jobs",
        ["queueing_lock"],
        postgresql_where=sa.text("status IN ('todo', 'doing')"),
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _downgrade_postgresql()
    op.drop_index("ix_submissions_finished_at", "submissions")
    op.create_index("ix_submissions_status", "submissions", ["status"])
    op.drop_index("ix_submissions_failed", "submissions")
    op.drop_index("ix_submissions_user_id", "submissions")
    op.drop_index("ix_submissions_priority_created_at_id", "submissions")
    op.drop_column("submissions", "failures")
    op.drop_index("ix_problems_position_slug", "problems")
    for name in _OF_A_LIST:
        op.drop_column("problems", name)
    op.create_index("ix_submissions_user_id_created_at", "submissions", ["user_id", "created_at"])
    op.drop_index("ix_submissions_user_id_version_created_at", "submissions")
    op.drop_column("submissions", "score")
    op.drop_table("chores")
    op.drop_table("workers")
    op.drop_table("schema_floor")


def _downgrade_postgresql() -> None:
    op.drop_table("submission_events")
    for table in ("events", "periodic_defers", "jobs", "workers"):
        op.execute(f"DROP TABLE procrastinate_{table} CASCADE")
    op.execute(
        """
        DO $$
        DECLARE name regprocedure;
        BEGIN
            FOR name IN SELECT oid FROM pg_proc
                WHERE proname LIKE 'procrastinate%' AND pronamespace = current_schema()::regnamespace
            LOOP
                EXECUTE 'DROP FUNCTION ' || name;
            END LOOP;
        END $$
        """
    )
    for kind in ("job_to_defer_v1", "job_event_type", "job_status"):
        op.execute(f"DROP TYPE procrastinate_{kind}")
