"""Whether patched JAX does what plain JAX does on this host: a few dozen calls, made both ways.

Bits, types, exceptions, warnings and printed lines are compared, in a jail as a learner's are, where programs
are compiled and stored and again where they are loaded. A patch that does not fit is left out, with the
reason. That takes some seconds, so the result is kept, by the versions, the processor and the jail's code.
"""

import ast
import asyncio
import contextlib
import fcntl
import hashlib
import logging
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import msgspec
import numpy as np

import sandbox
from sandbox.arrays import pack_array
from sandbox.environment import describe_environment
from sandbox.interface import Call, Ending, RunRequest, RunResult, SandboxError
from sandbox.jailed import open_supervisor
from sandbox.limits import Limits
from sandbox.patches import PatchChoice, patches_for
from sandbox.whole_file import write_whole

_LIMITS = Limits(
    wall_seconds=900, idle_seconds=120, cpu_seconds=600, memory_bytes=3 << 30, output_bytes=1 << 20
)
_KEY = "ca11"
_LOOK_SECONDS = 0.25
_MOST_KEPT = 16
_LIBRARY = Path(sandbox.__path__[0])
_CALLS = Path("inside/jax_patches/canary_calls.py")

_log = logging.getLogger("sandbox")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a learner would see of the canary's calls, made once."""

    parts: Mapping[str, str]
    """By call, and `output` for what was printed."""
    failed_patches: Mapping[str, str] = {}
    """Patches that could not be applied at all."""


async def fitting_patches(names: Sequence[str], *, kept: Sequence[Path], jailed: bool) -> PatchChoice:
    """Return which of the named patches this host's jails are given.

    What was found earlier is read from the first of the folders `kept` that has it, and what is found now is
    written to each of them. Where plain JAX itself does not come to an end, no patch is given, and nothing is
    kept.

    Raises:
        SandboxUnavailable: no jail starts on this host.
    """
    environment = describe_environment(jailed=jailed)
    choice = patches_for(names, environment)
    if choice.active:
        file = f"canary-{_digest(environment, choice)}.json"
        choice = _read(kept, file) or await _try_and_keep(choice, kept, file, jailed=jailed)
    for name, reason in choice.left_out.items():
        _log.warning("JAX goes without the patch %s, and grading takes longer: %s", name, reason)
    return choice


async def _try_and_keep(choice: PatchChoice, kept: Sequence[Path], file: str, *, jailed: bool) -> PatchChoice:
    """Try the patches, unless another process of this host is about to: then use what it finds."""
    async with _turn(kept[-1]):
        found = _read(kept, file)
        if found is None:
            found = await _try(choice, jailed=jailed)
            if found is None:
                reason = "the calls that it is tried by do not come to an end here, without any patch either"
                return choice.without(dict.fromkeys(choice.active, reason))
            _write(kept, file, found)
        return found


@contextlib.asynccontextmanager
async def _turn(folder: Path) -> AsyncIterator[None]:
    """Wait until no other process is in here; where no file can be locked, nobody waits."""
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            lock = held.enter_context(_lock_file(folder))
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    await asyncio.sleep(_LOOK_SECONDS)
        yield


def _lock_file(folder: Path) -> IO[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / "canary.lock").open("ab")


async def _try(choice: PatchChoice, *, jailed: bool) -> PatchChoice | None:
    """Return what fits; None where there is nothing to compare with."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        plain, patched = await asyncio.gather(
            look_plain(place, jailed=jailed), look_patched(place / "all", choice.active, jailed=jailed)
        )
        if plain is None:
            return None
        choice = choice.without(patched.failed_patches)
        if difference(plain, patched) is None:
            return choice
        left_out = {}
        for name in choice.active:
            alone = await look_patched(place / name, [name], jailed=jailed)
            if reason := difference(plain, alone):
                left_out[name] = reason
        choice = choice.without(left_out)
        if choice.active:
            together = await look_patched(place / "rest", choice.active, jailed=jailed)
            if reason := difference(plain, together):
                choice = choice.without(dict.fromkeys(choice.active, f"together with others, {reason}"))
        return choice


async def look_plain(place: Path, *, jailed: bool) -> Seen | None:
    """Make the calls in JAX as it is; None where they do not come to an end.

    Raises:
        SandboxUnavailable: no jail starts on this host.
    """
    request = _request("")
    async with open_supervisor(cache=place / "none", jailed=jailed, patches=PatchChoice()) as supervisor:
        await supervisor.warm_up()
        result = await supervisor.run(request, limits=_LIMITS)
    return Seen(parts=_parts(request, result)) if result.ending is Ending.FINISHED else None


async def look_patched(place: Path, names: Sequence[str], *, jailed: bool, only: Sequence[str] = ()) -> Seen:
    """Make the calls twice, in two processes with these patches: programs are stored, then loaded.

    What both agree on stands in the answer once; else the second is told apart. `only` names fewer calls.
    """
    request = _request(_KEY, only)
    patches = PatchChoice(active=tuple(names))
    try:
        opened = open_supervisor(cache=place, jailed=jailed, writable_cache=True, patches=patches)
        async with opened as supervisor:
            failed = (await supervisor.warm_up()).failed_patches
            stored = _parts(request, await supervisor.run(request, limits=_LIMITS))
            loaded = _parts(request, await supervisor.run(request, limits=_LIMITS))
    except SandboxError as error:
        # Plain JAX has a jail here, so it is the patch that breaks it.
        return Seen(parts={"start": str(error)})
    again = {f"{name}, loaded": part for name, part in loaded.items() if stored.get(name) != part}
    return Seen(parts={**stored, **again}, failed_patches=failed)


def difference(plain: Seen, patched: Seen) -> str | None:
    """Say in which call the two differ; None where they do not."""
    differing = [
        name for name in {**plain.parts, **patched.parts} if plain.parts.get(name) != patched.parts.get(name)
    ]
    if not differing:
        return None
    shown = ", ".join(differing[:3]) + (f" and {len(differing) - 3} more" if len(differing) > 3 else "")
    return f"it changes what JAX does here: {shown}"


def _request(cache_key: str, only: Sequence[str] = ()) -> RunRequest:
    code = (_LIBRARY / _CALLS).read_text()
    x = pack_array(np.linspace(-1, 1, 6, dtype=np.float32))
    functions = [node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
    names = only or [name for name in functions if not name.startswith("_")]
    calls = tuple(Call(function=name, arguments=(x,)) for name in names)
    return RunRequest(code=code, parameters=("x",), calls=calls, cache_key=cache_key)


def _parts(request: RunRequest, result: RunResult) -> Mapping[str, str]:
    """Write down all that a learner would see, but times and in which place a call stood."""
    parts = {
        asked.function: repr(msgspec.structs.replace(call, wall_seconds=0.0, index=0))
        for asked, call in zip(request.calls, result.calls, strict=False)
    }
    ended = f"{result.ending} {result.message} {result.loaded}"
    return {**parts, "output": f"{result.stdout}\n{result.stderr}", "end": ended}


def _digest(environment: Mapping[str, str], choice: PatchChoice) -> str:
    """Name all that the result depends on."""
    hashed = hashlib.sha256(repr((sorted(environment.items()), choice)).encode())
    for file in sorted(_LIBRARY.rglob("*.py")):
        hashed.update(file.relative_to(_LIBRARY).as_posix().encode() + b"\0" + file.read_bytes())
    return hashed.hexdigest()[:32]


def _read(folders: Sequence[Path], file: str) -> PatchChoice | None:
    for folder in folders:
        with contextlib.suppress(OSError, msgspec.DecodeError):
            return msgspec.json.decode((folder / file).read_bytes(), type=PatchChoice)
    return None


def _write(folders: Sequence[Path], file: str, choice: PatchChoice) -> None:
    """Keep it wherever that is possible; whoever finds none makes the calls again."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / file, msgspec.json.encode(choice))
            _remove_older(folder)


def _remove_older(folder: Path) -> None:
    """Leave the newest `_MOST_KEPT`: each upgrade, and each of a checkout's versions, has one of its own."""
    found = sorted(folder.glob("canary-*.json"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    for file in found[_MOST_KEPT:]:
        file.unlink(missing_ok=True)
