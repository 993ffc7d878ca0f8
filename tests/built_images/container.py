"""One container of an image, confined as its service's lines in a compose file say, and started by runc.

It has a network of its own with nothing in it but itself: whatever it needed from outside would be missed.
"""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.checkout import CHECKOUT

_RUNTIME = "runc"
_STOP_SECONDS = 120
_UNMASKED = "systempaths=unconfined"
_HONOURED = ("no-new-privileges:true", _UNMASKED, "apparmor=unconfined")


class Container:
    """A container that is described but not started; `service` is its name in the compose file."""

    def __init__(
        self,
        folder: Path,
        root: Path,
        image: Mapping[str, Any],
        *,
        file: str,
        service: str,
        command: list[str] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.name = f"jaxercise-{uuid.uuid4().hex[:12]}"
        self._folder = folder / self.name
        self._folder.mkdir()
        self._image = image
        self._log = self._folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        asked = yaml.safe_load((CHECKOUT / file).read_text())["services"][service]
        description = self._described(root, asked, command or image["Cmd"], settings or {})
        (self._folder / "config.json").write_text(json.dumps(description))

    def run(self, seconds: float = 600) -> str:
        """Run its command to the end and return what it printed.

        Raises:
            AssertionError: its exit code is not 0.
        """
        self.start()
        assert self._process is not None
        code = self._process.wait(seconds)
        assert code == 0, f"exit code {code}: {self.printed}"
        return self.printed

    def start(self) -> None:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._runtime("run", "--bundle", str(self._folder), self.name),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def printed(self) -> str:
        return self._log.read_text(errors="replace")

    def await_printed(self, text: str, seconds: float) -> None:
        """Wait until it has printed this.

        Raises:
            AssertionError: it ended or took longer.
        """
        assert self._process is not None
        end = time.monotonic() + seconds
        while text not in self.printed:
            assert self._process.poll() is None, self.printed
            assert time.monotonic() < end, self.printed
            time.sleep(0.2)

    def is_healthy(self) -> bool:
        """Run the image's own health check in it, as an engine does."""
        [how, *check] = self._image["Healthcheck"]["Test"]
        assert how == "CMD", "only a command without a shell is run here"
        return subprocess.run(self._runtime("exec", self.name, *check), capture_output=True).returncode == 0

    def visit(self, module: str, *arguments: str) -> Any:
        """Run a module of this checkout in the container's network; return what it prints, as JSON."""
        state = json.loads(subprocess.check_output(self._runtime("state", self.name)))
        entering = ["nsenter", f"--net=/proc/{state['pid']}/ns/net"]
        command = [*entering, sys.executable, "-m", module, *arguments]
        visited = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
        assert visited.returncode == 0, f"{visited.stderr}\n{self.printed}"
        return json.loads(visited.stdout)

    def stop(self) -> int:
        """Ask it to end, as an engine does; return its exit code."""
        assert self._process is not None
        subprocess.run(self._runtime("kill", self.name, "TERM"), check=True)
        return self._process.wait(_STOP_SECONDS)

    def remove(self) -> None:
        """End it where it has not ended, and forget it."""
        subprocess.run(self._runtime("delete", "--force", self.name), capture_output=True)
        if self._process is not None:
            self._process.wait(_STOP_SECONDS)

    def _runtime(self, *arguments: str) -> list[str]:
        return [_RUNTIME, "--root", str(self._folder.parent / "runc"), *arguments]

    def _described(
        self, root: Path, asked: Mapping[str, Any], command: list[str], settings: Mapping[str, str]
    ) -> dict[str, Any]:
        """Fill in runc's own description of a container."""
        subprocess.run([_RUNTIME, "spec"], cwd=self._folder, check=True)
        described: dict[str, Any] = json.loads((self._folder / "config.json").read_text())
        options = asked["security_opt"]
        profiles = [option.partition("=")[2] for option in options if option.startswith("seccomp=")]
        assert {*options} <= {*_HONOURED, *(f"seccomp={profile}" for profile in profiles)}
        assert asked["cap_drop"] == ["ALL"]
        assert asked["tmpfs"] == ["/tmp"]
        user, _, group = self._image["User"].partition(":")
        described["root"] = {"path": str(root), "readonly": asked["read_only"]}
        process = described["process"]
        process |= {"terminal": False, "args": command, "cwd": self._image["WorkingDir"], "rlimits": []}
        process["user"] = {"uid": int(user), "gid": int(group)}
        process["env"] = [*self._image["Env"], *(f"{name}={value}" for name, value in settings.items())]
        process["capabilities"] = {kind: [] for kind in process["capabilities"]}
        process["noNewPrivileges"] = "no-new-privileges:true" in options
        described["mounts"] += [_in_memory("/tmp"), *self._volumes(int(user), int(group))]
        system = described["linux"]
        if _UNMASKED in options:
            del system["maskedPaths"], system["readonlyPaths"]
        for profile in profiles:
            system["seccomp"] = json.loads((CHECKOUT / profile).read_text())
        return described

    def _volumes(self, user: int, group: int) -> list[dict[str, Any]]:
        """Make a folder for each volume of the image; an engine gives it the owner that it has there."""
        mounts = []
        for target in self._image.get("Volumes") or {}:
            folder = self._folder / target.strip("/").replace("/", "-")
            folder.mkdir()
            os.chown(folder, user, group)
            mounts.append(
                {"destination": target, "type": "bind", "source": str(folder), "options": ["rbind", "rw"]}
            )
        return mounts


def _in_memory(target: str) -> dict[str, Any]:
    """Describe an engine's tmpfs."""
    options = ["nosuid", "nodev", "noexec", "mode=1777"]
    return {"destination": target, "type": "tmpfs", "source": "tmpfs", "options": options}
