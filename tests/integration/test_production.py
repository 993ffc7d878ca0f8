"""`jaxercise doctor --production` as a command, and how it asks the public address, on this machine."""

import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from app.cli.production.checklist import POINTS
from app.cli.production.from_outside import PATHS, ask, ask_all
from tests.support.checkout import CHECKOUT
from tests.support.proxies import lacking, running_proxy, write_certificate
from tests.support.served_service import served_service


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = {"/healthz": 200, "/readyz": 302}.get(self.path, 404)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/healthz")
        if status == 200:
            self.send_header("Strict-Transport-Security", "max-age=300")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@contextmanager
def _answering(tls: ssl.SSLContext | None = None) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    serving = Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def test_an_address_is_asked_for_each_path_and_a_redirect_is_not_followed() -> None:
    with _answering() as origin:
        found = {answer.path: answer.status for answer in ask_all([origin])}
        assert ask(origin, "/healthz").keeps_https
        assert not ask(origin, "/metrics").keeps_https
    assert found == {"/healthz": 200, "/readyz": 302, "/metrics": 404}
    assert tuple(found) == PATHS


def test_an_address_that_nobody_answers_at_says_why() -> None:
    with _answering() as origin:
        pass
    answer = ask(origin, "/healthz")
    assert (answer.status, answer.is_untrusted) == (None, False)
    assert "refused" in answer.reason


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_a_certificate_that_nobody_trusts_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From one that is trusted here, and from an address that is away."""
    write_certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "fullchain.pem", tmp_path / "privkey.pem")
    with _answering(tls) as origin:
        refused = ask(origin, "/healthz")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "fullchain.pem"))
        trusted = ask(origin, "/healthz")
    assert (refused.status, refused.is_untrusted) == (None, True)
    assert "certificate" in refused.reason
    assert (trusted.status, trusted.is_untrusted) == (200, False)


@pytest.mark.parametrize("name", ["nginx", "apache"])
def test_a_certificate_is_judged_and_the_proxys_files_keep_figures_inside(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a service behind it that knows its address."""
    if (reason := lacking(name)) is not None:
        pytest.skip(reason)
    folder = tmp_path / "proxy"
    folder.mkdir()
    with (
        served_service(tmp_path, trusted_proxies="127.0.0.1") as served,
        running_proxy(name, folder, served.port) as proxy,
    ):
        answer = ask(proxy.https, "/healthz")
        assert answer.is_untrusted, answer
        monkeypatch.setenv("SSL_CERT_FILE", str(folder / "fullchain.pem"))
        found = {answer.path: answer for answer in ask_all([proxy.https])}
    assert {path: answer.status for path, answer in found.items()} == {
        "/healthz": 200,
        "/metrics": 404,
        "/readyz": 404,
    }
    assert found["/healthz"].keeps_https


def test_a_host_that_is_not_ours_is_refused_on_the_wire(tmp_path: Path) -> None:
    """Health is told under any name; a client that a trusted proxy names is not on this machine."""
    settings: dict[str, Any] = {
        "public_addresses": "https://grader.example.org",
        "trusted_proxies": "127.0.0.1",
    }
    with served_service(tmp_path, **settings) as served, served.browser() as browser:
        far = {"X-Forwarded-For": "192.0.2.7"}
        for host, headers, status in (
            ("elsewhere.example.org", far, 400),
            ("grader.example.org", far, 200),
            ("grader.example.org:443", far, 200),
            (f"127.0.0.1:{served.port}", {}, 200),
            (f"127.0.0.1:{served.port}", far, 400),
            ("elsewhere.example.org", {}, 400),
        ):
            answer = browser.get("/sign-in", headers={"Host": host, **headers})
            assert answer.status_code == status, (host, headers)
        assert browser.get("/healthz", headers={"Host": "10.1.2.3", **far}).status_code == 200
        assert "'elsewhere.example.org'" in served.log


def _doctor(data_dir: Path, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JAXERCISE_")}
    environment |= {"JAXERCISE_DATA_DIR": str(data_dir), "JAXERCISE_PASSWORD": "vq7-Lm2-xx9-pp"}
    environment |= {f"JAXERCISE_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "app.cli.main", *(words or ("doctor", "--production", "--json"))],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def _states(ran: "subprocess.CompletedProcess[str]") -> dict[str, str]:
    assert ran.stdout, ran.stderr
    points: list[dict[str, Any]] = json.loads(ran.stdout)["production"]
    assert [point["id"] for point in points] == [point.id for point in POINTS]
    assert all(point["found"] for point in points)
    assert all(bool(point["mend"]) is (point["state"] != "ok") for point in points)
    return {point["id"]: point["state"] for point in points}


@pytest.mark.jail
def test_a_freshly_made_service_is_not_ready_and_one_that_is_set_up_is(tmp_path: Path) -> None:
    """What depends on the host that the tests run on, its user and its disk, is left aside."""
    data_dir = tmp_path / "var"
    assert _doctor(data_dir, "db", "upgrade").returncode == 0
    ran = _doctor(data_dir)
    fresh = _states(ran)
    assert ran.returncode == 1
    wrong = {"mode", "public-address", "proxies", "first-admin", "backup"}
    assert {fresh[point] for point in wrong} == {"fail"}
    assert {fresh[point] for point in ("https", "metrics", "sign-up")} == {"warn"}
    right = {"listening", "files", "database", "schema", "jail", "patches"}
    assert {fresh[point] for point in right} == {"ok"}, fresh

    for words in (
        ("users", "create", "ada@school.example"),
        ("db", "backup", str(tmp_path / "monday")),
    ):
        assert _doctor(data_dir, *words).returncode == 0
    (tmp_path / "monday").unlink()  # It was moved to another machine.
    settings = {
        "environment": "production",
        "public_addresses": "http://localhost:8000",
        "trusted_proxies": "127.0.0.1",
        "metrics_port": "9100",
        "sign_up": "invitation",
    }
    ran = _doctor(data_dir, **settings)
    states = _states(ran)
    assert {states[point] for point in wrong | right | {"metrics", "sign-up", "passwords"}} == {"ok"}, states
    of_host = {"user", "open-files", "disk"}
    assert {point for point, state in states.items() if state == "fail"} <= of_host
    assert ran.returncode == int("fail" in states.values())


@pytest.mark.jail
def test_people_read_one_line_a_point_with_what_to_do(tmp_path: Path) -> None:
    ran = _doctor(tmp_path / "none", "doctor", "--production", sandbox="unjailed")
    assert ran.returncode == 1
    lines = ran.stdout.splitlines()
    start = next(number for number, line in enumerate(lines) if "before-you-open.md" in line)
    heads = [line for line in lines[start + 1 :] if not line.startswith("    ")]
    assert [line.split(":")[0].split()[-1] for line in heads[:-1]] == [point.id for point in POINTS]
    jail = next(
        number for number, line in enumerate(lines) if line.startswith("✗ fail jail: JAXERCISE_SANDBOX")
    )
    assert lines[jail + 1].strip() == next(point.mend for point in POINTS if point.id == "jail")
    assert heads[-1].startswith("not ready for strangers: mode, public-address")
    assert not (tmp_path / "none" / "jaxercise.db").exists()


@pytest.mark.jail
def test_without_the_option_nothing_of_it_is_looked_at(tmp_path: Path) -> None:
    ran = _doctor(tmp_path / "var", "doctor", "--json")
    assert "production" not in json.loads(ran.stdout)
    assert ran.returncode == 0
