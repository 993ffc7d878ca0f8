"""The migrations of a version of Jaxercise that is not there yet."""

import shutil
from pathlib import Path

from app.store.engine import migrate

NEXT = f"{int(migrate.head()) + 1:04d}"
"""The revision that follows the newest."""


def more_scripts(folder: Path, upgrade: str = "pass", *, oldest_code: str | None = None) -> Path:
    """All migrations and one more, which runs `upgrade`."""
    scripts = folder / "made-up migrations"
    shutil.copytree(migrate.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / f"{NEXT}_made_up.py").write_text(
        f'''"""What the next version brings."""

import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{migrate.head()}"
branch_labels = None
depends_on = None
{f'OLDEST_CODE = "{oldest_code}"' if oldest_code else ""}


def upgrade():
    {upgrade}


def downgrade():
    pass
'''
    )
    return scripts
