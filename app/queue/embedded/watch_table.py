"""After a start, however the last process ended: everything without a verdict is in the queue again."""

from app.queue.embedded.queue import EmbeddedQueue
from app.queue.interface import Ticket
from app.store.engine.database import Database
from app.store.queries import submissions


async def rebuild_queue(database: Database, queue: EmbeddedQueue) -> int:
    """Fill an embedded queue from the rows, oldest first; return how many there are.

    Only for the one process that grades: what says `running` was cut off by the end of the last one.
    """
    async with database.transaction() as connection:
        await submissions.requeue_all_running(connection)
        waiting = await submissions.unfinished(connection)
    for found in waiting:
        queue.notify(Ticket(found.id, found.priority))
    return len(waiting)
