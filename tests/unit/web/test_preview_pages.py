"""A preview: the pages follow the folders, nobody signs in, and only this machine is answered."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app.cli.serving.followed_folders import FollowedFolders
from app.main import create_app
from app.settings import read_settings
from tests.support.scripted_grader import open_scripted_grader
from tests.support.small_problem import small_problem, write_problem

pytestmark = pytest.mark.anyio

_PAGE = "/problems/double"


class Previewed:
    """A preview that runs, and a browser in front of it."""

    def __init__(self, place: Path, preview: FollowedFolders, client: httpx.AsyncClient) -> None:
        self.folder = place / "problems" / "1-double"
        self.preview = preview
        self.client = client

    async def saved(self, name: str, old: str, new: str) -> None:
        """Change a file, and return once the folders were looked at again."""
        before = self.preview.state.revision
        file = self.folder / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
        await self.another(before)

    async def another(self, before: str) -> None:
        async with asyncio.timeout(60):
            while self.preview.state.revision == before:  # noqa: ASYNC110 (it has no event)
                await asyncio.sleep(0.01)

    async def text(self, path: str = _PAGE) -> str:
        return (await self.client.get(path)).text


@asynccontextmanager
async def _previewed(
    place: Path, *, slug: str | None = "double", preview: FollowedFolders | None = None
) -> AsyncIterator[Previewed]:
    folders = place / "problems", place / "references"
    preview = preview or FollowedFolders(*folders, slug=slug, look_seconds=0.01)
    settings = read_settings(
        data_dir=place / f"data-{slug}",
        problems_dir=folders[0],
        references_dir=folders[1],
        slots=1,
        drain_seconds=0,
    )
    app = create_app(settings, open_grader=open_scripted_grader, preview=preview)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8001")
    async with app.router.lifespan_context(app), client:
        yield Previewed(place, preview, client)


@pytest.fixture
async def previewed(tmp_path: Path) -> AsyncIterator[Previewed]:
    write_problem(small_problem(), tmp_path)
    async with _previewed(tmp_path) as shown:
        yield shown


async def test_whoever_comes_by_reads_hints_and_may_submit(previewed: Previewed) -> None:
    """Without an account, and without a way to one."""
    page = await previewed.text()
    assert '<details class="hint"' in page
    assert 'value="submit"' in page
    assert "Preview" in page
    assert "/sign-up" not in page
    assert "/sign-in" not in page


async def test_a_verdict_is_given(previewed: Previewed) -> None:
    answer = await previewed.client.post(
        "/api/v1/problems/double/submissions", json={"code": "outcome wrong_value", "mode": "submit"}
    )
    assert answer.status_code == 202, answer.text
    submission = answer.json()["id"]
    await previewed.client.get(f"/api/v1/submissions/{submission}/events")
    done = (await previewed.client.get(f"/api/v1/submissions/{submission}")).json()
    assert done["verdict"]["outcome"] == "wrong_value"


async def test_what_is_saved_is_shown_and_the_page_learns_of_it(previewed: Previewed) -> None:
    revision = (await previewed.client.get("/preview/state")).json()["revision"]
    assert f'data-preview="{revision}"' in await previewed.text()
    await previewed.saved("statement.md", "Two of everything.", "Twice of everything.")
    assert "Twice of everything." in await previewed.text()
    assert (await previewed.client.get("/preview/state")).json()["revision"] != revision


async def test_a_fault_is_shown_over_what_was_there_before_and_goes_with_it(previewed: Previewed) -> None:
    """With the file and the key."""
    await previewed.saved("problem.toml", 'title = "Double"', 'titel = "Double"')
    page = await previewed.text()
    assert "Saved, and not taken over" in page
    assert "1-double/problem.toml" in page
    assert "titel" in page
    assert "Two of everything." in page
    await previewed.saved("problem.toml", "titel", "title")
    assert "Saved, and not taken over" not in await previewed.text()


async def test_what_costs_something_is_said_and_keeps_nothing_from_being_shown(previewed: Previewed) -> None:
    """Of the problem that is previewed alone."""
    page = await previewed.text()
    assert re.search(r"<summary>\d warnings?</summary>", page)
    assert "1-double/variants/" in page
    assert previewed.preview.state.faults == ()


async def test_what_was_broken_from_the_start_says_so_and_comes_once_it_is_mended(tmp_path: Path) -> None:
    write_problem(small_problem(), tmp_path)
    manifest = tmp_path / "problems" / "1-double" / "problem.toml"
    whole = manifest.read_text()
    manifest.write_text(whole.replace("[entry]", "[entri]"))
    async with _previewed(tmp_path) as shown:
        answer = await shown.client.get(_PAGE)
        assert answer.status_code == 404
        assert "1-double/problem.toml" in answer.text
        assert "data-preview" in answer.text
        await shown.saved("problem.toml", "[entri]", "[entry]")
        assert (await shown.client.get(_PAGE)).status_code == 200


async def test_one_problem_is_shown_or_all(tmp_path: Path) -> None:
    write_problem(small_problem(), tmp_path)
    write_problem(small_problem("triple", position=2), tmp_path)
    async with _previewed(tmp_path, slug="double") as shown:
        assert "/problems/triple" not in await shown.text("/")
    async with _previewed(tmp_path, slug=None) as shown:
        home = await shown.text("/")
        assert "/problems/double" in home
        assert "/problems/triple" in home


async def test_one_that_is_begun_again_goes_on(tmp_path: Path) -> None:
    """As where its process was killed: the database is the same, and so is who is in front of it."""
    write_problem(small_problem(), tmp_path)
    async with _previewed(tmp_path) as shown:
        revision, preview = shown.preview.state.revision, shown.preview
    async with _previewed(tmp_path, preview=preview) as shown:
        assert 'value="submit"' in await shown.text()
        assert preview.state.revision != revision


async def test_a_folder_that_comes_and_goes_does_no_harm(previewed: Previewed) -> None:
    before = previewed.preview.state.revision
    copied = previewed.folder.with_name("2-copy")
    shutil.copytree(previewed.folder, copied)
    await previewed.another(before)
    assert "2-copy" in await previewed.text()
    before = previewed.preview.state.revision
    shutil.rmtree(copied)
    await previewed.another(before)
    assert "2-copy" not in await previewed.text()


@pytest.mark.parametrize("host", ["127.0.0.1:8001", "localhost:8001", "localhost", "[::1]:8001"])
async def test_it_answers_by_the_names_of_this_machine(previewed: Previewed, host: str) -> None:
    assert (await previewed.client.get(_PAGE, headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example:8001", "127.0.0.1.evil.example", "localhost.evil.example", ""]
)
async def test_no_other_name_may_lead_here(previewed: Previewed, host: str) -> None:
    """A page elsewhere would be the author, and could have code run."""
    assert (await previewed.client.get(_PAGE, headers={"host": host})).status_code == 400


async def test_another_sites_form_is_refused(previewed: Previewed) -> None:
    answer = await previewed.client.post(
        f"{_PAGE}/submissions",
        data={"code": "x", "mode": "run"},
        headers={"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    )
    assert answer.status_code == 403


async def test_a_service_has_no_such_pages(tmp_path: Path) -> None:
    """Nobody is signed in there by coming by."""
    write_problem(small_problem(), tmp_path)
    settings = read_settings(
        data_dir=tmp_path / "data",
        problems_dir=tmp_path / "problems",
        references_dir=tmp_path / "references",
        drain_seconds=0,
    )
    app = create_app(settings, open_grader=open_scripted_grader)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8001")
    async with app.router.lifespan_context(app), client:
        assert (await client.get("/preview/state")).status_code == 404
        page = (await client.get(_PAGE)).text
        assert "/sign-up" in page
        assert "data-preview" not in page
