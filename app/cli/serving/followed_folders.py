"""The folders of problems as a preview follows them: what is saved is published, and what is wrong is kept.

It has a service's pages on a database of its own, which ends with it, and one account, which is signed in.
"""

import asyncio
import contextlib
import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from app.accounts.accounts import Accounts
from app.catalog.faults import PackageFault, refusal_lines
from app.catalog.problem_folder import LoadedFolders, load_folders, version_of
from app.core.problem import Problem
from app.errors import EmailTaken, ProblemError
from app.http.authentication import SESSION_COOKIE
from app.http.services import PreviewState
from app.store.problems import Problems

_LOOK_SECONDS = 0.5
_PASSED_OVER = (".", "__pycache__")
"""As reading a package does."""
_AUTHOR = "author@preview.example"

_log = logging.getLogger("jaxercise")

Stamps = Mapping[Path, tuple[int, int]]
"""Of each file when it was changed, and how many bytes it has."""


class FollowedFolders:
    """What is previewed: one problem, or all where `slug` is None."""

    def __init__(
        self,
        problems_dir: Path,
        references_dir: Path,
        *,
        slug: str | None = None,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._folders = (problems_dir, references_dir)
        self._slug = slug
        self._look_seconds = look_seconds
        self._password = secrets.token_urlsafe()
        self._session = ""
        self._shown: dict[str, str] = {}
        """By slug, the version that is on the page."""
        self._begun = secrets.token_hex(4)
        self.state = PreviewState(revision=self._begun)

    def says(self, address: str) -> str:
        """Return what is told of it once it answers at `address`."""
        page = "/" if self._slug is None else f"/problems/{quote(self._slug, safe='')}"
        return f"The preview is at {address}{page}, and follows what you save; Ctrl-C ends it."

    @property
    def cookie(self) -> str:
        """The cookie of whoever comes by."""
        return f"{SESSION_COOKIE}={self._session}"

    async def begin_session(self, accounts: Accounts) -> None:
        """Make the one account that there is, and sign it in.

        It is there already where the process was killed and begun again.
        """
        try:
            author = await accounts.sign_up(_AUTHOR, self._password)
        except EmailTaken:
            self._session = await accounts.sign_in(_AUTHOR, self._password, client="127.0.0.1")
        else:
            self._session = await accounts.start_session(author)

    @asynccontextmanager
    async def following(
        self, problems: Problems, require_host: Callable[[Problem], None]
    ) -> AsyncIterator[None]:
        """Publish what the folders hold, and again whenever that has changed, while the block lasts."""
        stamps = await asyncio.to_thread(_stamps, self._folders)
        await self._load(problems, require_host)
        task = asyncio.create_task(self._follow(problems, require_host, stamps))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _follow(
        self, problems: Problems, require_host: Callable[[Problem], None], loaded: Stamps
    ) -> None:
        before = loaded
        while True:
            await asyncio.sleep(self._look_seconds)
            now = await asyncio.to_thread(_stamps, self._folders)
            # What is being written just now is half a file: a change is taken over once it stays.
            if now == before and now != loaded:
                loaded = now
                await self._load(problems, require_host)
            before = now

    async def _load(self, problems: Problems, require_host: Callable[[Problem], None]) -> None:
        try:
            found = await asyncio.to_thread(load_folders, *self._folders, require_host=require_host)
        except ProblemError as refusal:
            faults, warnings = [refusal.message], []
        else:
            faults = [*refusal_lines(found.refused), *await self._publish(problems, found)]
            warnings = [str(warning) for warning in found.warnings if self._is_about(warning, found)]
        for fault in faults:
            _log.error("problem refused: %s", fault)
        self.state.faults, self.state.warnings = tuple(faults), tuple(warnings)
        self.state.revision = f"{self._begun}-{secrets.token_hex(4)}"

    def _is_about(self, warning: PackageFault, found: LoadedFolders) -> bool:
        return self._slug is None or warning.file.startswith(f"{found.folders.get(self._slug)}/")

    async def _publish(self, problems: Problems, found: LoadedFolders) -> Sequence[str]:
        """Publish what is previewed, and return what of it cannot be."""
        faults = []
        changed = {
            slug: files
            for slug, files in found.problems.items()
            if self._slug in (None, slug) and self._shown.get(slug) != version_of(files)
        }
        for slug, result in (await problems.publish_all(changed)).items():
            if isinstance(result, ProblemError):
                faults.append(f"{found.folders[slug]}/{result.message}")
            else:
                self._shown[slug] = result.version
                _log.info("shown as saved: %s, version %s", slug, result.version[:12])
        return faults


def _stamps(folders: Sequence[Path]) -> Stamps:
    """Look at every file; one that is gone by now is no fault, since editors save by renaming."""
    found = {}
    for folder in folders:
        for place, inside, names in os.walk(folder):
            inside[:] = [name for name in inside if not name.startswith(_PASSED_OVER)]
            for name in names:
                file = Path(place, name)
                with contextlib.suppress(OSError):
                    if not name.startswith(_PASSED_OVER):
                        status = file.stat()
                        found[file] = (status.st_mtime_ns, status.st_size)
    return found
