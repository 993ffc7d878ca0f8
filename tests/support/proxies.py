"""nginx and Apache with the files that docs/deploy/ has for them, on free ports of this machine."""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.support.checkout import CHECKOUT

_START_SECONDS = 30
_STOP_SECONDS = 30
_NAME = "grader.example.org"
_MODULES = "mpm_event authz_core alias headers proxy proxy_http reqtimeout socache_shmcb ssl".split()
_NGINX = """
daemon off;
pid {folder}/pid;
error_log stderr;
{user}
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{site}
}}
"""
_APACHE = """
ServerRoot {folder}
ServerName {host}
PidFile {folder}/pid
DefaultRuntimeDir {folder}
Mutex file:{folder} default
ErrorLog /dev/stderr
{modules}
{user}
Listen {host}:{http}
Listen {host}:{https}
{site}
"""
_HOST = "127.0.0.1"


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """A proxy that listens, for a service at some port."""

    http: str
    """Its address without TLS."""
    https: str
    trust: ssl.SSLContext
    """Believes in its certificate alone."""


def lacking(name: str) -> str | None:
    """Say why a proxy cannot be tested here; None where it can."""
    program, package = {"nginx": ("nginx", "nginx-light"), "apache": ("apache2", "apache2-bin")}[name]
    for needed, from_package in ((program, package), ("openssl", "openssl")):
        if _program(needed) is None:
            return f"{name} is not tested without {needed}: apt-get install {from_package}"
    return None


@contextmanager
def running_proxy(name: str, folder: Path, service_port: int) -> Iterator[Proxy]:
    """Start `nginx` or `apache` with its file; only ports, name and certificate are the test's own."""
    http, https = _free_port(), _free_port()
    write_certificate(folder)
    site = (CHECKOUT / f"docs/deploy/{name}.conf").read_text()
    site = site.replace(f"/etc/letsencrypt/live/{_NAME}/", f"{folder}/").replace(_NAME, _HOST)
    site = site.replace(f"{_HOST}:8000", f"{_HOST}:{service_port}")
    command = {"nginx": _nginx, "apache": _apache}[name](folder, site, http, https)
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        for port in (http, https):
            _await(port, lambda: process.poll() is None, log)
        yield Proxy(
            http=f"http://{_HOST}:{http}",
            https=f"https://{_HOST}:{https}",
            trust=ssl.create_default_context(cafile=str(folder / "fullchain.pem")),
        )
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _nginx(folder: Path, site: str, http: int, https: int) -> list[str]:
    site = _once(site, "listen 80;", f"listen {_HOST}:{http};")
    site = _once(site, "listen 443 ssl;", f"listen {_HOST}:{https} ssl;")
    file = folder / "nginx.conf"
    file.write_text(_NGINX.format(folder=folder, site=site, user="user root;" if os.geteuid() == 0 else ""))
    return [_program("nginx") or "", "-c", str(file)]


def _apache(folder: Path, site: str, http: int, https: int) -> list[str]:
    site = _once(site, "*:80>", f"{_HOST}:{http}>")
    site = _once(site, "*:443>", f"{_HOST}:{https}>")
    modules = "\n".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in _MODULES
    )
    # As root it must know whom to become.
    user = ""
    if os.geteuid() == 0:
        modules += "\nLoadModule unixd_module /usr/lib/apache2/modules/mod_unixd.so" * _is_apart("unixd")
        user = "User nobody\nGroup nogroup"
    file = folder / "apache.conf"
    values = {"folder": folder, "site": site, "http": http, "https": https, "host": _HOST}
    file.write_text(_APACHE.format(**values, modules=modules, user=user))
    return [_program("apache2") or "", "-f", str(file), "-DFOREGROUND"]


def _is_apart(module: str) -> bool:
    """Say whether a module of Apache is a file, and not built in."""
    return Path(f"/usr/lib/apache2/modules/mod_{module}.so").exists()


def _once(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{old} is not there once"
    return text.replace(old, new)


def _program(name: str) -> str | None:
    # An ordinary user's PATH has no sbin.
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def write_certificate(folder: Path) -> None:
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    command += ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem"), "-days", "2"]
    command += ["-subj", f"/CN={_HOST}", "-addext", f"subjectAltName=IP:{_HOST}"]
    subprocess.run(command, check=True, capture_output=True)


def _free_port() -> int:
    with socket.create_server((_HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _await(port: int, is_running: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection((_HOST, port), timeout=1).close()
        except OSError:
            assert is_running(), log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)
        else:
            return
