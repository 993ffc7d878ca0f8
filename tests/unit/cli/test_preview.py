"""`jaxercise preview`: which problem it shows, and that it is a service of one author and no other."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.cli.preview import _of_one_author, _slug_of
from app.cli.serving.followed_folders import FollowedFolders
from app.errors import ProblemNotFound
from app.settings import Settings, read_settings
from tests.support.command_line import Done
from tests.support.toy_problem import write_toy_folders


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    write_toy_folders(tmp_path)
    for variable, value in (
        ("PROBLEMS_DIR", tmp_path / "problems"),
        ("REFERENCES_DIR", tmp_path / "references"),
        ("METRICS_PORT", 9000),
        ("HOST", "0.0.0.0"),
        ("TRUSTED_PROXIES", "*"),
        ("PUBLIC_ADDRESSES", "https://grader.school.example"),
    ):
        monkeypatch.setenv(f"JAXERCISE_{variable}", str(value))
    return read_settings()


@pytest.mark.parametrize("name", ["toy-shift", "1", "1-toy-shift"])
def test_a_problem_goes_by_slug_position_and_folder(settings: Settings, name: str) -> None:
    assert _slug_of(settings, name) == "toy-shift"


def test_one_whose_manifest_is_broken_is_shown_with_what_is_wrong(settings: Settings) -> None:
    """That is what a preview is for."""
    (settings.problems_dir / "1-toy-shift" / "problem.toml").write_text("title =")
    assert _slug_of(settings, "1") == "toy-shift"


def test_one_that_is_not_there_is_refused_with_those_that_are(settings: Settings) -> None:
    with pytest.raises(ProblemNotFound, match=r"there is no problem 'toy'; there are toy-shift\Z"):
        _slug_of(settings, "toy")


def test_it_answers_this_machine_alone_and_leaves_a_services_state_alone(
    settings: Settings, tmp_path: Path
) -> None:
    """Whatever the environment says of the service beside it."""
    own = _of_one_author(settings, tmp_path, 0)
    assert (own.host, own.port, own.metrics_port, own.trusted_proxies) == ("127.0.0.1", 0, None, "")
    assert own.origins == ()
    assert own.store_url == f"sqlite:///{tmp_path / 'preview.db'}"
    assert own.store_url != settings.store_url
    assert own.sign_up == "invitation"
    assert own.data_dir == settings.data_dir


def test_a_preview_says_where_it_is() -> None:
    one = FollowedFolders(Path("problems"), Path("references"), slug="toy-shift")
    every = FollowedFolders(Path("problems"), Path("references"))
    odd = FollowedFolders(
        Path("problems"), Path("references"), slug="{a/b}"
    )  # As a broken manifest may have it.
    address = "http://127.0.0.1:1"
    assert one.says(address).startswith(f"The preview is at {address}/problems/toy-shift,")
    assert every.says(address).startswith(f"The preview is at {address}/,")
    assert odd.says(address).startswith(f"The preview is at {address}/problems/%7Ba%2Fb%7D,")


def test_a_port_that_is_taken_is_told_and_nothing_is_left(
    settings: Settings, jaxercise: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(*_: Any, **__: Any) -> socket.socket:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(socket, "create_server", taken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = jaxercise("preview", "toy-shift", "--port", "8001")
    assert done.exit_code == 2
    assert done.complained.endswith(
        "cannot listen on 127.0.0.1:8001 (Address already in use): choose another with --port\n"
    )
    assert list(tmp_path.glob("jaxercise-preview-*")) == []
