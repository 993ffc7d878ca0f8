"""One run, inside its jail: load the code, make the calls, report each step."""

import contextlib
import gc
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType

import jax
import msgspec

from sandbox.inside import imports, libc
from sandbox.inside.call.learner_call import LearnerCall
from sandbox.inside.call.make_call import CALL_MODES, TRACING_MODES, MakeCall
from sandbox.inside.first_state import FirstState
from sandbox.inside.jax_patches.program_files import ProgramFiles
from sandbox.inside.load import load_code
from sandbox.inside.load.forbidden_use import ForbiddenUseGuard
from sandbox.inside.module.stages import StageRecorder
from sandbox.inside.report import answers
from sandbox.inside.report import errors as learner_errors
from sandbox.inside.report.warnings import NoteKeeper
from sandbox.interface import Call, CallResult, Finished, Loaded, Outputs, Prewarmed, Raised, Report, Traced
from sandbox.protocol import ChildOrder, Load, Make, Prewarm, Stop, Trace
from sandbox.wire import frame, receive

_NEVER_WRITE_SECONDS = 1e9


class _Begun(msgspec.Struct):
    """A call that was traced, and waits for its values."""

    made: LearnerCall
    finish: MakeCall
    raised: Raised | None
    wall_seconds: float


def _no_answer(_: LearnerCall) -> answers.Answer:
    return answers.Answer()


class Child:
    """Takes orders until the last one, `Stop`; then the process ends."""

    def __init__(
        self,
        channel: socket.socket,
        programs: ProgramFiles,
        *,
        cache_folder: str,
        starts_jax: bool,
        guard: ForbiddenUseGuard,
    ) -> None:
        self._channel = channel
        self._starts_jax = starts_jax
        self._programs = programs
        self._cache_folder = cache_folder
        self._send = _sender(channel)
        self._notes = NoteKeeper()
        self._guard = guard
        self._modules: Sequence[ModuleType] = ()
        self._texts: Sequence[str] = ()
        self._outputs = Outputs()
        self._begun: _Begun | None = None
        self._start = time.perf_counter()
        self._orders = msgspec.msgpack.Decoder(ChildOrder)

    def serve(self) -> None:
        """Take orders until `Stop`.

        Raises:
            BadFrame: the supervisor closed the channel.
        """
        if self._starts_jax:
            jax.devices()  # Starts the backend while the supervisor still prepares the request.
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        while True:
            match self._orders.decode(receive(self._channel)):
                case Prewarm() as order:
                    with _silence():
                        self._prewarm(order)
                    self._send(Prewarmed())
                case Load() as order:
                    self._start = time.perf_counter()
                    self._send(self._load(order))
                case Trace() as order:
                    self._begun = self._trace(order.call)
                    self._send(Traced(index=order.index))
                case Make() as order:
                    self._send(self._make(order.index, order.call))
                case Stop():
                    _flush()
                    self._send(Finished(wall_seconds=time.perf_counter() - self._start))
                    return

    def _prewarm(self, order: Prewarm) -> None:
        """Load and call, and leave only compiled programs and imported modules of it."""
        first = FirstState()
        if self._load(order.load).refusal is None:
            for index, call in enumerate(order.calls):
                self._make(index, call)
        self._modules = ()
        self._notes = NoteKeeper()
        sys.modules.pop("solution", None)
        first.restore()
        imports.pin()
        gc.collect()
        libc.give_memory_back()

    def _load(self, order: Load) -> Loaded:
        _use_cache(self._programs, self._cache_folder, order.cache_key)
        module = ModuleType("solution")
        self._guard.put_up(order.forbidden)
        with self._notes:
            loaded = load_code.load(order, module)
        loaded = msgspec.structs.replace(loaded, notes=loaded.notes + self._notes.take())
        if loaded.refusal is None:
            self._modules = [module, *map(load_code.load_trusted, order.more_code)]
            self._texts = [order.code, *order.more_code]
            self._outputs = order.outputs
        _flush()
        return loaded

    def _make(self, index: int, call: Call) -> CallResult:
        begun, self._begun = self._begun, None
        if call.mode in TRACING_MODES and begun is None:  # Trusted code may have all at once.
            begun = self._trace(call.without_values())
        module = self._module_of(call)
        made = LearnerCall(module, call, self._outputs)
        recorder = StageRecorder(call, module)
        start = time.perf_counter()
        answer, raised = answers.Answer(), None
        try:
            with recorder, self._notes:
                if begun is None:
                    answer = CALL_MODES[call.mode](made)
                else:
                    made = begun.made
                    made.hand_over(call)
                    raised = begun.raised
                    answer = begun.finish(made)
        except BaseException as error:  # SystemExit and KeyboardInterrupt are answers too.
            raised = learner_errors.describe(error)
        wall_seconds = time.perf_counter() - start + (begun.wall_seconds if begun else 0.0)
        if recorder.has_missed:
            recorder = self._recorded_eagerly(module, call)
        _flush()
        return CallResult(
            index=index,
            wall_seconds=wall_seconds,
            arrays=answer.arrays,
            raised=raised,
            not_an_array=answer.not_an_array,
            at_output=answer.at_output,
            parameters=made.parameters,
            built_instead=made.built_instead,
            notes=self._notes.take(),
            stages=recorder.arrays,
            drawn_keys=made.drawn_keys,
        )

    def _trace(self, call: Call) -> "_Begun":
        """Begin a call whose values are still to come."""
        made = LearnerCall(self._module_of(call), call, self._outputs)
        start = time.perf_counter()
        finish: MakeCall = _no_answer
        raised = None
        try:
            with self._notes:
                finish = TRACING_MODES[call.mode](made)
        except BaseException as error:
            raised = learner_errors.describe(error)
        _flush()
        seconds = time.perf_counter() - start
        return _Begun(made=made, finish=finish, raised=raised, wall_seconds=seconds)

    def _module_of(self, call: Call) -> ModuleType:
        module = self._modules[call.program]
        if len(self._modules) > 1:
            load_code.step_into(module, self._texts[call.program])
        return module

    def _recorded_eagerly(self, module: ModuleType, call: Call) -> StageRecorder:
        """Make the call once more, for its stages alone."""
        recorder = StageRecorder(call, module, eager=True)
        # What it raises, it has raised before, or would only raise here.
        with contextlib.suppress(BaseException), recorder:
            CALL_MODES[call.mode](LearnerCall(module, call, self._outputs))
        return recorder


def run_child(
    channel: socket.socket,
    programs: ProgramFiles,
    *,
    cache_folder: str,
    starts_jax: bool,
    guard: ForbiddenUseGuard,
) -> None:
    """Serve one supervisor's orders to their end.

    Raises:
        BadFrame: the supervisor closed the channel.
    """
    child = Child(channel, programs, cache_folder=cache_folder, starts_jax=starts_jax, guard=guard)
    child.serve()


def _flush() -> None:
    """Flush both streams, in whose place submitted code may have put anything."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # noqa: S112 - nothing that a stream of theirs does is our error
            continue


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Lead descriptors 1 and 2 to /dev/null while entered, so that nothing that is printed gets out."""
    saved = [os.dup(1), os.dup(2)]
    nowhere = os.open("/dev/null", os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        for number, descriptor in enumerate(saved, start=1):
            os.dup2(descriptor, number)
            os.close(descriptor)


def _use_cache(programs: ProgramFiles, parent: str, key: str) -> None:
    """Read the compartment's programs; a jail with a read-only cache never tries to write."""
    if not key:
        return
    folder = f"{parent}/{key}"
    writable = os.access(parent, os.W_OK)
    if writable and not os.path.isdir(folder):
        # Not readable: who cannot list it can only open what they name, and a program's name is the
        # hash of the program. Who has traced one can still ask whether it is there.
        with contextlib.suppress(FileExistsError):  # Another jail was quicker.
            os.mkdir(folder, mode=0o300)
    programs.use(folder, writable=writable)
    jax.config.update("jax_compilation_cache_dir", folder)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0 if writable else _NEVER_WRITE_SECONDS)


def _sender(channel: socket.socket) -> Callable[[Report], None]:
    """Make a function that sends from this process only: a fork of it that runs on ends there."""
    pid, getpid, sendall, exit_now, pack = os.getpid(), os.getpid, channel.sendall, os._exit, frame

    def send(report: Report) -> None:
        if getpid() != pid:
            exit_now(0)
        sendall(pack(report))

    return send
