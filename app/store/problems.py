"""The problems as the pages, the API and the worker see them."""

from collections import OrderedDict
from collections.abc import Callable, Mapping

from app.core.problem import Problem
from app.errors import ProblemNotFound
from app.store import problem_versions
from app.store.database import Database

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

    async def all(self) -> list[Problem]:
        """The current version of every problem on offer, by position."""
        async with self._database.reading() as connection:
            listings = await problem_versions.listings(connection)
        return [await self.by_version(listing.version) for listing in listings]

    async def by_slug(self, slug: str) -> Problem:
        """The current version.

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
        """Any version that was ever published.

        Raises:
            ProblemNotFound: there is no such version.
        """
        if version not in self._parsed:
            async with self._database.reading() as connection:
                files = await problem_versions.files_of(connection, version)
            if not files:
                raise ProblemNotFound(f"There is no version {version} of any problem.")
            self._remember(self._read(files))
        self._parsed.move_to_end(version)
        return self._parsed[version]

    async def publish(self, files: Mapping[str, bytes]) -> Problem:
        """Makes this package the current version of its problem.

        Raises:
            ProblemError: the package breaks a rule, or its slug belongs to another problem.
        """
        problem = self._read(files)
        async with self._database.transaction() as connection:
            await problem_versions.publish(connection, problem, files)
        self._remember(problem)
        return problem

    async def withdraw_except(self, ids: set[str]) -> None:
        """Takes all other problems off the list; their submissions stay."""
        async with self._database.transaction() as connection:
            await problem_versions.withdraw_except(connection, ids)

    def _remember(self, problem: Problem) -> None:
        self._parsed[problem.version] = problem
        while len(self._parsed) > _REMEMBERED:
            self._parsed.popitem(last=False)
