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
    for path in ("/", "/account", "/sign-in"):
        assert learner.get(path).headers["cache-control"] == "private, no-store"


def test_what_is_typed_into_stays_with_the_browser_as_long_as_the_session(learner: PageBrowser) -> None:
    """Back brings it as it was left; after signing out it brings nobody anything."""
    page = learner.get(PROBLEM)
    assert page.headers["cache-control"] == "private, no-cache"
    assert "Cookie" in page.headers["vary"]
    out = learner.post("/sign-out")
    assert out.history[0].headers["clear-site-data"] == '"cache"'


def test_a_page_is_compressed_where_its_size_tells_nothing(learner: PageBrowser) -> None:
    assert learner.get(PROBLEM).headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in learner.get(PROBLEM).headers["vary"]
    plain = learner.get(PROBLEM, headers={"Accept-Encoding": "gzip;q=0, identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text.count("</html>") == 1


def test_a_page_that_repeats_its_request_or_shows_a_secret_is_not_compressed(learner: PageBrowser) -> None:
    """The size of one would give the secret away, letter by letter."""
    token = learner.post("/account/tokens", data={"name": "seminar"})
    assert "<code>jaxercise_" in token.text
    for page in (
        token,
        learner.get("/", params={"q": "guess"}),
        learner.get(PROBLEM, params={"load": "starter", "x": "guess"}),
        learner.get("/guess"),
        learner.post(f"{PROBLEM}/submissions", data={"code": " ", "mode": "run"}),
    ):
        assert "content-encoding" not in page.headers


def test_icons_may_be_kept_since_their_address_changes_with_them(client: PageBrowser) -> None:
    [address] = set(re.findall(r'href="(/static/icons\.svg\?content=[0-9a-f]{12})#', client.get("/").text))
    assert "immutable" in client.get(address).headers["cache-control"]
    assert "immutable" not in client.get("/static/icons.svg").headers.get("cache-control", "")


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
