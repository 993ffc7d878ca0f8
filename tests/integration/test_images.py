"""The images' own commands, run from what their Dockerfile lines bring into empty folders.

Bubblewrap stands for the engine: read-only root, an ordinary user, no capability, and the filter of
compose.yaml. What compose.yaml puts together is put together here from the same files: two API processes
behind the proxy with its Caddyfile, a worker, the schema made first, and secrets in a folder.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url

from tests.support.checkout import CHECKOUT
from tests.support.event_stream import submit_and_follow
from tests.support.imitated_image import ImitatedImage
from tests.support.postgres import PostgresServer
from tests.support.process_trees import children, descendants
from tests.support.small_problem import small_problem, write_problem

pytestmark = [pytest.mark.jail, pytest.mark.postgresql]


_CADDY = Path(sys.executable).with_name("caddy")
_SECONDS = 200
_PASSWORD = "0123456789abcdef-a-word-to-look-for"
_RIGHT = "def double(x):\n    return 2 * x\n"
_SLOW_BUT_RIGHT = f"import time\n\ntime.sleep(4)\n\n\n{_RIGHT}"
_LOOK_ROUND = """
import importlib.util, json, os, shutil, app.main, app.cli.main
print(json.dumps({
    "jax": [name for name in ("jax", "jaxlib", "flax", "optax") if importlib.util.find_spec(name)],
    "bwrap": shutil.which("bwrap"), "user": os.getuid(), "app": app.main.__file__,
}))
open("written", "w")
"""


class Started:
    """A process of an image, or the proxy; what it prints goes to a file."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self.log = log

    def ask(self, number: int) -> int:
        """Sends the command itself a signal, not what confines it, and returns how it ended."""
        inside = descendants(self.process.pid)
        ours = {pid for pid in inside if b"/bin/jaxercise\0" in _read(f"/proc/{pid}/cmdline")}
        (first,) = ours - {child for pid in ours for child in children(pid)}
        os.kill(first, number)
        return self.process.wait(_SECONDS)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


@contextmanager
def _started(argv: list[str], log: Path, **environment: str) -> Iterator[Started]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**os.environ, **environment}
        )
    try:
        yield Started(process, log)
    finally:
        # What has changed its user no longer ends with what confines it.
        for pid in (*descendants(process.pid), process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def _until(text: str, started: Started) -> None:
    end = time.monotonic() + _SECONDS
    while text not in started.log.read_text():
        assert started.process.poll() is None, started.log.read_text()
        assert time.monotonic() < end, started.log.read_text()
        time.sleep(0.05)


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> ImitatedImage:
    return ImitatedImage("web", tmp_path_factory.mktemp("web"))


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> ImitatedImage:
    return ImitatedImage("worker", tmp_path_factory.mktemp("worker"))


class Place:
    """What every container of the deployment is given: settings, the folder of secrets, and problems."""

    def __init__(self, folder: Path, url: str) -> None:
        socket_folder = str(make_url(url).query["host"])
        # Only the tests' own server lies there; another user has to find its socket.
        Path(socket_folder).chmod(0o711)
        secrets = folder / "secrets"
        secrets.mkdir()
        (secrets / "jaxercise_database_url").write_text(url.replace("jaxercise@", f"jaxercise:{_PASSWORD}@"))
        write_problem(small_problem(), folder)
        self.folder = folder
        self.mounts = {
            secrets: "/run/secrets",
            folder / "problems": "/problems",
            folder / "references": "/references",
            Path(socket_folder): socket_folder,
        }
        self.settings = {
            "JAXERCISE_SECRETS_DIR": "/run/secrets",
            "JAXERCISE_ENVIRONMENT": "production",
            "JAXERCISE_LOG_FORMAT": "json",
            "JAXERCISE_PROBLEMS_DIR": "/problems",
            "JAXERCISE_REFERENCES_DIR": "/references",
        }


def _proxy(folder: Path, port: str, web_port: str) -> list[str]:
    """Caddy on its Caddyfile; `web` is a name with two addresses, as an engine's own names are."""
    hosts = folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n127.0.0.1 web\n127.0.0.2 web\n")
    variables = {
        "SITE_ADDRESS": f":{port}",
        "WEB_PORT": web_port,
        "HEALTH_PORT": _free_port(),
        "HOME": str(folder),
    }
    argv = ["bwrap", "--die-with-parent", "--dev-bind", "/", "/", "--ro-bind", str(hosts), "/etc/hosts"]
    for name, value in variables.items():
        argv += ["--setenv", name, value]
    caddyfile = str(CHECKOUT / "docs/deploy/Caddyfile")
    return [*argv, str(_CADDY), "run", "--adapter", "caddyfile", "--config", caddyfile]


def test_the_image_of_the_pages_starts_without_jax(web: ImitatedImage) -> None:
    """Neither JAX nor bubblewrap is in it, and it can write nowhere."""
    ran = web.run(["python", "-c", _LOOK_ROUND])

    found = json.loads(ran.stdout)
    assert (found["jax"], found["bwrap"]) == ([], None)
    assert found["user"] != 0
    assert found["app"].startswith(str(web.folder))
    assert "Read-only file system" in ran.stderr


def test_an_image_that_grades_can_jail(tmp_path: Path, worker: ImitatedImage) -> None:
    """For its user, on its root, behind the engine's filter; its cache may be on a mount like /tmp."""
    write_problem(small_problem(), tmp_path)
    (tmp_path / "learner").mkdir()
    (tmp_path / "learner" / "right.py").write_text(_RIGHT)
    mounts = {tmp_path / name: f"/{name}" for name in ("problems", "references", "learner")}
    settings = {
        "JAXERCISE_DATA_DIR": "/tmp/data",
        "JAXERCISE_PROBLEMS_DIR": "/problems",
        "JAXERCISE_REFERENCES_DIR": "/references",
    }

    command = ["jaxercise", "check", "double", "/learner/right.py", "--json"]
    ran = worker.run(command, settings=settings, mounts=mounts)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["accepted"]


def test_what_compose_puts_together_grades_and_outlives_a_process(
    tmp_path: Path, postgres: PostgresServer, web: ImitatedImage, worker: ImitatedImage
) -> None:
    """A submission through the proxy is graded, its events come as they happen, one page process may go."""
    place = Place(tmp_path, postgres.new_database())
    made = web.run(["jaxercise", "db", "upgrade"], settings=place.settings, mounts=place.mounts)
    assert made.returncode == 0, made.stderr
    (tmp_path / "volume").mkdir()
    port, web_port = _free_port(), _free_port()
    with ExitStack() as stack:

        def start(name: str, argv: list[str]) -> Started:
            return stack.enter_context(_started(argv, tmp_path / f"{name}.log"))

        pages = []
        for address in ("127.0.0.1", "127.0.0.2"):
            own = {"JAXERCISE_HOST": address, "JAXERCISE_PORT": web_port, "JAXERCISE_TRUSTED_PROXIES": "*"}
            argv = web.confined(web.command, settings={**place.settings, **own}, mounts=place.mounts)
            pages.append(start(address, argv))
        health = _free_port()
        own = {"JAXERCISE_SLOTS": "1", "JAXERCISE_WORKER_PORT": health, "JAXERCISE_HOST": "127.0.0.1"}
        argv = worker.confined(
            worker.command,
            settings={**place.settings, **own},
            mounts=place.mounts,
            volume=tmp_path / "volume",
        )
        grading = start("worker", argv)
        start("proxy", _proxy(tmp_path, port, web_port))
        for page in pages:
            _until("Jaxercise is at", page)
        _until("The worker", grading)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=_SECONDS) as browser:
            assert browser.get("/readyz").status_code == browser.get("/metrics").status_code == 404
            body = {"email": "a@school.test", "password": "correct horse battery"}
            signed_up = browser.post("/api/v1/accounts", json=body)
            assert signed_up.status_code == 201
            # In production it is for HTTPS only, which the proxy speaks for a host that has a name.
            assert "secure" in signed_up.headers["set-cookie"].lower()
            browser.headers["Cookie"] = signed_up.headers["set-cookie"].partition(";")[0]
            came = submit_and_follow(browser, _SLOW_BUT_RIGHT)
            assert came["verdict"]["verdict"]["outcome"] == "accepted"
            assert came["running"]["seen_while"] == "running", "the proxy kept events back"
            assert _PASSWORD not in "".join(log.read_text() for log in tmp_path.glob("*.log"))
            assert _PASSWORD.encode() not in b"".join(
                _read(f"/proc/{pid}/{file}")
                for started in (*pages, grading)
                for pid in descendants(started.process.pid)
                for file in ("environ", "cmdline")
            )
            for own_port in (web_port, health):
                assert browser.get(f"http://127.0.0.1:{own_port}/readyz").json() == {"status": "ready"}
            figures = browser.get(f"http://127.0.0.1:{health}/metrics").text
            assert 'jaxercise_verdicts_total{outcome="accepted"} 1.0' in figures
            assert pages[0].ask(signal.SIGTERM) == 0
            assert {browser.get("/").status_code for _ in range(20)} == {200}
            assert submit_and_follow(browser, _RIGHT)["verdict"]["verdict"]["accepted"]
        assert grading.ask(signal.SIGTERM) == 0
