"""One run, inside its jail: read the request, load the code, make the calls, report each step."""

import os
import socket
import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import msgspec

from sandbox.arrays import Value, WireArray, unpack_array
from sandbox.inside import answers, learner_errors, load_code, module_use
from sandbox.inside.notes import NoteKeeper
from sandbox.interface import Call, CallResult, Finished, Report, RunRequest
from sandbox.wire import frame, receive

_NEVER_WRITE_SECONDS = 1e9


def run_child(channel: socket.socket, *, cache_folder: str) -> None:
    """Serve one request and return; the process ends right after.

    Raises:
        BadFrame: the supervisor closed the channel.
    """
    jax.devices()  # Starts the backend while the supervisor still prepares the request.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    request = msgspec.msgpack.decode(receive(channel), type=RunRequest)
    _use_cache(cache_folder, request.cache_key)
    send = _sender(channel)
    start = time.perf_counter()
    notes = NoteKeeper()
    module = ModuleType("solution")
    loaded = load_code.load(request, module)
    send(loaded)
    if loaded.refusal is None:
        modules = [module, *map(load_code.load_trusted, request.more_code)]
        for index, call in enumerate(request.calls):
            send(_make_call(index, call, request, modules[call.program], notes))
    sys.stdout.flush()
    sys.stderr.flush()
    send(Finished(wall_seconds=time.perf_counter() - start))


def _use_cache(parent: str, key: str) -> None:
    """The compartment's programs are read; a jail with a read-only cache never tries to write."""
    if not key:
        return
    folder = f"{parent}/{key}"
    writable = os.access(parent, os.W_OK)
    jax.config.update("jax_compilation_cache_dir", folder)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0 if writable else _NEVER_WRITE_SECONDS)


def _sender(channel: socket.socket) -> Callable[[Report], None]:
    """A function that sends from this process only: a fork of it that runs on stays silent."""
    pid, getpid, sendall, exit_now, pack = os.getpid(), os.getpid, channel.sendall, os._exit, frame

    def send(report: Report) -> None:
        if getpid() != pid:
            exit_now(0)
        sendall(pack(report))

    return send


def _make_call(
    index: int, call: Call, request: RunRequest, module: ModuleType, notes: NoteKeeper
) -> CallResult:
    arguments = [_argument(value) for value in call.arguments]
    observer = module_use.Observer(call.module, module)
    start = time.perf_counter()
    try:
        with observer, notes:
            value: Any = module.__dict__[call.function](*arguments)
            answer = answers.convert(value, request.output_dtype)
    except BaseException as error:  # SystemExit and KeyboardInterrupt are answers too.
        return CallResult(
            index=index,
            wall_seconds=time.perf_counter() - start,
            raised=learner_errors.describe(error),
            parameters=observer.parameters,
            notes=notes.take(),
        )
    return CallResult(
        index=index,
        wall_seconds=time.perf_counter() - start,
        value=answer.value,
        not_an_array=answer.not_an_array,
        parameters=observer.parameters,
        notes=notes.take(),
    )


def _argument(value: Value) -> Any:
    if isinstance(value, WireArray):
        # A new array for every call: what one call does to its inputs, the next one does not see.
        return jnp.asarray(unpack_array(value))
    return value
