"""The status of the service, gathered for an admin."""

import importlib.metadata
import platform
from collections.abc import Sequence

from app.catalog.faults import refusal_lines
from app.core.service_status import ServiceStatus, ServiceVersions
from app.errors import ProblemError
from app.store.engine.database import Database
from app.store.queries.queue_stats import last_failures, queue_figures, schema_revision
from app.store.queries.workers import list_workers

_FAILURES_SHOWN = 20
_UNKNOWN = "unknown"


class StatusReport:
    """Reads it anew each time; `refused` are the problems that were not loaded at the start."""

    def __init__(self, database: Database, refused: Sequence[ProblemError]) -> None:
        self._database = database
        self._refused = refusal_lines(refused)

    async def read(self) -> ServiceStatus:
        """Return the state of this moment."""
        async with self._database.reading() as connection:
            return ServiceStatus(
                workers=tuple(await list_workers(connection)),
                queue=await queue_figures(connection),
                failures=tuple(await last_failures(connection, limit=_FAILURES_SHOWN)),
                versions=ServiceVersions(
                    jaxercise=installed_version(),
                    schema=await schema_revision(connection),
                    python=platform.python_version(),
                ),
                refused_problems=self._refused,
            )


def installed_version() -> str:
    """Return this program's version; it may also run from a checkout that nobody installed."""
    try:
        return importlib.metadata.version("jaxercise")
    except importlib.metadata.PackageNotFoundError:
        return _UNKNOWN
