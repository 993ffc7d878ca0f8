"""The problems as the pages, the API and the worker see them."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from app.core.problem import Problem, ProblemPage
from app.errors import ProblemError, ProblemNotFound, SlugTaken
from app.store.engine.database import Database
from app.store.queries import problem_list, problem_versions
from app.store.queries.problem_versions import Listing

_REMEMBERED = 256


class Problems:
    """Problems by slug (the current version) or by version.

    `read` turns a package's files into a Problem; it is handed in because the format belongs
    to the catalogue. A version never changes, so parsed ones are remembered.
    """

    def __init__(self, database: Database, read: Callable[[Mapping[str, bytes]], Problem]) -> None:
        self._database = database
        self._read = read
        self._parsed: OrderedDict[str, Problem] = OrderedDict()

    async def page(self, *, limit: int, after: str | None = None, search: str = "") -> ProblemPage:
        """Return problems on offer by position, from the one after the slug `after` on; none is parsed.

        Raises:
            ProblemNotFound: no problem was ever called `after`.
        """
        # PostgreSQL cannot even be asked about a NUL.
        if "\0" in search:
            return ProblemPage(problems=(), next=None)
        if after is not None and "\0" in after:
            raise ProblemNotFound
        async with self._database.reading() as connection:
            return await problem_list.page(connection, limit=limit, after=after, search=search)

    async def count(self) -> int:
        """Count those on offer."""
        async with self._database.reading() as connection:
            return await problem_list.count(connection)

    async def versions(self) -> list[str]:
        """Return the current version of every problem on offer, by position; none is parsed for it."""
        return [listing.version for listing in await self.on_offer()]

    async def on_offer(self) -> list[Listing]:
        """Return what every problem on offer goes by, by position."""
        async with self._database.reading() as connection:
            return await problem_versions.listings(connection)

    async def found_readable(self, rules: str) -> list[Listing]:
        """Return the problems on offer whose current version was published under these rules."""
        async with self._database.reading() as connection:
            return await problem_versions.listings(connection, rules=rules)

    async def by_slug(self, slug: str) -> Problem:
        """Return the current version.

        Raises:
            ProblemNotFound: no problem on offer has this slug.
        """
        # PostgreSQL cannot even be asked about a NUL.
        version = None
        if "\0" not in slug:
            async with self._database.reading() as connection:
                version = await problem_versions.current_version(connection, slug)
        if version is None:
            raise ProblemNotFound(f"There is no problem {slug!r}.")
        return await self.by_version(version)

    async def by_version(self, version: str) -> Problem:
        """Return any version that was ever published.

        Raises:
            ProblemNotFound: there is no such version.
        """
        problem = self._parsed.get(version)
        if problem is None:
            async with self._database.reading() as connection:
                files = await problem_versions.files_of(connection, version)
            if not files:
                raise ProblemNotFound(f"There is no version {version} of any problem.")
            # Some are megabytes, of which each byte is hashed.
            problem = await asyncio.to_thread(self._read, files)
        self._remember(problem)
        return problem

    async def publish(self, files: Mapping[str, bytes], *, rules: str = "") -> Problem:
        """Make this package the current version of its problem, found readable by `rules`.

        Raises:
            ProblemError: the package breaks a rule.
            SlugTaken: its slug belongs to another problem.
        """
        problem = self._read(files)
        async with self._database.transaction() as connection:
            await problem_versions.publish(connection, problem, files, rules=rules)
        self._remember(problem)
        return problem

    async def publish_all(
        self, packages: Mapping[str, Mapping[str, bytes]], *, rules: str = ""
    ) -> dict[str, Problem | ProblemError]:
        """Publish each package, and return by its key the problem, or why it is refused.

        One may take a slug that another of them gives up, and two may exchange theirs: these come on offer at
        the same moment.
        """
        done: dict[str, Problem | ProblemError] = {}
        waiting: dict[str, SlugTaken] = {}
        for key, files in packages.items():
            try:
                done[key] = await self.publish(files, rules=rules)
            except SlugTaken as refusal:
                waiting[key] = refusal
            except ProblemError as refusal:
                done[key] = refusal
        while waiting:
            try:
                published = await self._publish_at_once([packages[key] for key in waiting], rules=rules)
            except SlugTaken as refusal:
                # Of the first that is still in the way the holder is none of these, and keeps its slug.
                key = next(key for key, found in waiting.items() if found.slug == refusal.slug)
                done[key] = waiting.pop(key)
            else:
                done.update(zip(waiting, published, strict=True))
                break
        return done

    async def _publish_at_once(self, packages: Sequence[Mapping[str, bytes]], *, rules: str) -> list[Problem]:
        problems = [self._read(files) for files in packages]
        async with self._database.transaction() as connection:
            await problem_versions.give_up_slugs(connection, [problem.manifest.id for problem in problems])
            for problem, files in zip(problems, packages, strict=True):
                await problem_versions.publish(connection, problem, files, rules=rules)
        for problem in problems:
            self._remember(problem)
        return problems

    async def describe_all(self) -> None:
        """Fill what a list shows of problems that an older release published, from their stored files."""
        async with self._database.reading() as connection:
            bare = await problem_versions.listings(connection, undescribed=True)
        for listing in bare:
            # One that cannot be read any more is listed by its slug.
            with contextlib.suppress(ProblemError):
                problem = await self.by_version(listing.version)
                async with self._database.transaction() as connection:
                    await problem_versions.describe(connection, problem)

    async def retire_except(self, ids: set[str]) -> None:
        """Take all other problems off the list; their submissions stay."""
        async with self._database.transaction() as connection:
            await problem_versions.retire_except(connection, ids)

    async def retire(self, ids: set[str]) -> None:
        """Take these off the list; their submissions stay."""
        async with self._database.transaction() as connection:
            await problem_versions.retire(connection, sorted(ids))

    def _remember(self, problem: Problem) -> None:
        self._parsed[problem.version] = problem
        self._parsed.move_to_end(problem.version)
        while len(self._parsed) > _REMEMBERED:
            self._parsed.popitem(last=False)
