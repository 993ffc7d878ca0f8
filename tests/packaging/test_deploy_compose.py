"""The compose files, their proxy and their secrets, read by their own programs without an engine."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from sqlalchemy import make_url

from app.cli.main import commands
from app.settings import Settings
from tests.support.build_context import is_let_through
from tests.support.checkout import CHECKOUT
from tests.support.dockerfile_stages import Stage, read_stages

_BIN = Path(sys.executable).parent
_FILES = ("compose.yaml", "compose.single.yaml")
_OURS = ("migrate", "tools", "web", "worker")
_FOR_THE_JAIL = {"seccomp=docs/operators/seccomp.json", "apparmor=unconfined", "systempaths=unconfined"}
_SECRETS = "JAXERCISE_SECRETS_DIR"


def _compose(text: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """What Docker's own reader makes of a compose file; it needs no engine for that."""
    command = [str(_BIN / "docker-compose"), "--project-directory", str(CHECKOUT), "--file", "-", "config"]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "COMPOSE_PROFILES": "*", **variables}
    return subprocess.run(
        [*command, "--format", "json"], input=text, capture_output=True, text=True, env=environment
    )


def _services(name: str = "compose.yaml", **variables: str) -> dict[str, Any]:
    read = _compose((CHECKOUT / name).read_text(), **variables)
    assert (read.returncode, read.stderr) == (0, "")
    services: dict[str, Any] = json.loads(read.stdout)["services"]
    return services


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return _services()


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    return read_stages((CHECKOUT / "Dockerfile").read_text())


def _seconds(duration: str) -> float:
    factors = {"h": 3600, "m": 60, "s": 1}
    return sum(int(number) * factors[unit] for number, unit in re.findall(r"(\d+)([hms])", duration))


@pytest.mark.parametrize("name", _FILES)
def test_compose_reads_it(name: str) -> None:
    """Without an error, and without a warning of a variable that is not set."""
    assert _services(name)


def test_compose_refuses_what_it_does_not_know() -> None:
    """A check that cannot fail is a defect."""
    text = (CHECKOUT / "compose.yaml").read_text()

    assert _compose(text.replace("read_only:", "red_only:")).returncode != 0
    assert _compose(text.replace("condition: service_healthy", "condition: service_happy")).returncode != 0


@pytest.mark.parametrize("name", _FILES)
def test_every_service_of_ours_is_a_target_and_starts_a_command(name: str, stages: dict[str, Stage]) -> None:
    """The Dockerfile builds it, and `jaxercise` has what it is told to run."""
    built = {key: service for key, service in _services(name).items() if "build" in service}

    assert built
    for service in built.values():
        stage = stages[service["build"]["target"]]
        program, command, *_ = service.get("command") or json.loads(stage.values("CMD")[-1])
        assert program == "jaxercise"
        assert command in typer.main.get_command(commands).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", _FILES)
def test_settings_that_compose_gives_exist(name: str) -> None:
    """A misspelt variable would be ignored without a word."""
    known = {f"JAXERCISE_{field.upper()}" for field in Settings.model_fields} | {_SECRETS}
    for service in _services(name).values():
        ours = {variable for variable in service.get("environment", {}) if variable.startswith("JAXERCISE_")}
        assert ours <= known


@pytest.mark.parametrize("name", _FILES)
def test_no_service_may_do_more_than_it_needs(name: str) -> None:
    """No capability, no way to gain one, nothing to write on but volumes, nothing of the host's."""
    for service in _services(name).values():
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert service["read_only"] is True
        assert not {"privileged", "pid", "ipc", "network_mode", "devices", "userns_mode"} & set(service)
        binds = [mount for mount in service.get("volumes", []) if mount["type"] == "bind"]
        assert all(mount["read_only"] for mount in binds)


def test_the_workers_alone_have_what_the_jail_needs(services: dict[str, Any]) -> None:
    """And the file that they name is there."""
    for name, service in services.items():
        options = set(service["security_opt"]) - {"no-new-privileges:true"}
        assert options == (_FOR_THE_JAIL if name == "worker" else set())
    assert (CHECKOUT / "docs/operators/seccomp.json").is_file()


def test_capabilities_are_given_to_the_proxy_alone(services: dict[str, Any]) -> None:
    """And to it the one that its port takes."""
    given = {name: service["cap_add"] for name, service in services.items() if service.get("cap_add")}

    assert given == {"proxy": ["NET_BIND_SERVICE"]}


def test_the_password_is_in_files_only(services: dict[str, Any]) -> None:
    """No variable holds it or the address with it, and none has a default."""
    for name in _OURS:
        variables = services[name]["environment"]
        assert variables[_SECRETS] == "/run/secrets"
        assert [secret["source"] for secret in services[name]["secrets"]] == ["jaxercise_database_url"]
        assert not {variable for variable in variables if "URL" in variable or "PASS" in variable}
    assert services["database"]["environment"]["POSTGRES_PASSWORD_FILE"] == "/run/secrets/database_password"
    assert "POSTGRES_PASSWORD" not in services["database"]["environment"]


def test_the_database_and_the_workers_cannot_be_reached_from_outside(services: dict[str, Any]) -> None:
    """Nor reach out: their network ends at this machine. The proxy alone publishes ports, to this machine."""
    networks = {name: set(service["networks"]) for name, service in services.items()}
    read = json.loads(_compose((CHECKOUT / "compose.yaml").read_text()).stdout)

    assert (
        networks["database"] == networks["worker"] == networks["migrate"] == networks["tools"] == {"inside"}
    )
    assert networks["proxy"] == {"front"}
    assert read["networks"]["inside"]["internal"] is True
    assert [name for name, service in services.items() if service.get("ports")] == ["proxy"]
    assert {port["host_ip"] for port in services["proxy"]["ports"]} == {"127.0.0.1"}


def test_backups_are_made_by_tools_of_the_database_s_age(
    services: dict[str, Any], stages: dict[str, Stage]
) -> None:
    """Older ones refuse a newer server. What they write lies in a volume that their user may write to."""
    version = re.match(r"postgres:(\d+)-bookworm", services["database"]["image"])
    [volume] = services["tools"]["volumes"]

    assert version is not None
    assert f"postgresql-client-{version[1]}" in stages["tools"].packages
    assert volume["target"] == stages["tools"].values("VOLUME")[-1]
    [made] = [words[1:] for words in stages["tools"].commands if words[0] == "install"]
    user, _, group = stages["tools"].values("USER")[-1].partition(":")
    assert made == ["--directory", f"--owner={user}", f"--group={group}", "--mode=0700", volume["target"]]
    assert services["tools"]["profiles"] == ["tools"]


def test_the_database_has_connections_for_all_that_is_promised(services: dict[str, Any]) -> None:
    """As many as two of the pages and a dozen workers may open; Kubernetes' manifest says the same."""
    from app.queue.postgres import app as procrastinate_app
    from app.store.engine import database

    listening = 1
    pooled = database._POOLED_CONNECTIONS + database._MORE_CONNECTIONS
    each = pooled + procrastinate_app._CONNECTIONS + listening
    kept_for_root = 3
    setting = "max_connections=400"

    assert each * (2 + 12) <= 400 - kept_for_root
    assert services["database"]["command"] == ["postgres", "-c", setting]
    manifests = list(yaml.safe_load_all((CHECKOUT / "docs/deploy/kubernetes/database.yaml").read_text()))
    [pod] = [each["spec"]["template"]["spec"] for each in manifests if each["kind"] == "StatefulSet"]
    assert setting in pod["containers"][0]["args"]


def test_workers_and_pages_scale_by_number(services: dict[str, Any]) -> None:
    """Two of each to begin with; nothing in them stands in the way of more."""
    for name in ("web", "worker"):
        assert services[name]["deploy"]["replicas"] == 2
        assert not {"container_name", "hostname", "ports"} & set(services[name])


def test_a_stop_waits_for_runs_under_way(services: dict[str, Any]) -> None:
    """The engine's patience is longer than the worker's own."""
    drain_seconds = Settings.model_fields["drain_seconds"].default
    single = _services("compose.single.yaml")["jaxercise"]

    assert _seconds(services["worker"]["stop_grace_period"]) >= drain_seconds + 10
    assert _seconds(single["stop_grace_period"]) >= drain_seconds + 10


def test_what_starts_waits_for_what_it_needs(services: dict[str, Any]) -> None:
    """The schema is made once the database answers, and used once it is made."""
    assert services["migrate"]["depends_on"]["database"]["condition"] == "service_healthy"
    for name in ("web", "worker"):
        awaited = services[name]["depends_on"]["migrate"]["condition"]
        assert awaited == "service_completed_successfully"


def test_health_is_asked_where_it_is_told(services: dict[str, Any], stages: dict[str, Stage]) -> None:
    """Each check goes to the port that its image listens on, and to /readyz."""
    for name, variable in (("web", "JAXERCISE_PORT"), ("worker", "JAXERCISE_WORKER_PORT")):
        address = f"http://127.0.0.1:{stages[name].environment[variable]}/readyz"
        assert address in services[name]["healthcheck"]["test"][-1]
        assert address in stages[name].values("HEALTHCHECK")[-1]


def test_one_machine_keeps_its_state(stages: dict[str, Stage]) -> None:
    """The named volume lies where the image keeps its data."""
    service = _services("compose.single.yaml")["jaxercise"]

    assert service["build"]["target"] == "all"
    assert service["volumes"][0]["type"] == "volume"
    assert service["volumes"][0]["target"] == stages["all"].environment["JAXERCISE_DATA_DIR"]


def _make_secrets(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([CHECKOUT / "docs/deploy/make-secrets", *arguments], capture_output=True, text=True)


def test_secrets_are_made_as_compose_reads_them(tmp_path: Path) -> None:
    """One password in both files, different each time, in a folder that is closed to others."""
    read = json.loads(_compose((CHECKOUT / "compose.yaml").read_text()).stdout)["secrets"]
    passwords = set()
    for name in ("one", "two"):
        made = _make_secrets(tmp_path / name)
        assert made.returncode == 0, made.stderr
        url = make_url((tmp_path / name / "jaxercise_database_url").read_text().strip())
        password = (tmp_path / name / "database_password").read_text().strip()
        assert (url.drivername, url.username, url.host) == ("postgresql+psycopg", "jaxercise", "database")
        assert url.password == password
        assert re.fullmatch("[0-9a-f]{48}", password)
        assert password not in made.stdout + made.stderr
        passwords.add(password)
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o700
        assert {path.name for path in (tmp_path / name).iterdir()} == {
            Path(secret["file"]).name for secret in read.values()
        }
    assert len(passwords) == 2


def test_secrets_in_use_are_not_made_anew(tmp_path: Path) -> None:
    """The database would go on asking for the old ones."""
    assert _make_secrets(tmp_path).returncode == 0
    before = (tmp_path / "database_password").read_text()
    again = _make_secrets(tmp_path)

    assert again.returncode == 1
    assert "is there already" in again.stderr
    assert (tmp_path / "database_password").read_text() == before


def test_secrets_are_not_committed(tmp_path: Path) -> None:
    """Neither git nor an image takes the folder up."""
    shutil.copyfile(CHECKOUT / ".gitignore", tmp_path / ".gitignore")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    names = ["secrets/database_password", "README.md"]
    ignored = subprocess.run(["git", "check-ignore", *names], cwd=tmp_path, capture_output=True, text=True)

    assert ignored.stdout.split() == ["secrets/database_password"]
    assert is_let_through("README.md")
    assert not is_let_through("secrets/database_password")


def _validated(caddyfile: str, tmp_path: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    path = tmp_path / "Caddyfile"
    path.write_text(caddyfile)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **variables}
    command = [str(_BIN / "caddy"), "validate", "--adapter", "caddyfile", "--config", str(path)]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.mark.parametrize("variables", [{}, {"SITE_ADDRESS": "grader.example.org"}], ids=["port", "name"])
def test_the_proxy_reads_its_file(tmp_path: Path, variables: dict[str, str]) -> None:
    """For a port, and for a host's name with a certificate."""
    caddyfile = (CHECKOUT / "docs/deploy/Caddyfile").read_text()

    assert _validated(caddyfile, tmp_path, **variables).returncode == 0
    assert _validated(caddyfile.replace("lb_policy", "lb_polity"), tmp_path).returncode == 1


def _handlers(adapted: Any, name: str) -> Iterator[dict[str, Any]]:
    """Yield the handlers of this name, wherever they are in Caddy's own form of its file."""
    if isinstance(adapted, dict):
        if adapted.get("handler") == name:
            yield adapted
        adapted = list(adapted.values())
    if isinstance(adapted, list):
        for part in adapted:
            yield from _handlers(part, name)


def test_the_proxy_lets_through_what_the_service_takes(tmp_path: Path) -> None:
    """A body that is too large is told so by the service, which knows what is allowed."""
    from app.http.middleware import BODY_LIMIT_BYTES

    command = [str(_BIN / "caddy"), "adapt", "--config", str(CHECKOUT / "docs/deploy/Caddyfile")]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    adapted = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    [limit] = _handlers(json.loads(adapted.stdout), "request_body")

    assert limit["max_size"] > BODY_LIMIT_BYTES
