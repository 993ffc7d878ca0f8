"""The ground of the walk over all routes, filled to the limits that the application has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.accounts.accounts import TOKENS_LIMIT
from app.catalog.rules.manifest_checks import ROWS_LIMIT
from app.core.problem import SUMMARY_LIMIT, TITLE_LIMIT
from tests.support.worst_ground import Ground, many_problems, worst_ground


@asynccontextmanager
async def worst_service(place: Path) -> AsyncIterator[Ground]:
    """Open it: two learners, one with half of what the other has; 600 problems; three of everything."""
    async with worst_ground(place, cases=ROWS_LIMIT, tokens=TOKENS_LIMIT) as ground:
        await many_problems(ground, problems=600, title=TITLE_LIMIT, summary=SUMMARY_LIMIT)
        yield ground
