"""Debian's Firefox, spoken to over Marionette, which it brings: Playwright drives only a build of its own."""

import base64
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FIREFOX = shutil.which("firefox-esr")
_PATIENCE_SECONDS = 120.0
_PREFERENCES = {
    "marionette.port": 0,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.normandy.enabled": False,
    "extensions.update.enabled": False,
}
_SCHEMES = {"dark": 0, "light": 1}


class Firefox:
    """One window of a running Firefox."""

    def __init__(self, connection: socket.socket) -> None:
        self._stream = connection.makefile("rwb")
        self._count = 0
        self._frame()
        self._ask("WebDriver:NewSession", capabilities={"alwaysMatch": {}})

    def open(self, address: str) -> None:
        """Go to a page, and wait until it is loaded."""
        self._ask("WebDriver:Navigate", url=address)

    def evaluate(self, function: str, *arguments: Any) -> Any:
        """Return what a JavaScript function, such as `x => x + 1`, gives in the page."""
        said = self._ask(
            "WebDriver:ExecuteScript",
            script=f"return ({function})(...arguments)",
            args=list(arguments),
            sandbox=None,
        )
        return said["value"]

    def resize(self, width: int, height: int) -> None:
        self._ask("WebDriver:SetWindowRect", width=width, height=height)

    def picture(self) -> bytes:
        """Return the whole page as a PNG."""
        return base64.b64decode(self._ask("WebDriver:TakeScreenshot", full=True)["value"])

    def _ask(self, command: str, **parameters: Any) -> Any:
        self._count += 1
        text = json.dumps([0, self._count, command, parameters]).encode()
        self._stream.write(b"%d:%b" % (len(text), text))
        self._stream.flush()
        _, _, fault, result = self._frame()
        if fault:
            raise AssertionError(f"{command}: {fault['error']}: {fault['message']}")
        return result

    def _frame(self) -> Any:
        size = b""
        while not size.endswith(b":"):
            byte = self._stream.read(1)
            assert byte, "Firefox has gone"
            size += byte
        return json.loads(self._stream.read(int(size[:-1])))


@contextmanager
def open_firefox(profile: Path, *, scheme: str = "light") -> Iterator[Firefox]:
    """Have a headless Firefox while the block lasts; all that it keeps lies in `profile`, an empty folder."""
    assert FIREFOX
    preferences = _PREFERENCES | {"layout.css.prefers-color-scheme.content-override": _SCHEMES[scheme]}
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in preferences.items())
    (profile / "user.js").write_text("\n".join(lines))
    process = subprocess.Popen(
        [FIREFOX, "--headless", "--marionette", "--no-remote", "--profile", str(profile)],
        # It runs as whoever runs the tests, who may have no home of theirs.
        env={**os.environ, "HOME": str(profile), "MOZ_DISABLE_CONTENT_SANDBOX": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with socket.create_connection(
            ("127.0.0.1", _port(profile, process)), _PATIENCE_SECONDS
        ) as connection:
            yield Firefox(connection)
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _port(profile: Path, process: "subprocess.Popen[bytes]") -> int:
    """Wait for the file in which Firefox writes where it listens."""
    file = profile / "MarionetteActivePort"
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if file.exists() and (text := file.read_text().strip()):
            return int(text)
        time.sleep(0.05)
    raise AssertionError("Firefox does not listen")
