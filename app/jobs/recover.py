"""After a start, however the last process ended: everything without a verdict is in the queue again."""

from app.jobs.queue import Publish, Queue, Ticket, tell_positions
from app.store import submissions
from app.store.database import Database


async def rebuild_queue(database: Database, queue: Queue, publish: Publish) -> int:
    """Fills an embedded queue from the submissions rows, oldest first; returns how many there are.

    Only for the one process that grades: what says `running` was cut off by the end of the last one.
    """
    async with database.transaction() as connection:
        await submissions.requeue_all_running(connection)
        waiting = await submissions.unfinished(connection)
    for found in waiting:
        queue.announce(Ticket(found.id, found.priority))
    tell_positions(queue, publish)
    return len(waiting)
