"""What `doctor` says to an operator where namespaces are refused."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.isolation.layers import namespace_remedy
from tests.support.checkout import CHECKOUT


def _host(root: Path, values: Mapping[str, str]) -> Path:
    for name, value in values.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(value + "\n")
    return root


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "apparmor-jaxercise"),
        ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "user.max_user_namespaces=10000"),
        ("user/max_net_namespaces", "0", "user.max_net_namespaces=10000"),
    ],
)
def test_what_refuses_namespaces_is_named_and_only_that(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    remedy = namespace_remedy(_host(tmp_path, {name: value}), is_container=False)
    assert said in remedy
    assert len(remedy.splitlines()) <= 3


def test_a_container_gets_its_three_options(tmp_path: Path) -> None:
    remedy = namespace_remedy(tmp_path, is_container=True)
    for option in ("seccomp=docs/operators/seccomp.json", "apparmor=unconfined", "systempaths=unconfined"):
        assert f"--security-opt {option}" in remedy


def test_several_obstacles_are_all_named(tmp_path: Path) -> None:
    values = {"kernel/unprivileged_userns_clone": "0", "kernel/apparmor_restrict_unprivileged_userns": "1"}
    remedy = namespace_remedy(_host(tmp_path, values), is_container=True)
    for words in ("container", "AppArmor", "unprivileged_userns_clone"):
        assert words in remedy


def test_where_nothing_is_found_the_usual_suspects_are_named(tmp_path: Path) -> None:
    values = {"kernel/unprivileged_userns_clone": "1", "user/max_user_namespaces": "9999"}
    remedy = namespace_remedy(_host(tmp_path, values), is_container=False)
    assert "RestrictNamespaces=" in remedy
    assert "sysctl" not in remedy


def test_every_file_that_a_remedy_names_is_there(tmp_path: Path) -> None:
    values = {"kernel/apparmor_restrict_unprivileged_userns": "1"}
    words = namespace_remedy(_host(tmp_path, values), is_container=True).replace("=", " ").split()
    files = [word.rstrip(",.") for word in words if word.startswith("docs/")]
    assert len(files) == 4
    assert [file for file in files if not (CHECKOUT / file).is_file()] == []
