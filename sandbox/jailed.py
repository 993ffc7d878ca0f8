"""The sandbox that keeps its word: a fork server behind bubblewrap, and a fresh jail for each run."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from sandbox.calibration.calibration import Calibration
from sandbox.cgroups.interface import ControlGroups, open_control_groups
from sandbox.cgroups.own_groups import available_memory_bytes
from sandbox.environment import describe_environment, short_cpuinfo
from sandbox.forkserver.pool import ForkServerPool
from sandbox.forkserver.process import ForkServerGone, ForkServerPlan, ForkServerProcess
from sandbox.interface import FOR_PROOFS, Report, RunRequest, RunResult, SandboxError, ignore_report
from sandbox.isolation.bubblewrap import find_bubblewrap, find_host_paths
from sandbox.isolation.seccomp import compiled_filter
from sandbox.limits import Limits, scaled
from sandbox.patches import NO_PATCHES, PATCH_NAMES, PatchChoice, patches_for
from sandbox.protocol import Confinement
from sandbox.run.child import JailedChild, spawn_child
from sandbox.run.dialogue import compartment_of
from sandbox.run.session import Session, SessionEnded
from sandbox.run.single_run import ChildKilled, SingleRun
from sandbox.run.warm_pool import Planned, WarmPool

_ATTEMPTS = 3
_CLOSE_LATER_SECONDS = 0.05


class Supervisor:
    """A `Sandbox`. Starts its fork server when it is first needed, and a fresh one when that has died."""

    def __init__(
        self,
        plan: ForkServerPlan,
        groups: ControlGroups | None,
        *,
        jailed: bool,
        warm_jails: int = 0,
        keep_free_bytes: int = 0,
        standby: bool = False,
        patches: PatchChoice = NO_PATCHES,
        report_seconds: float = 10.0,
    ) -> None:
        self._plan = plan
        self.report_seconds = report_seconds
        """How long after a child's end its init may still report it."""
        self._groups = groups
        self._jailed = jailed
        self._patches = patches
        self._cpuinfo = short_cpuinfo()
        self._runs = 0
        self.calibration = Calibration()
        """What the limits of runs and sessions are scaled by from now on."""
        self._closing: set[asyncio.Task[None]] = set()
        self.fork_servers = ForkServerPool(plan, lambda: self._runs > 0, standby=standby)
        self.warm_pool = WarmPool(
            self._spawn_to_prewarm,
            is_busy=lambda: self._runs > 0,
            has_capacity=lambda: available_memory_bytes() >= keep_free_bytes,
            capacity=warm_jails,
        )

    async def run(
        self, request: RunRequest, *, limits: Limits, on_report: Callable[[Report], None] = ignore_report
    ) -> RunResult:
        """Run untrusted code once; crashes and time-outs are results.

        A run whose fork server dies under it, or whose child somebody on the host kills, is made again;
        `on_report` is then called twice for its steps.

        Raises:
            SandboxError: the jail itself could not start or broke, three times over.
            ValueError: a call has a mode that is for trusted code, and this sandbox's cache is read-only.
        """
        if not self._plan.writable_cache and any(call.mode in FOR_PROOFS for call in request.calls):
            raise ValueError("precisions are looked into for trusted code only")
        limits = self._scaled(limits)
        self._runs += 1
        try:
            for attempt in range(_ATTEMPTS):
                fork_server = await self.warm_up()
                try:
                    starts_jax = not request.may_start_jax_otherwise
                    child = await self._spawn(
                        fork_server, limits, starts_jax=starts_jax, compartment=compartment_of(request)
                    )
                    return await _finish(child, request, limits, on_report)
                except ForkServerGone as error:
                    is_last = attempt == _ATTEMPTS - 1
                    # Without a jail it may have been the code itself.
                    if isinstance(error, ChildKilled) and (is_last or not self._jailed):
                        return error.result
                    words = fork_server.last_words()
                    await self.fork_servers.give_up(fork_server, error)
                    if is_last:
                        reason = f"the fork server died under {_ATTEMPTS} runs in a row: {error}"
                        raise SandboxError(f"{reason} {words}".strip()) from error
        finally:
            self._runs -= 1
        raise AssertionError("unreachable")

    async def run_warm(
        self,
        key: str,
        request: RunRequest,
        *,
        limits: Limits,
        on_report: Callable[[Report], None] = ignore_report,
    ) -> RunResult | None:
        """Run the request in a child that was pre-warmed for `key` and waits; None where there is none.

        Raises:
            SandboxError: the child would not end.
        """
        # In a child that waits, JAX has been started.
        child = None if request.may_start_jax_otherwise else self.warm_pool.take(key)
        if child is None:
            return None
        limits = self._scaled(limits)
        self._runs += 1
        try:
            return await SingleRun(child, request, limits, on_report).finish()
        except ForkServerGone:
            return None  # It died with its fork server; an ordinary run starts another.
        finally:
            self._runs -= 1
            self._close_later(child)

    def prewarm(self, key: str, request: RunRequest, *, limits: Limits) -> None:
        """Pre-warm a child on `request` once nothing else runs; it then waits for `run_warm`."""
        if request.may_start_jax_otherwise:
            return
        self.warm_pool.plan(Planned(key=key, request=request, limits=self._scaled(limits)))

    def waits_for(self, key: str) -> bool:
        """Say whether `run_warm` would find a child for `key`."""
        return self.warm_pool.waits_for(key)

    @property
    def waiting_pids(self) -> list[int]:
        """The host's process ids of all children that were pre-warmed and wait."""
        return self.warm_pool.pids

    async def open_session(self, *, limits: Limits, starts_jax: bool = True) -> Session:
        """Open a child that stays, for code that is trusted; the caller's to close.

        `starts_jax` is false for a request that may start it otherwise.

        Raises:
            SandboxError: the jail could not start.
        """
        limits = self._scaled(limits)
        for attempt in range(_ATTEMPTS):
            fork_server = await self.warm_up()
            try:
                child = await self._spawn(fork_server, limits, starts_jax=starts_jax)
                return Session(child, limits)
            except ForkServerGone as error:
                await self.fork_servers.give_up(fork_server, error)
                if attempt == _ATTEMPTS - 1:
                    raise SessionEnded(str(error)) from error
        raise AssertionError("unreachable")

    async def warm_up(self) -> ForkServerProcess:
        """Return a living fork server; start one where there is none.

        Raises:
            SandboxUnavailable: it cannot be started here.
        """
        return await self.fork_servers.living()

    async def stop(self) -> None:
        """End the fork server and every waiting child; the next run would start another."""
        await self.warm_pool.close()
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self.fork_servers.stop()

    def forget_programs(self, cache_key: str) -> None:
        """Take a compartment of the compilation cache away, where there is one; no run may use it."""
        self._plan.forget_programs(cache_key)

    def environment(self) -> dict[str, str]:
        """Describe the versions and settings that a result depends on, and how limits are scaled."""
        return {
            **describe_environment(jailed=self._jailed),
            **self._patches.described(),
            **self.calibration.in_words(),
        }

    def _scaled(self, limits: Limits) -> Limits:
        return scaled(limits, self.calibration.slowdown)

    def _close_later(self, child: JailedChild) -> None:
        """Kill it now and close it soon: its learner need not wait until the kernel has taken it apart."""
        child.kill()

        async def close() -> None:
            await asyncio.sleep(_CLOSE_LATER_SECONDS)
            await child.close()

        closing = asyncio.create_task(close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _spawn_to_prewarm(self, request: RunRequest, limits: Limits) -> JailedChild:
        # The kernel counts processor time from the start: once for the pre-warming, once for the run.
        doubled = msgspec.structs.replace(
            limits, cpu_seconds=2 * limits.cpu_seconds, compile_seconds=2 * limits.compile_seconds
        )
        return await self._spawn(
            await self.warm_up(),
            doubled,
            starts_jax=True,
            compartment=compartment_of(request),
            to_be_frozen=True,
        )

    async def _spawn(
        self,
        fork_server: ForkServerProcess,
        limits: Limits,
        *,
        starts_jax: bool,
        compartment: str | None = None,
        to_be_frozen: bool = False,
    ) -> JailedChild:
        return await spawn_child(
            fork_server,
            self._confinement(limits, starts_jax=starts_jax, compartment=compartment),
            self._groups,
            report_seconds=self.report_seconds,
            to_be_frozen=to_be_frozen,
        )

    def _confinement(self, limits: Limits, *, starts_jax: bool, compartment: str | None) -> Confinement:
        return Confinement(
            limits=limits,
            jailed=self._jailed,
            seccomp_program=compiled_filter() if self._jailed else b"",
            child_uid=self._plan.child_uid,
            cache_folder=self._plan.cache_inside,
            compartment=compartment,
            writable_cache=self._plan.writable_cache,
            cpuinfo=self._cpuinfo,
            starts_jax=starts_jax,
        )


async def _finish(
    child: JailedChild, request: RunRequest, limits: Limits, on_report: Callable[[Report], None]
) -> RunResult:
    try:
        return await SingleRun(child, request, limits, on_report).finish()
    finally:
        await child.close()


@asynccontextmanager
async def open_supervisor(
    *,
    cache: Path,
    jailed: bool = True,
    writable_cache: bool = False,
    warm_jails: int = 0,
    keep_free_bytes: int = 0,
    standby: bool = False,
    patches: PatchChoice | None = None,
    open_groups: Callable[[], ControlGroups | None] = open_control_groups,
) -> AsyncIterator[Supervisor]:
    """Open a supervisor whose fork servers see `cache` as the folder of compiled programs.

    Only code that is trusted may run with `writable_cache`. `warm_jails` bounds the waiting children; they
    go while less than `keep_free_bytes` of memory are available. With `standby` a second fork server waits
    for the first one's death. Jails are given `patches`; where none are named, all that were written for what
    is installed. Where `open_groups` gives no control groups, process trees are watched.

    Raises:
        SandboxUnavailable: bubblewrap or JAX is missing on this host.
    """
    paths = find_host_paths()
    if patches is None:
        patches = patches_for(PATCH_NAMES, describe_environment(jailed=jailed))
    if jailed:
        find_bubblewrap()
    cache = _prepare_cache(cache, writable=writable_cache)
    groups = open_groups()
    plan = ForkServerPlan(
        paths, cache=cache, jailed=jailed, writable_cache=writable_cache, patches=patches.active
    )
    supervisor = Supervisor(
        plan,
        groups,
        jailed=jailed,
        warm_jails=warm_jails,
        keep_free_bytes=keep_free_bytes,
        standby=standby,
        patches=patches,
    )
    try:
        yield supervisor
    finally:
        await supervisor.stop()
        if groups is not None:
            groups.close()


def _prepare_cache(cache: Path, *, writable: bool) -> Path:
    cache.mkdir(parents=True, exist_ok=True)
    if writable:
        cache.chmod(0o777)  # A child that trusted code runs in is another user, where the service is root.
    return cache.resolve()
