"""Each verdict that a submission ever got is a row; the first one's text stays where it is."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OLDEST_CODE = "0005"
"""Code that knows no revision newer than this one still works on this schema: it sees the first verdicts."""

_OF_LATER_ONES = sa.text("verdict IS NOT NULL")


def upgrade() -> None:
    # The strongest lock first: the new table's reference to this one takes a weaker one.
    op.add_column("submissions", sa.Column("current_verdict", sa.Integer))
    op.create_table(
        "verdicts",
        sa.Column("submission_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("why", sa.String(16), nullable=False),
        sa.Column("by_user_id", sa.String(32)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("score", sa.Double),
        sa.Column("verdict", sa.Text),
        sa.CheckConstraint(
            "(number = 1) = (verdict IS NULL)", name=op.f("ck_verdicts_first_lies_with_its_submission")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name="fk_verdicts_submission_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("submission_id", "number", name="pk_verdicts"),
    )
    op.create_index(
        "ix_verdicts_created_at",
        "verdicts",
        ["created_at"],
        sqlite_where=_OF_LATER_ONES,
        postgresql_where=_OF_LATER_ONES,
    )
    # Rows of the verdicts that are there are made by the code, a part at a time: see
    # `add_first_rows` in app/store/queries/verdicts.py.


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("LOCK TABLE submissions IN ACCESS EXCLUSIVE MODE")
    # The current one stays; what was said before it is lost with the table.
    op.execute(
        """
        UPDATE submissions SET verdict = (
            SELECT later.verdict FROM verdicts AS later
            WHERE later.submission_id = submissions.id AND later.number = submissions.current_verdict
        )
        WHERE current_verdict > 1
        """
    )
    op.drop_table("verdicts")
    op.drop_column("submissions", "current_verdict")
    op.execute("DELETE FROM chores WHERE name IN ('verdict rows', 'remove later outputs')")
    op.execute("DELETE FROM jobs WHERE kind = 'explanation'")
