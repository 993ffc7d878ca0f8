"""A grader with its sandboxes, for as long as a worker or a command needs it."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from app.core.paths import make_private_folder
from app.errors import SettingsError
from app.grading.grader import GradingStage, ignore_stage
from app.grading.prove.proving_grader import ProvingGrader
from app.grading.reference.mutant_outputs import MutantOutputs
from app.grading.reference.outputs import ReferenceOutputs
from sandbox.calibration.calibrate import calibrate
from sandbox.canary import fitting_patches
from sandbox.environment import describe_environment, fingerprint
from sandbox.interface import SandboxUnavailable
from sandbox.isolation.layers import lacking
from sandbox.jailed import Supervisor, open_supervisor
from sandbox.patches import PatchChoice, named_patches

_CALIBRATE_AGAIN_SECONDS = 120.0
_SEEDS_AHEAD = 8
"""For each problem, where learners are waited for at all: a few submissions come at once."""


@asynccontextmanager
async def open_grader(
    *,
    data_dir: Path,
    unjailed: bool,
    jax_patches: str = "all",
    warm_jails: int = 0,
    keep_free_bytes: int = 0,
    standby: bool = False,
    diagnosis_seconds: float = 20.0,
    prepares_diagnosis: bool = True,
    on_stage: Callable[[GradingStage, float], None] = ignore_stage,
    calibrates: bool = False,
    knows_mutants: bool = False,
) -> AsyncIterator[ProvingGrader]:
    """Two supervisors over one compilation cache: learners' jails read it, trusted runs fill it.

    Jails are given `jax_patches` as far as they fit this host, which takes some seconds to try where that is
    not known yet. `warm_jails` bounds the children that wait for a learner's next submission; they go while
    less than `keep_free_bytes` of memory are available. With `standby` both supervisors are warm from the
    start and keep a spare fork server each, which is worth its memory where learners wait. With `calibrates`,
    limits are scaled by how fast this machine is, which takes a second once a boot. With `knows_mutants`,
    wrong answers that no variant fits are compared with those of mutants, where these are there.
    `diagnosis_seconds`, `prepares_diagnosis` and `on_stage` are the grader's. Cache and answers lie below
    `data_dir`, in a folder named for the environment that made them.

    Raises:
        SettingsError: `data_dir` cannot be made or written.
        ValueError: `jax_patches` names one that is not known.
        SandboxUnavailable: this host lacks what a jail needs, and `unjailed` was not asked for.
    """
    # It asks for every version that is installed, which a slow disk takes its time for.
    place = await asyncio.to_thread(_place, data_dir, unjailed=unjailed)
    compiled = place / "compiled"
    jailed = not unjailed
    if jailed and (missing := await asyncio.to_thread(lacking)):
        raise SandboxUnavailable(
            f"submissions cannot be jailed on this host: {missing} (`jaxercise doctor` tells more). "
            "For development only, on code you trust, JAXERCISE_SANDBOX=unjailed runs them without a jail."
        )
    patches = await patches_here(data_dir, jax_patches=jax_patches, unjailed=unjailed)
    async with AsyncExitStack() as stack:
        learners = await stack.enter_async_context(
            open_supervisor(
                cache=compiled,
                jailed=jailed,
                warm_jails=warm_jails,
                keep_free_bytes=keep_free_bytes,
                standby=standby,
                patches=patches,
            )
        )
        trusted = await stack.enter_async_context(
            open_supervisor(
                cache=compiled, jailed=jailed, writable_cache=True, standby=standby, patches=patches
            )
        )
        # Where learners wait, the first of them needs both: side by side they take little longer than one.
        needed = [learners, trusted] if standby else [learners]
        await asyncio.gather(*(supervisor.warm_up() for supervisor in needed))
        if calibrates and not await _calibrate([learners, trusted], place.parent) and standby:
            later = asyncio.create_task(_calibrate_later([learners, trusted], place.parent))
            stack.push_async_callback(_end, later)
        answers = ReferenceOutputs(trusted, place / "answers")
        stack.push_async_callback(answers.close)
        grader = ProvingGrader(
            learners,
            answers,
            diagnosis_seconds=diagnosis_seconds,
            prepares_diagnosis=prepares_diagnosis,
            on_stage=on_stage,
            mutants=MutantOutputs(answers, place / "mutants") if knows_mutants else None,
            seeds_ahead=min(warm_jails, _SEEDS_AHEAD),
        )
        stack.push_async_callback(grader.close)
        yield grader


async def patches_here(data_dir: Path, *, jax_patches: str, unjailed: bool) -> PatchChoice:
    """Return which of `jax_patches` jails are given on this host; where that is not known, they are tried.

    What was found is kept beside the cache, and for other data folders in the user's own cache folder.

    Raises:
        ValueError: `jax_patches` names one that is not known.
        SandboxUnavailable: no jail starts on this host.
    """
    with contextlib.suppress(OSError):
        make_private_folder(data_dir)
    kept = [_folder_of(data_dir, unjailed=unjailed)]
    own = os.environ.get("XDG_CACHE_HOME", "")
    if not own:
        # A user that no passwd file knows, as containers have them, may have no home.
        with contextlib.suppress(RuntimeError):
            own = str(Path.home() / ".cache")
    if Path(own).is_absolute():
        kept.append(Path(own) / "jaxercise")
    return await fitting_patches(named_patches(jax_patches), kept=kept, jailed=not unjailed)


def _folder_of(data_dir: Path, *, unjailed: bool) -> Path:
    name = fingerprint(describe_environment(jailed=not unjailed))
    return data_dir.resolve() / "grading" / name


async def _calibrate(supervisors: Sequence[Supervisor], folder: Path) -> bool:
    """Learn this machine's speed; say whether it is of today."""
    found = await calibrate(supervisors[0], folder)
    for supervisor in supervisors:
        supervisor.calibration = found
    return found.is_current


async def _calibrate_later(supervisors: Sequence[Supervisor], folder: Path) -> None:
    """Look for a quiet moment, as long as there is none."""
    while True:
        await asyncio.sleep(_CALIBRATE_AGAIN_SECONDS)
        if await _calibrate(supervisors, folder):
            return


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _place(data_dir: Path, *, unjailed: bool) -> Path:
    place = _folder_of(data_dir, unjailed=unjailed)
    try:
        make_private_folder(data_dir)
        place.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise _not_allowed(data_dir, fault.strerror or str(fault)) from None
    if not os.access(place, os.W_OK | os.X_OK):
        raise _not_allowed(data_dir, f"{place} may not be written")
    return place


def _not_allowed(data_dir: Path, reason: str) -> SettingsError:
    return SettingsError(
        f"JAXERCISE_DATA_DIR={str(data_dir)!r} is not allowed: must be a folder in which this user may "
        f"write, or a place where one can be made ({reason})"
    )
