"""The process that has imported JAX and never run it: forks one child for each run.

It has exactly one thread and no backend, because a fork copies only the calling thread: a child
of a process whose backend runs would wait for pool threads that do not exist.
"""

import contextlib
import faulthandler
import os
import select
import signal
import socket
import sys
from typing import NoReturn

import msgspec

from sandbox.inside import confine, libc
from sandbox.inside.child import run_child
from sandbox.inside.child_page import ChildPage
from sandbox.inside.compile_clock import CompileClock
from sandbox.inside.imports import Prepared
from sandbox.inside.jax_patches.program_files import ProgramFiles
from sandbox.inside.load.forbidden_use import ForbiddenUseGuard
from sandbox.protocol import LINE_SIGNAL, Ended, Failed, Ready, Spawn, Started, Status
from sandbox.wire import BadFrame, frame

_ORDER_LIMIT_BYTES = 1 << 18
_DESCRIPTORS = 6


def serve(control: socket.socket, prepared: Prepared) -> None:
    """Take orders until the supervisor closes the control socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    decoder = msgspec.msgpack.Decoder(Spawn)
    _say_ready(control, prepared)
    while True:
        readable, _, _ = select.select([control], [], [], 1.0)
        _reap()
        if not readable:
            continue
        data, descriptors, _, _ = socket.recv_fds(control, _ORDER_LIMIT_BYTES, _DESCRIPTORS)
        if not data:
            return
        _assert_one_thread()
        _fork_init(decoder.decode(data), descriptors, control, prepared.programs)
        for descriptor in descriptors:
            os.close(descriptor)


def _say_ready(control: socket.socket, prepared: Prepared) -> None:
    """Send a pidfd along: which process this is on the host, only the host can say."""
    pidfd = os.pidfd_open(os.getpid())
    ready = Ready(failed_patches=prepared.failed_patches)
    socket.send_fds(control, [msgspec.msgpack.encode(ready)], [pidfd])
    os.close(pidfd)


def _assert_one_thread() -> None:
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        sys.exit(f"the fork server has {threads} threads, so its children could hang: refusing to fork")


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _fork_init(order: Spawn, descriptors: list[int], control: socket.socket, programs: ProgramFiles) -> None:
    if os.fork() == 0:
        control.close()
        _run_init(order, descriptors, programs)


def _run_init(order: Spawn, descriptors: list[int], programs: ProgramFiles) -> NoReturn:
    """Be the init between fork server and child: enter the namespaces, fork the child, report its end.

    It lives outside the child's PID namespace and filter, and never sees the learner's code.
    """
    channel, stdout, stderr, status_descriptor, line, page = descriptors
    status = socket.socket(fileno=status_descriptor)
    try:
        if order.confinement.jailed:
            confine.become(order.confinement.child_uid)
            confine.enter_namespaces()
        libc.die_with_parent()
        pid = os.fork()
    except OSError as error:
        _say(status, Failed(reason=str(error)))
        os._exit(1)
    if pid == 0:
        _child(
            order,
            programs,
            channel=channel,
            stdout=stdout,
            stderr=stderr,
            status=status,
            line=line,
            page=page,
        )
    pidfd = os.pidfd_open(pid)
    socket.send_fds(status, [frame(Started())], [pidfd])
    for descriptor in (channel, stdout, stderr, line, page, pidfd, 1, 2):
        os.close(descriptor)
    _, wait_status, usage = os.wait4(pid, 0)
    _say(
        status,
        Ended(
            wait_status=wait_status,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_memory_bytes=usage.ru_maxrss * 1024,
        ),
    )
    os._exit(0)


def _child(
    order: Spawn,
    programs: ProgramFiles,
    *,
    channel: int,
    stdout: int,
    stderr: int,
    status: socket.socket,
    line: int,
    page: int,
) -> NoReturn:
    try:
        os.dup2(stdout, 1)
        os.dup2(stderr, 2)
        shared = ChildPage(page)
        CompileClock(shared.compiling).listen()
        confine.confine(order.confinement, keep={channel, status.fileno(), line})
        _report_line_on(line)
    except (OSError, ValueError) as error:  # `resource.setrlimit` raises the latter above a hard limit.
        _say(status, Failed(reason=str(error)))
        os._exit(1)
    status.close()
    guard = ForbiddenUseGuard(shared.forbidden_use)
    del shared  # Only the guard has that part of it, until it is put up.
    try:
        run_child(
            socket.socket(fileno=channel),
            programs,
            cache_folder=order.confinement.cache_folder,
            starts_jax=order.confinement.starts_jax,
            guard=guard,
        )
    except (BadFrame, BrokenPipeError, ConnectionResetError):
        os._exit(3)  # The supervisor has gone or has given this run up.
    os._exit(0)


def _report_line_on(descriptor: int) -> None:
    """Write, on `LINE_SIGNAL`, the traceback of the thread that gets it, mostly the main one.

    Even from a loop in C that holds the interpreter. A program that the code executes does not inherit the
    descriptor.
    """
    os.set_inheritable(descriptor, False)
    faulthandler.register(LINE_SIGNAL, file=descriptor, all_threads=False, chain=False)
    # The handler has a stack of its own, whose pages are there from here on. At a limit on memory the kernel
    # would have none to give, and end by SIGSEGV whoever is asked.
    signal.raise_signal(LINE_SIGNAL)


def _say(status: socket.socket, message: Status) -> None:
    with contextlib.suppress(OSError):  # The supervisor may have gone; nobody is left to know.
        status.send(frame(message))
