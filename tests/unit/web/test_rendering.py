"""What holds for every page, and the scripts and styles that it loads."""

import json
import re
from pathlib import Path

from app.main import create_app
from app.settings import read_settings
from app.web.rendering import built_assets
from tests.support.page_browser import PROBLEM, PageBrowser, browsing, submit
from tests.support.scripted_grader import open_scripted_grader


def test_without_a_build_pages_do_without_scripts_and_styles(tmp_path: Path) -> None:
    built = built_assets(tmp_path)
    assert (built.scripts, built.styles) == ((), ())


def test_a_build_is_found_by_its_hashed_names(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    manifest = {
        "islands/main.ts": {"file": "assets/main-1.js", "css": ["assets/main-2.css"], "isEntry": True}
    }
    (tmp_path / "dist" / "manifest.json").write_text(json.dumps(manifest))
    built = built_assets(tmp_path)
    assert built.scripts == ("/static/dist/assets/main-1.js",)
    assert built.styles == ("/static/dist/assets/main-2.css",)


def test_pages_are_kept_by_nobody_in_between(learner: PageBrowser) -> None:
    assert learner.get(PROBLEM).headers["cache-control"] == "private, no-store"


def test_no_page_has_a_script_or_a_style_inline(learner: PageBrowser) -> None:
    submission = submit(learner, "outcome error").url
    compared = submit(learner, "answers 1 2 3").url
    for path in ("/", PROBLEM, submission, compared, "/account", "/sign-in", "/sign-up", "/nowhere"):
        html = learner.get(path).text
        assert not re.search(r"<style|\sstyle=|\son\w+=", re.sub(r"<pre.*?</pre>", "", html, flags=re.DOTALL))
        assert all("src=" in tag or "application/json" in tag for tag in re.findall(r"<script[^>]*>", html))


def test_an_unjailed_service_says_so_on_every_page(tmp_path: Path) -> None:
    settings = read_settings(data_dir=tmp_path, sandbox="unjailed")
    with browsing(create_app(settings, open_grader=open_scripted_grader)) as client:
        for path in ("/", PROBLEM, "/sign-in", "/sign-up", "/nowhere"):
            assert "without isolation" in client.get(path).text


def test_a_jailed_service_does_not(client: PageBrowser) -> None:
    assert "without isolation" not in client.get("/").text
