"""A browser without scripts before the real application, with the scripted grader."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.main import create_app
from app.settings import read_settings
from tests.support.page_browser import PageBrowser, browsing, sign_up
from tests.support.scripted_grader import open_scripted_grader


@pytest.fixture
def client(tmp_path: Path) -> Iterator[PageBrowser]:
    app = create_app(read_settings(data_dir=tmp_path, drain_seconds=0), open_grader=open_scripted_grader)
    with browsing(app) as browser:
        yield browser


@pytest.fixture
def learner(client: PageBrowser) -> PageBrowser:
    sign_up(client)
    return client
