"""Those that wait are counted from an index alone, and PostgreSQL tidies their table as it grows."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OLDEST_CODE = "0003"
"""Code that knows no revision newer than this one still works on this schema."""

_WAITING = "status <> 'done'"
_BEFORE = ["priority", "created_at", "id"]
_AFTER = [*_BEFORE, "status"]
# By default PostgreSQL waits until a fifth of the rows are new: of a million, for months.
_AUTOVACUUM = {
    "autovacuum_vacuum_insert_scale_factor": 0.01,
    "autovacuum_vacuum_scale_factor": 0.02,
    "autovacuum_analyze_scale_factor": 0.02,
}


def upgrade() -> None:
    _replace_index(_BEFORE, _AFTER)
    if op.get_bind().dialect.name == "postgresql":
        settings = ", ".join(f"{name} = {value}" for name, value in _AUTOVACUUM.items())
        op.execute(f"ALTER TABLE submissions SET ({settings})")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE submissions RESET ({', '.join(_AUTOVACUUM)})")
    _replace_index(_AFTER, _BEFORE)


def _replace_index(old: list[str], new: list[str]) -> None:
    """Drop, then create: a lock that grows stronger meets queries which wait for each other."""
    op.drop_index(_name(old), "submissions")
    op.create_index(
        _name(new),
        "submissions",
        new,
        sqlite_where=sa.text(_WAITING),
        postgresql_where=sa.text(_WAITING),
    )


def _name(columns: list[str]) -> str:
    return "_".join(["ix_submissions", *columns])
