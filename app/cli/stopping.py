"""Work that ends early where a terminal or a CI system asks it to, and is told of it first."""

import asyncio
import signal
from collections.abc import Callable, Coroutine

_ENDING = (signal.SIGINT, signal.SIGTERM)


async def run_until_stopped(
    work: Coroutine[object, object, None], on_stop: Callable[[signal.Signals], None]
) -> signal.Signals | None:
    """Run `work`; return the signal that ended it, or None where it came to its end.

    `on_stop` is called at once, before anything is ended: who sent the signal may soon send a harder one.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    came: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        if not came:
            on_stop(number)
        came.append(number)
        task.cancel()

    for number in _ENDING:
        # Whoever starts us with it ignored, as `nohup` does, means that.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop, number)
    try:
        await task
    except BaseException:
        # What breaks while it is being ended broke of that.
        if came:
            return came[0]
        raise
    return None
