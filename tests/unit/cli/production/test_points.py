"""Each point of the list for production: right where all is right, and wrong in each way that it can be."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.accounts.staff import Staff
from app.cli.production.checklist import POINTS, judged
from app.cli.production.point import Judged, State
from app.cli.production.situation import Answer, BackupFacts, DatabaseFacts, OwnFile, Situation
from app.settings import read_settings
from app.store.maintenance.backup_record import BackupRecord
from sandbox.checks.run_checks import Checked
from sandbox.isolation.layers import Layer
from sandbox.patches import PATCH_NAMES, PatchChoice

_ORIGIN = "https://grader.example.org"
_NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
_GB = 1 << 30
_SETTINGS = {
    "environment": "production",
    "public_addresses": _ORIGIN,
    "trusted_proxies": "127.0.0.1",
    "metrics_port": 9100,
    "sign_up": "invitation",
    "connection_limit": 4096,
    "warm_jails": 8,
}
_POSTGRESQL = "postgresql+psycopg://jaxercise:Kq7vv20pLm@db.school.example/jaxercise"


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith(("JAXERCISE_", "PG")):
            monkeypatch.delenv(name)


def _layer(name: str, *, is_active: bool = True, detail: str = "", is_required: bool = False) -> Layer:
    return Layer(name=name, is_active=is_active, is_required=is_required, detail=detail)


_LAYERS = (
    _layer("namespaces", is_required=True),
    _layer("Landlock"),
    _layer("memory control groups", detail="version 2, one a run: memory, processes, processor time"),
    _layer("freezing of waiting jails", detail="by a control group of version 2 (cgroup.freeze)"),
    _layer("processor waiting times", detail="of each thread"),
)


def _layers(name: str, **changes: Any) -> dict[str, Any]:
    """Return the layers with one that is not there, or as `changes` have it."""
    changed = {"is_active": False, "detail": "none", **changes}
    return {
        "layers": [msgspec.structs.replace(one, **changed) if one.name == name else one for one in _LAYERS]
    }


def _answers(*, origin: str = _ORIGIN, **statuses: Any) -> dict[str, Any]:
    """Return what the public address answers: as it should, where nothing else is given."""
    given = {"healthz": 200, "metrics": 404, "readyz": 404, **statuses}
    return {
        "answers": [
            Answer(
                origin=origin,
                path=f"/{name}",
                keeps_https=True,
                **(value if isinstance(value, dict) else {"status": value}),
            )
            for name, value in given.items()
        ]
    }


def _file(name: str, mode: int, **fields: Any) -> OwnFile:
    return OwnFile(path=Path("/var/lib/jaxercise", name), mode=mode, **{"owner": 1000, **fields})


def _backup(**fields: Any) -> dict[str, Any]:
    hours = fields.pop("hours", 12)
    made_at = _NOW - timedelta(hours=hours)
    last = BackupRecord(made_at=made_at, file="/backups/monday", size_bytes=1, revision="0007")
    return {"backup": BackupFacts(last=last, **fields)}


def _database(**fields: Any) -> dict[str, Any]:
    return {
        "database": DatabaseFacts(
            **{
                "place": "the database x",
                "revision": "0007",
                "newest": "0007",
                "filesystem": "ext4",
                **fields,
            }
        )
    }


def _situation(*, settings: dict[str, Any] | None = None, **facts: Any) -> Situation:
    right = {
        "production_fault": "",
        "now": _NOW,
        "user_id": 1000,
        "is_container": False,
        "layers": _LAYERS,
        "isolation": [Checked(name="no network", sentence="A run reaches no network.", holds=True)],
        "patches": PatchChoice(active=PATCH_NAMES),
        "data_dir": _file(".", 0o700),
        "inside": [_file("jaxercise.db", 0o644, is_shut_in=True)],
        "secrets": [_file("jaxercise_database_url", 0o400)],
        "staff": Staff(admins=("ada@school.example",), guessed=()),
        "free_bytes": 50 * _GB,
        "total_bytes": 100 * _GB,
        "open_files": 65536,
        **_answers(),
        **_database(),
        **_backup(),
    }
    read = read_settings(**{**_SETTINGS, **(settings or {})})
    return Situation(settings=read, **{**right, **facts})


def _stands(point: str, here: Situation) -> Judged:
    [found] = [found for found in judged(here) if found.id == point]
    return found


_DEVELOPMENT = {"environment": "development"}
_UNTRUSTED = {"status": None, "reason": "certificate has expired", "is_untrusted": True}
_SILENT = {"status": None, "reason": "Connection refused"}
_CODE = {"sign_up": "code", "sign_up_code": "Changeme-2026"}

_WRONG: list[tuple[str, dict[str, Any], State, str]] = [
    ("mode", {"settings": _DEVELOPMENT}, State.FAIL, "JAXERCISE_ENVIRONMENT is development"),
    ("mode", {"production_fault": "its password is a well-known one"}, State.FAIL, "well-known"),
    ("public-address", {"settings": {"public_addresses": ""}}, State.FAIL, "any Host is answered"),
    (
        "https",
        {"settings": {"public_addresses": "http://a.test"}},
        State.FAIL,
        "http://a.test is reached without",
    ),
    ("https", {"settings": {"public_addresses": ""}, "answers": []}, State.WARN, "nothing is known"),
    ("https", {"settings": {"public_addresses": "http://localhost:8000"}}, State.WARN, "no public address"),
    ("https", _answers(healthz=_UNTRUSTED), State.FAIL, "certificate has expired"),
    ("https", _answers(healthz=_SILENT), State.WARN, "Connection refused"),
    ("https", _answers(healthz=502), State.FAIL, "answers 502"),
    (
        "https",
        {"answers": [Answer(origin=_ORIGIN, path="/healthz", status=200)]},
        State.WARN,
        "Strict-Transport-Security",
    ),
    ("listening", {"settings": {"host": "0.0.0.0"}}, State.FAIL, "0.0.0.0:8000, by http"),
    ("listening", {"settings": {"host": "::"}}, State.FAIL, "every network"),
    ("listening", {"settings": {"host": "0.0.0.0"}, "is_container": True}, State.WARN, "its engine"),
    ("listening", {"settings": {"host": "10.0.0.7"}}, State.WARN, "10.0.0.7:8000"),
    ("proxies", {"settings": {"trusted_proxies": ""}}, State.FAIL, "is not set"),
    ("proxies", {"settings": {"trusted_proxies": "*", "host": "0.0.0.0"}}, State.FAIL, "pretend"),
    ("proxies", {"settings": {"trusted_proxies": "10.0.0.1,0.0.0.0/0", "host": "::"}}, State.FAIL, "pretend"),
    ("proxies", {"settings": {"trusted_proxies": "*"}}, State.WARN, "only where nobody but the proxy"),
    (
        "proxies",
        {"settings": {"trusted_proxies": "*", "host": "0.0.0.0"}, "is_container": True},
        State.WARN,
        "only where nobody but the proxy",
    ),
    ("proxies", {"settings": {"trusted_proxies": "10.0.0.0/8"}}, State.WARN, "10.0.0.0/8"),
    ("metrics", _answers(metrics=200), State.FAIL, f"{_ORIGIN}/metrics answers everybody"),
    ("metrics", _answers(readyz=200), State.FAIL, "/readyz answers everybody"),
    (
        "metrics",
        {"settings": {"metrics_port": None}, **_answers(metrics=_SILENT)},
        State.WARN,
        "no proxy was seen",
    ),
    ("metrics", {"settings": {"metrics_port": None}, "answers": []}, State.WARN, "no proxy was seen"),
    ("metrics", {"settings": {"metrics_host": "0.0.0.0"}}, State.WARN, "port 9100 of every network"),
    ("sign-up", {"settings": {"sign_up": "open"}}, State.WARN, "is open"),
    ("sign-up", {"settings": _CODE}, State.FAIL, "guessed"),
    ("sign-up", {"settings": {**_CODE, "sign_up_code": "31415926535"}}, State.FAIL, "guessed"),
    ("sign-up", {"settings": {**_CODE, "sign_up_code": "aaaaaaaaaaaa"}}, State.FAIL, "guessed"),
    ("jail", {"settings": {**_DEVELOPMENT, "sandbox": "unjailed"}}, State.FAIL, "unjailed"),
    ("jail", _layers("namespaces"), State.FAIL, "No jail can be built: namespaces"),
    ("jail", {"isolation": []}, State.FAIL, "No jail starts"),
    (
        "jail",
        {"isolation": [Checked(name="no network", sentence="", holds=False, reason="it got out")]},
        State.FAIL,
        "no network, it got out",
    ),
    ("jail", _layers("Landlock"), State.WARN, "without Landlock"),
    ("control-groups", _layers("memory control groups"), State.WARN, "Memory control groups: none"),
    ("control-groups", _layers("processor waiting times"), State.WARN, "Processor waiting times: none"),
    ("freezing", _layers("freezing of waiting jails", detail="by signals"), State.WARN, "frozen by signals"),
    ("user", {"user_id": 0}, State.FAIL, "This is root"),
    (
        "user",
        {"user_id": 0, **_layers("memory control groups", is_active=True, detail="version 1, one a run")},
        State.WARN,
        "version 1",
    ),
    ("open-files", {"open_files": 1000}, State.FAIL, "1,000"),
    ("open-files", {"open_files": 4096}, State.WARN, "4,352"),
    ("patches", {"patches": PatchChoice(left_out={"ir_context": "JAX 0.11"})}, State.WARN, "JAX 0.11"),
    ("patches", {"patches": None}, State.FAIL, "no jail starts"),
    ("files", {"data_dir": None}, State.FAIL, "There is no folder"),
    ("files", {"data_dir": _file(".", 0o777)}, State.FAIL, "mode 0777"),
    ("files", {"inside": [_file("jaxercise.db", 0o644)]}, State.FAIL, "mode 0644"),
    ("files", {"inside": [_file("jaxercise.db", 0o600, owner=1001)]}, State.FAIL, "belongs to user 1001"),
    ("files", {"secrets": [_file("jaxercise_database_url", 0o444)]}, State.WARN, "a secret"),
    ("files", {"secrets": [_file("jaxercise_database_url", 0o666)]}, State.FAIL, "written by others"),
    ("database", _database(filesystem="nfs4"), State.FAIL, "SQLite lies on nfs4"),
    (
        "database",
        {"settings": {"database_url": _POSTGRESQL}, **_database(may_be_overheard=True)},
        State.WARN,
        "encryption",
    ),
    ("schema", _database(fault="The database is away."), State.FAIL, "away"),
    ("schema", _database(revision=None), State.FAIL, "no schema"),
    ("schema", _database(revision="0006"), State.FAIL, "at revision 0006"),
    ("schema", _database(revision="0008"), State.WARN, "newer version"),
    ("first-admin", {"staff": None}, State.FAIL, "cannot be asked"),
    ("first-admin", {"staff": Staff(admins=(), guessed=())}, State.FAIL, "first stranger"),
    ("passwords", {"staff": None}, State.FAIL, "cannot be asked"),
    (
        "passwords",
        {"staff": Staff(admins=("a@b.test",), guessed=("a@b.test",))},
        State.FAIL,
        "a@b.test was guessed",
    ),
    ("passwords", {"staff": Staff(admins=("a@b.test",), guessed=(), untried=3)}, State.WARN, "3 more"),
    ("backup", {"backup": BackupFacts()}, State.FAIL, "noted none"),
    ("backup", {"backup": BackupFacts(fault="It cannot be read.")}, State.FAIL, "cannot be read"),
    (
        "backup",
        {"settings": {"database_url": _POSTGRESQL}, "backup": BackupFacts()},
        State.WARN,
        "of its own",
    ),
    ("backup", _backup(hours=72), State.WARN, "3 days ago"),
    ("backup", _backup(hours=24 * 9), State.FAIL, "9 days ago"),
    ("backup", _backup(is_beside=True), State.WARN, "on the same disk"),
    ("disk", {"free_bytes": _GB // 2}, State.FAIL, "0.5 GB of 100.0"),
    ("disk", {"free_bytes": 4 * _GB}, State.WARN, "4.0 GB"),
    ("disk", {"free_bytes": 9 * _GB}, State.WARN, "9.0 GB"),
]


@pytest.mark.parametrize("point", [point.id for point in POINTS])
def test_a_right_setup_is_right(point: str) -> None:
    """Nothing is left to do."""
    found = _stands(point, _situation())
    assert (found.state, found.mend) == (State.OK, ""), found.found


@pytest.mark.parametrize(("point", "facts", "state", "words"), _WRONG)
def test_a_wrong_one_is_named_with_what_to_do(
    point: str, facts: dict[str, Any], state: State, words: str
) -> None:
    found = _stands(point, _situation(**facts))
    assert (found.state, words in found.found) == (state, True), found.found
    assert found.mend


def test_each_point_can_be_wrong() -> None:
    """A check that cannot fail is a defect."""
    assert {point for point, *_ in _WRONG} == {point.id for point in POINTS}


@pytest.mark.parametrize(
    ("point", "facts"),
    [
        ("https", {"settings": {"public_addresses": f"{_ORIGIN},http://127.0.0.1:8000"}}),
        ("metrics", {"settings": {"metrics_port": None}}),
        ("metrics", {"settings": {"metrics_host": "10.0.0.7", "host": "0.0.0.0"}}),
        ("proxies", {"settings": {"trusted_proxies": "10.0.0.7, 192.168.7.0/24"}}),
        ("sign-up", {"settings": {"sign_up": "code", "sign_up_code": "vq7-Lm2-xx9"}}),
        ("freezing", {"settings": {"warm_jails": 0}, **_layers("freezing of waiting jails")}),
        ("patches", {"settings": {"jax_patches": "none"}, "patches": PatchChoice()}),
        ("files", {"inside": [_file("jaxercise.db", 0o600)], "data_dir": _file(".", 0o755)}),
        ("files", {"secrets": [_file("jaxercise_database_url", 0o444)], "is_container": True}),
        ("database", {"settings": {"database_url": _POSTGRESQL}}),
        (
            "jail",
            {
                "settings": {"worker": False, "database_url": _POSTGRESQL},
                "isolation": [],
                **_layers("namespaces"),
            },
        ),
    ],
)
def test_what_is_right_in_another_way_is_right(point: str, facts: dict[str, Any]) -> None:
    found = _stands(point, _situation(**facts))
    assert found.state is State.OK, found.found


def test_no_sentence_has_a_secret() -> None:
    """What the doctor prints is shown around."""
    secret = {"database_url": _POSTGRESQL, "sign_up": "code", "sign_up_code": "Changeme-2026"}
    shown = msgspec.json.encode(list(judged(_situation(settings=secret)))).decode()
    assert "Kq7vv20pLm" not in shown
    assert "Changeme" not in shown
