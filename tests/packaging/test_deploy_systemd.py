"""The systemd units, read by systemd itself, and held to what the jail and the settings need."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import typer.main

from app.cli.main import commands
from app.settings import Settings
from tests.support.checkout import CHECKOUT

_OPERATORS = CHECKOUT / "docs" / "operators"
_UNITS = sorted(path.name for path in _OPERATORS.glob("*.service"))
_GRADING = ("jaxercise.service", "jaxercise-worker@.service")
# hosts.md says why: with any of these no jail can be built, or nothing that XLA compiles can run.
_BREAKS_THE_JAIL = {
    "MemoryDenyWriteExecute",
    "PrivateUsers",
    "ProcSubset",
    "ProtectControlGroups",
    "ProtectHostname",
    "ProtectKernelLogs",
    "ProtectKernelTunables",
    "ProtectProc",
    "RestrictNamespaces",
    "SystemCallFilter",
}


def _lines(name: str) -> list[tuple[str, str]]:
    """Every `Key=value`, in order."""
    found = re.findall(r"^(\w+)=(.*)$", (_OPERATORS / name).read_text(), re.MULTILINE)
    return [(key, value) for key, value in found]


def _values(name: str, key: str) -> list[str]:
    return [value for found, value in _lines(name) if found == key]


def _verified(folder: Path, change: tuple[str, str] = ("", "")) -> str:
    """What systemd has to say about the units; their program stands in for ours, which is not there."""
    names = []
    for unit in _UNITS:
        text = (
            (_OPERATORS / unit).read_text().replace(*change) if change[0] else (_OPERATORS / unit).read_text()
        )
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE)
        names.append(unit.replace("@.", "@8001."))
        (folder / unit).write_text(text)
        (folder / names[-1]).write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", *(f"./{name}" for name in names)]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return ran.stdout + ran.stderr


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze: apt-get install systemd"
)
def test_systemd_reads_them(tmp_path: Path) -> None:
    """Without a word, and with one where there is something to say."""
    for folder in ("right", "wrong"):
        (tmp_path / folder).mkdir()

    assert _verified(tmp_path / "right") == ""
    assert "NoNewPrivilege" in _verified(tmp_path / "wrong", ("NoNewPrivileges=", "NoNewPrivilege="))


@pytest.mark.parametrize("name", _UNITS)
def test_a_unit_starts_a_command_that_exists_as_an_ordinary_user(name: str) -> None:
    """With settings that exist; a misspelt variable would be ignored without a word."""
    program, command, *_ = _values(name, "ExecStart")[0].split()
    known = {f"JAXERCISE_{field.upper()}" for field in Settings.model_fields} | {"JAXERCISE_SECRETS_DIR"}
    variables = {value.partition("=")[0] for value in _values(name, "Environment")}

    assert program.endswith("/.venv/bin/jaxercise")
    assert command in typer.main.get_command(commands).commands  # type: ignore[attr-defined]
    assert _values(name, "User") == ["jaxercise"]
    assert _values(name, "NoNewPrivileges") == ["yes"]
    assert {variable for variable in variables if variable.startswith("JAXERCISE_")} <= known


@pytest.mark.parametrize("name", _UNITS)
def test_no_unit_holds_a_secret(name: str) -> None:
    """Units and their environments can be read by everybody; a credential is a file for its service alone."""
    assert not [value for value in _values(name, "Environment") if "URL" in value or "PASSWORD" in value]
    if name != "jaxercise.service":
        assert [value.partition(":")[0] for value in _values(name, "LoadCredential")] == [
            "jaxercise_database_url"
        ]
        assert "JAXERCISE_SECRETS_DIR=%d" in _values(name, "Environment")


@pytest.mark.parametrize("name", _GRADING)
def test_a_unit_that_grades_leaves_the_jail_what_it_needs(name: str) -> None:
    """Its own control groups, no hardening that keeps it from being built, and a drain of full length."""
    drain_seconds = Settings.model_fields["drain_seconds"].default

    assert not {key for key, _ in _lines(name)} & _BREAKS_THE_JAIL
    assert _values(name, "Delegate") == ["yes"]
    # A signal to every process would end the runs that may still finish.
    assert _values(name, "KillMode") == ["mixed"]
    assert int(_values(name, "TimeoutStopSec")[0]) >= drain_seconds + 10
    assert any(value.startswith("PATH=/opt/jaxercise/bin:") for value in _values(name, "Environment"))


def test_units_beside_each_other_do_not_meet() -> None:
    """Workers of one host keep their caches apart, and pages their ports."""
    assert _values("jaxercise-worker@.service", "StateDirectory") == ["jaxercise-worker-%i"]
    assert "JAXERCISE_DATA_DIR=/var/lib/jaxercise-worker-%i" in _values(
        "jaxercise-worker@.service", "Environment"
    )
    assert "JAXERCISE_WORKER_PORT=%i" in _values("jaxercise-worker@.service", "Environment")
    assert "JAXERCISE_PORT=%i" in _values("jaxercise-web@.service", "Environment")


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze: apt-get install systemd"
)
def test_the_pages_are_as_closed_as_systemd_can_make_them(tmp_path: Path) -> None:
    """They have no jail to build, so nothing has to be left open for one."""
    text = (_OPERATORS / "jaxercise-web@.service").read_text()
    (tmp_path / "jaxercise-web@8001.service").write_text(text.replace("/opt/jaxercise", str(tmp_path)))
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager"]

    ran = subprocess.run(
        [*command, "./jaxercise-web@8001.service"], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
