"""What holds for control groups of version 1 holds for version 2, on a kernel that has only these."""

import sys
from pathlib import Path

import pytest

from tests.support.other_kernel import PROGRAM, run_on_other_kernel

pytestmark = [
    pytest.mark.jail,
    pytest.mark.skipif(PROGRAM is None, reason="needs linux.uml: apt-get install user-mode-linux"),
]

_HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("arguments", "passed"),
    [
        (["test_control_groups.py"], 10),
        (["test_delegation.py"], 8),
        # Processor time in the other kernel is that of one slow processor.
        (["test_limits_are_named.py", "-k", "grouped and (memory or each_use or loop or inherit)"], 11),
    ],
    ids=["groups", "delegation", "named limits"],
)
def test_on_a_kernel_with_version_2_only(arguments: list[str], passed: int, tmp_path: Path) -> None:
    """The same tests, run there as root; `passed` of them do, and none is left out but for a tmpfs."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=1000"]
    command += [str(_HERE / arguments[0]), *arguments[1:]]
    ran = run_on_other_kernel(command, tmp_path)
    assert ran.returncode == 0, ran.stdout[-6000:]
    assert f"{passed} passed" in ran.stdout, ran.stdout[-3000:]
