"""Which group of version 2 a service takes for its own, and how it divides it. Needs a whole machine."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path("/sys/fs/cgroup")
_NOBODY = 65534

# These move processes about in the machine's own groups: only where nobody else has any.
pytestmark = pytest.mark.skipif(
    os.getuid() != 0
    or not (_ROOT / "cgroup.controllers").exists()
    or "memory" not in (_ROOT / "cgroup.controllers").read_text()
    or Path("/run/systemd/system").exists(),
    reason="needs root on a machine without systemd, with control groups of version 2 only",
)

_OPEN = """
import os, sys
from pathlib import Path
from sandbox.cgroups.interface import open_control_groups
from sandbox.limits import Limits
uid = int(sys.argv[1])
os.setresuid(uid, uid, uid)
groups = open_control_groups()
if groups is None:
    sys.exit("none")
group = groups.make(Limits())
child = os.fork()
if child == 0:
    sys.stdin.readline()
    os._exit(0)
group.add(child)
print(Path(f"/proc/{os.getpid()}/cgroup").read_text().strip(), flush=True)
print(Path(f"/proc/{child}/cgroup").read_text().strip(), flush=True)
"""


@pytest.fixture
def unit() -> Iterator[Path]:
    """A group as systemd makes one for a service."""
    (_ROOT / "cgroup.subtree_control").write_text("+memory +pids")
    folder = _ROOT / "unit"
    folder.mkdir()
    yield folder
    for below in sorted(folder.glob("**/"), reverse=True):
        below.rmdir()


def _open_in(
    group: Path, *, uid: int = 0, prefix: tuple[str, ...] = ()
) -> "subprocess.CompletedProcess[str]":
    """What a service in `group` finds, started by the command `prefix`."""
    command = shlex.join([*prefix, sys.executable, "-c", _OPEN, str(uid)])
    # The shell stays beside it in the group, as a container's first process does.
    script = f"echo $$ > {group}/cgroup.procs; {command}; status=$?; true; exit $status"
    return subprocess.run(["/bin/sh", "-c", script], input="", capture_output=True, text=True, check=False)


def _delegate(folder: Path, uid: int) -> None:
    """As systemd does with `Delegate=yes` and `User=`."""
    for name in ("", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"):
        os.chown(folder / name, uid, uid)


def _groups(ran: "subprocess.CompletedProcess[str]") -> list[str]:
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


def test_a_group_marked_as_delegated_is_divided(unit: Path) -> None:
    """The service goes to a leaf, with whoever came with it; runs get groups beside it."""
    os.setxattr(unit, "trusted.delegate", b"1")
    service, run = _groups(_open_in(unit))
    assert service == "0::/unit/jaxercise-service"
    assert run.startswith("0::/unit/jaxercise-")
    assert run.endswith("/run-1")
    assert (unit / "cgroup.subtree_control").read_text().split() == ["memory", "pids"]


def test_a_second_start_in_the_same_group_finds_its_leaf(unit: Path) -> None:
    os.setxattr(unit, "trusted.delegate", b"1")
    _groups(_open_in(unit))
    service, run = _groups(_open_in(unit / "jaxercise-service"))
    assert service == "0::/unit/jaxercise-service"
    assert run.startswith("0::/unit/jaxercise-")


def test_a_group_that_was_not_delegated_is_left_alone(unit: Path) -> None:
    """Root could write there, but systemd takes it for its own."""
    ran = _open_in(unit)
    assert (ran.returncode, ran.stderr.strip()) == (1, "none")
    assert list(unit.glob("*/")) == []


def test_a_user_s_own_group_is_divided(unit: Path) -> None:
    """`Delegate=yes` with `User=`."""
    _delegate(unit, _NOBODY)
    service, run = _groups(_open_in(unit, uid=_NOBODY))
    assert service == "0::/unit/jaxercise-service"
    assert run.startswith("0::/unit/jaxercise-")


def test_what_a_user_s_own_systemd_divides_is_left_alone(unit: Path) -> None:
    """A shell's scope is its user's too, but was not made to be divided."""
    scope = unit / "app.slice" / "shell.scope"
    scope.mkdir(parents=True)
    for folder in (unit, scope.parent, scope):
        _delegate(folder, _NOBODY)
    ran = _open_in(scope, uid=_NOBODY)
    assert (ran.returncode, ran.stderr.strip()) == (1, "none")


def test_another_user_s_group_is_left_alone(unit: Path) -> None:
    ran = _open_in(unit, uid=_NOBODY)
    assert (ran.returncode, ran.stderr.strip()) == (1, "none")


def test_a_subgroup_that_systemd_made_for_the_service_is_its_leaf(unit: Path) -> None:
    """`DelegateSubgroup=`: the group above is the one that was delegated."""
    os.setxattr(unit, "user.delegate" if _takes_user_marks(unit) else "trusted.delegate", b"1")
    subgroup = unit / "main"
    subgroup.mkdir()
    service, run = _groups(_open_in(subgroup))
    assert service == "0::/unit/main"
    assert run.startswith("0::/unit/jaxercise-")


def test_a_container_s_first_group_is_its_own(unit: Path) -> None:
    """In a cgroup namespace, with the file system of groups writable."""
    mount = f'umount {_ROOT} && mount -t cgroup2 cgroup2 {_ROOT} && exec "$@"'
    prefix = ("unshare", "--cgroup", "--mount", "sh", "-c", mount, "-")
    service, run = _groups(_open_in(unit, prefix=prefix))
    assert service == "0::/jaxercise-service"
    assert run.startswith("0::/jaxercise-")


def _takes_user_marks(folder: Path) -> bool:
    try:
        os.setxattr(folder, "user.test", b"1")
    except OSError:
        return False
    os.removexattr(folder, "user.test")
    return True
