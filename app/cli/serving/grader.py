"""The grading process beside the one that answers pages, begun again where it is killed."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from app.bootstrap import open_real_grader
from app.cli.serving.open_files import OpenFiles
from app.cli.serving.supervise import end_with, freeze_heap, keep
from app.grading.grader import GradingStage
from app.settings import Settings
from app.worker.grader_process import serve_grader
from app.worker.grades import Grades


def fork_grader(
    settings: Settings, listeners: Sequence[socket.socket], open_files: OpenFiles
) -> socket.socket:
    """Start the grading process; return where it hands over a channel each time it begins.

    To be called while this process has one thread. It ends when it is told to close, and with this process;
    signals that stop the service leave it alone, because runs under way may finish. `listeners`, the
    service's own sockets, are closed in it, and it may have `open_files` open: a jail closes as many.
    """
    ours, theirs = socket.socketpair()
    sys.stdout.flush()
    sys.stderr.flush()
    service = os.getpid()
    if os.fork() == 0:
        code = 1
        try:
            end_with(service)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            ours.close()
            for listener in listeners:
                listener.close()
            open_files.set()
            keep(lambda: _grade(settings, theirs), stops=(), subject="the grading process was ")
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            # Nothing of the service's own is to be tidied up here.
            os._exit(code)
    theirs.close()
    return ours


def _grade(settings: Settings, control: socket.socket) -> None:
    here, there = socket.socketpair()
    try:
        socket.send_fds(control, [b"+"], [there.fileno()])
    except BrokenPipeError:
        return  # The service has ended before it began, and says why.
    there.close()
    asyncio.run(_serve(settings, here))


async def _serve(settings: Settings, channel: socket.socket) -> None:
    def open_grader(on_stage: Callable[[GradingStage, float], None]) -> AbstractAsyncContextManager[Grades]:
        return open_real_grader(settings, on_stage)

    freezing = asyncio.create_task(freeze_heap())
    await serve_grader(channel, open_grader)
    freezing.cancel()
