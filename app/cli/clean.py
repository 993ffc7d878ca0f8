"""`jaxercise clean`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.settings import Settings


def clean() -> None:
    """Take away now what the settings keep for a time only: printed output, drafts that were only run."""
    import asyncio

    from app.settings import read_settings

    print(asyncio.run(_clean(read_settings())))


async def _clean(settings: "Settings") -> str:
    from app.store.engine.open import open_database
    from app.worker.retention import Retention

    async with open_database(settings.store_url) as database:
        retention = Retention(
            database,
            keep_output_days=settings.keep_output_days,
            keep_runs_days=settings.keep_runs_days,
        )
        if not retention.has_work:
            return (
                "Everything is kept for ever: JAXERCISE_KEEP_OUTPUT_DAYS and JAXERCISE_KEEP_RUNS_DAYS are 0."
            )
        cleaned = await retention.clean()
    said = f"{cleaned.runs} drafts deleted, the output of {cleaned.outputs} submissions removed."
    return said if cleaned.is_complete else f"{said} Another process is doing the rest."
