"""An author's browser in front of `jaxercise preview`: what is saved is shown, and so is what is wrong."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.toy_problem import write_toy_folders

pytestmark = [pytest.mark.browser, pytest.mark.jail]

_STOP_SECONDS = 120


class Author:
    """Somebody with a problem's folder in an editor and its preview in a browser."""

    def __init__(self, place: Path, process: subprocess.Popen[str], page: Page) -> None:
        self.folder = place / "problems" / "1-toy-shift"
        self.process = process
        self.page = page

    def save(self, name: str, old: str, new: str) -> None:
        """Save as editors do: by renaming a new file over the old one."""
        file = self.folder / name
        text = file.read_text()
        assert old in text
        beside = file.with_name(f".{name}.swp")
        beside.write_text(text.replace(old, new))
        beside.rename(file)


@pytest.fixture
def author(chromium: Browser, graded_problems_dir: Path, tmp_path: Path) -> Iterator[Author]:
    write_toy_folders(tmp_path)
    own = {name: value for name, value in os.environ.items() if not name.startswith("JAXERCISE_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli.main", "preview", "toy-shift", "--port", "0"],
        env=own
        | {
            "JAXERCISE_DATA_DIR": str(graded_problems_dir),
            "JAXERCISE_PROBLEMS_DIR": str(tmp_path / "problems"),
            "JAXERCISE_REFERENCES_DIR": str(tmp_path / "references"),
            "TMPDIR": str(tmp_path),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    try:
        said = process.stdout.readline()
        page = context.new_page()
        page.goto(re.findall(r"http://[^\s,]+", said)[0])
        yield Author(tmp_path, process, page)
    finally:
        context.close()
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()


def test_what_is_saved_is_shown_and_what_is_typed_stays(author: Author) -> None:
    """Without a reload by hand; and a fault stands over what was there before, until it is mended."""
    page = author.page
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("# typed by hand")
    author.save("statement.md", "# Toy shift\n", "# Toy shift\n\nShift everything.\n")
    expect(page.get_by_text("Shift everything.")).to_be_visible()
    expect(page.locator(".cm-content")).to_contain_text("# typed by hand")

    author.save("problem.toml", 'title = "Toy shift"', 'titel = "Toy shift"')
    expect(page.get_by_role("alert")).to_contain_text("problem.toml")
    expect(page.get_by_role("alert")).to_contain_text("titel")
    expect(page.get_by_text("Shift everything.")).to_be_visible()

    author.save("problem.toml", 'titel = "Toy shift"', 'title = "Shift by two"')
    expect(page.get_by_role("heading", name="Shift by two")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_verdict_is_given_and_nothing_is_left(author: Author) -> None:
    """By a reference in the jail; Ctrl-C ends it, with its database."""
    author.page.get_by_role("button", name="Run").click()
    expect(author.page.locator("#result")).to_contain_text("NotImplementedError")
    author.process.send_signal(signal.SIGINT)
    assert author.process.wait(_STOP_SECONDS) == 0
    assert list(author.folder.parents[1].glob("jaxercise-preview-*")) == []
