"""What `doctor` says to an operator where namespaces are refused, and of how waiting jails are frozen."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.isolation import layers
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


class _Groups:
    """Control groups of a host, as far as layers ask for them."""

    description = "version 2, one a run: memory"

    def __init__(self, *, can_freeze: bool) -> None:
        self.can_freeze = can_freeze
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize(
    ("groups", "is_frozen_by_group"),
    [(None, False), (_Groups(can_freeze=False), False), (_Groups(can_freeze=True), True)],
)
def test_it_is_said_how_waiting_jails_are_frozen(
    monkeypatch: pytest.MonkeyPatch, groups: _Groups | None, is_frozen_by_group: bool
) -> None:
    """By signals wherever no group can do it, whether or not there are groups for memory."""
    monkeypatch.setattr(layers, "open_control_groups", lambda: groups)
    memory, freezing = layers._control_groups()
    assert memory.is_active is (groups is not None)
    assert (freezing.name, freezing.is_active) == ("freezing of waiting jails", is_frozen_by_group)
    assert ("cgroup.freeze" if is_frozen_by_group else "SIGSTOP") in freezing.detail
    assert ("Delegate=yes" in freezing.remedy) is not is_frozen_by_group
    assert groups is None or groups.is_closed


def test_every_layer_stands_in_the_operators_table() -> None:
    """With how to get it; none is there that is not looked at."""
    table = (
        (CHECKOUT / "docs/operators/hosts.md").read_text().partition("## The layers")[2].partition("\n## ")[0]
    )
    named = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")][2:]
    assert named == [layer.name for layer in layers.examine()]
