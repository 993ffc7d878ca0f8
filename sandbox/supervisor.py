"""The sandbox that keeps its word: a nursery behind bubblewrap, and a fresh jail for each run."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sandbox.bubblewrap import find_bubblewrap, find_places
from sandbox.environment import describe_environment, short_cpuinfo
from sandbox.interface import Report, RunRequest, RunResult, SandboxError, ignore_report
from sandbox.limits import Limits
from sandbox.memory_groups import MemoryGroups
from sandbox.nursery_orders import Confinement
from sandbox.nursery_process import NurseryGone, NurseryPlan, NurseryProcess
from sandbox.seccomp import compiled_filter
from sandbox.single_run import SingleRun

_ATTEMPTS = 3


class Supervisor:
    """A `Sandbox`. Starts its nursery when it is first needed, and a fresh one when that has died."""

    def __init__(self, plan: NurseryPlan, groups: MemoryGroups | None, *, jailed: bool) -> None:
        self._plan = plan
        self._groups = groups
        self._jailed = jailed
        self._nursery: NurseryProcess | None = None
        self._starting = asyncio.Lock()
        self._cpuinfo = short_cpuinfo()

    async def run(
        self, request: RunRequest, *, limits: Limits, on_report: Callable[[Report], None] = ignore_report
    ) -> RunResult:
        """Run untrusted code once; crashes and time-outs are results.

        A run whose nursery dies under it is made again; `on_report` then hears its steps twice.

        Raises:
            SandboxError: the jail itself could not start or broke, three times over.
        """
        for attempt in range(_ATTEMPTS):
            nursery = await self.warm_up()
            run = SingleRun(limits, self._groups, on_report)
            try:
                await run.start(nursery, self._confinement(limits))
                return await run.finish(request)
            except NurseryGone as error:
                words = nursery.last_words()
                await self._discard(nursery)
                if attempt == _ATTEMPTS - 1:
                    reason = f"the nursery died under {_ATTEMPTS} runs in a row: {error}"
                    raise SandboxError(f"{reason} {words}".strip()) from error
            finally:
                await run.close()
        raise AssertionError("unreachable")

    async def warm_up(self) -> NurseryProcess:
        """A living nursery; starts one where there is none.

        Raises:
            SandboxUnavailable: it cannot be started here.
        """
        async with self._starting:
            if self._nursery is not None and not self._nursery.is_alive:
                await self._nursery.stop()
                self._nursery = None
            if self._nursery is None:
                self._nursery = await self._plan.start()
            return self._nursery

    async def stop(self) -> None:
        """End the nursery; the next run would start another."""
        async with self._starting:
            if self._nursery is not None:
                await self._nursery.stop()
                self._nursery = None

    def environment(self) -> dict[str, str]:
        """Versions and settings that a result depends on."""
        return describe_environment(jailed=self._jailed)

    async def _discard(self, nursery: NurseryProcess) -> None:
        async with self._starting:
            await nursery.stop()
            if self._nursery is nursery:
                self._nursery = None

    def _confinement(self, limits: Limits) -> Confinement:
        return Confinement(
            limits=limits,
            jailed=self._jailed,
            seccomp_program=compiled_filter() if self._jailed else b"",
            child_uid=self._plan.child_uid,
            cache_folder=self._plan.cache_inside,
            writable_cache=self._plan.writable_cache,
            cpuinfo=self._cpuinfo,
        )


@asynccontextmanager
async def open_supervisor(
    *, cache: Path, jailed: bool = True, writable_cache: bool = False
) -> AsyncIterator[Supervisor]:
    """A supervisor whose nurseries see `cache` as the place of compiled programs.

    Only code that is trusted may run with `writable_cache`.

    Raises:
        SandboxUnavailable: bubblewrap or JAX is missing on this host.
    """
    places = find_places()
    if jailed:
        find_bubblewrap()
    cache = _prepare_cache(cache, writable=writable_cache)
    groups = MemoryGroups.open()
    supervisor = Supervisor(
        NurseryPlan(places, cache=cache, jailed=jailed, writable_cache=writable_cache),
        groups,
        jailed=jailed,
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
