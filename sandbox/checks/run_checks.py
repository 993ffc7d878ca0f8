"""Does a sandbox keep its word? Hostile submissions, put through its own protocol, on this very host."""

from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import msgspec

from sandbox.checks import isolation, limits, privileges
from sandbox.checks.isolation_check import CACHE_KEY, IsolationCheck
from sandbox.interface import RunRequest, RunResult, Sandbox, SandboxError


class Checked(msgspec.Struct, frozen=True, kw_only=True, rename={"holds": "is_kept"}):
    """One promise, and how it went."""

    name: str
    sentence: str
    holds: bool
    reason: str = ""
    """How it was broken."""


def all_checks(hidden: Iterable[Path] = ()) -> Sequence[IsolationCheck]:
    """Every promise; `hidden` are files and folders of this host that no run may find.

    Not the root, nor what every jail has of its own under the same path.
    """
    return (*isolation.checks(hidden), *privileges.checks(), *limits.checks())


def plant_program(cache: Path) -> None:
    """A compiled program in the compartment of the self-check, as a trusted run would leave it."""
    compartment = cache / CACHE_KEY
    compartment.mkdir(parents=True)
    (compartment / "program").write_bytes(b"compiled")
    compartment.chmod(0o300)


async def run_all(sandbox: Sandbox, checks: Iterable[IsolationCheck]) -> AsyncIterator[Checked]:
    """Tries each promise in turn. A sandbox that fails in the midst of one has not kept it."""
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
