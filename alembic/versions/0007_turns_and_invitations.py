"""Waiting submissions take turns, by account or by network; sign-ups can need an invitation."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OLDEST_CODE = "0005"
"""Code that knows no revision newer than this one still works on this schema: all its jobs go by account."""

_MOMENT = sa.DateTime(timezone=True)
_SOLVING = sa.text("outcome = 'accepted' AND mode = 'submit'")


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("used", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("revoked_at", _MOMENT),
        sa.CheckConstraint("used <= uses", name=op.f("ck_invitations_not_overused")),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("secret_hash", name="uq_invitations_secret_hash"),
    )
    op.create_index("ix_invitations_created_at", "invitations", ["created_at"])
    if op.get_bind().dialect.name == "postgresql":
        op.create_table(
            "turns",
            sa.Column("taker", sa.String(64), nullable=False),
            sa.Column("taken_at", _MOMENT, nullable=False),
            sa.PrimaryKeyConstraint("taker", name="pk_turns"),
            prefixes=["UNLOGGED"],
        )
    # The strongest lock first; the index waits for whoever writes submissions.
    op.add_column("jobs", sa.Column("network", sa.String(64)))
    op.create_index(
        "ix_submissions_solving",
        "submissions",
        ["user_id"],
        sqlite_where=_SOLVING,
        postgresql_where=_SOLVING,
    )


def downgrade() -> None:
    op.drop_index("ix_submissions_solving", "submissions")
    op.drop_column("jobs", "network")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_table("turns")
    op.drop_table("invitations")
