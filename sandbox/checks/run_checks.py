"""Runs the isolation checks against a sandbox: hostile submissions, put through its own protocol."""

import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import msgspec

from sandbox.checks import exhaustion, privileges, reach
from sandbox.checks.isolation_check import CACHE_KEY, IsolationCheck
from sandbox.interface import RunRequest, RunResult, Sandbox, SandboxError
from sandbox.jailed import open_supervisor

_SHARED_TOPS = tuple(map(Path, ("/usr", "/bin", "/lib", "/lib64", "/dev", "/proc")))
"""What lies below these may well be in a jail too, under the same path."""


class Checked(msgspec.Struct, frozen=True, kw_only=True, rename={"holds": "is_kept"}):
    """One isolation check, and how it went."""

    name: str
    sentence: str
    holds: bool
    reason: str = ""
    """How it was broken."""


async def run_isolation_checks(hidden: Iterable[Path]) -> AsyncIterator[Checked]:
    """Run every check in a jail of this host. `hidden` are paths that no run may find.

    Raises:
        SandboxUnavailable: no jail starts here.
    """
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "compiled"
        plant_program(cache)
        async with open_supervisor(cache=cache) as supervisor:
            await supervisor.warm_up()
            async for checked in run_all(supervisor, all_checks(filter(_is_hidden, hidden))):
                yield checked


def all_checks(hidden: Iterable[Path] = ()) -> Sequence[IsolationCheck]:
    """Return every check; `hidden` are files and folders of this host that no run may find.

    Not the root, nor what every jail has of its own under the same path.
    """
    return (*reach.checks(hidden), *privileges.checks(), *exhaustion.checks())


def plant_program(cache: Path) -> None:
    """Write a compiled program to the checks' compartment of `cache`, as a trusted run would leave it."""
    compartment = cache / CACHE_KEY
    compartment.mkdir(parents=True)
    (compartment / "program").write_bytes(b"compiled")
    compartment.chmod(0o300)


async def run_all(sandbox: Sandbox, checks: Iterable[IsolationCheck]) -> AsyncIterator[Checked]:
    """Run each check in turn. Where the sandbox fails in the midst of one, that one does not hold."""
    for check in checks:
        try:
            reason = check.breach(await _last_result(sandbox, check))
        except SandboxError as error:
            reason = f"the sandbox itself failed: {error}"
        yield Checked(name=check.name, sentence=check.sentence, holds=not reason, reason=reason)


async def _last_result(sandbox: Sandbox, check: IsolationCheck) -> RunResult:
    *earlier, last = check.texts
    for code in earlier:
        await sandbox.run(_request(code), limits=check.limits)
    return await sandbox.run(_request(last), limits=check.limits)


def _request(code: str) -> RunRequest:
    return RunRequest(code=code, parameters=(), calls=(), cache_key=CACHE_KEY)


def _is_hidden(path: Path) -> bool:
    """Leave out what a jail has of its own under the same name, and what is not there anyway."""
    is_shared = any(path.is_relative_to(top) for top in _SHARED_TOPS)
    return path.exists() and not is_shared and path not in (Path("/"), Path("/tmp"))
