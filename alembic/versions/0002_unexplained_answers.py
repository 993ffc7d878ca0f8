"""Wrong answers that nothing explained, clustered across learners."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unexplained_clusters",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("layout", sa.String(64), nullable=False),
        sa.Column("projection", sa.Double, nullable=False),
        sa.Column("output", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["version"],
            ["problem_versions.version"],
            name="fk_unexplained_clusters_version",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_unexplained_clusters"),
    )
    op.create_index(
        "ix_unexplained_clusters_version_layout_projection",
        "unexplained_clusters",
        ["version", "layout", "projection"],
    )
    op.create_table(
        "unexplained_members",
        sa.Column("submission_id", sa.String(32), nullable=False),
        sa.Column("cluster_id", sa.String(64), nullable=False),
        sa.Column("code_lines", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submissions.id"],
            name="fk_unexplained_members_submission_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["cluster_id"],
            ["unexplained_clusters.id"],
            name="fk_unexplained_members_cluster_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("submission_id", name="pk_unexplained_members"),
    )
    op.create_index("ix_unexplained_members_cluster_id", "unexplained_members", ["cluster_id"])


def downgrade() -> None:
    op.drop_table("unexplained_members")
    op.drop_table("unexplained_clusters")
