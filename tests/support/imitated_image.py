"""An image without an engine: a Dockerfile's target carried out in an empty folder, and run in bubblewrap.

What stands for the image's Python is a fresh virtual environment; packages of Debian come from this machine,
and a program that the target does not install is hidden. Everything else that a target's processes see is
what its COPY and RUN lines brought there, read-only, as an ordinary user without
capabilities, behind docs/operators/seccomp.json.
"""

import importlib.metadata
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyseccomp

from tests.support.checkout import CHECKOUT
from tests.support.dockerfile_stages import commands_of, read_stages, variables_of

# The image's own business, which bubblewrap's user and this machine's packages stand for.
_STOOD_FOR = {"apt-get", "groupadd", "useradd", "rm"}
_USER = "10001"


class ImitatedImage:
    """The target `name`, built below `place`, which must be empty.

    With `as_written`, pip and npm run as the file says, which takes minutes; else the packages that a lock
    names are taken from where the tests run, which has them in the versions of the locks, and the islands
    are the ones that this checkout has built.
    """

    def __init__(self, name: str, place: Path, *, as_written: bool = False) -> None:
        self._as_written = as_written
        self._place = place
        place.chmod(0o755)
        self._stages = read_stages((CHECKOUT / "Dockerfile").read_text())
        self._stage = self._stages[name]
        self.environment: dict[str, str] = {}
        self.programs: set[str] = set()
        """Names that `apt-get install` was given."""
        self.venv = place / "venv"
        venv.EnvBuilder(symlinks=True).create(self.venv)
        self.root = self._carry_out(name)
        self.folder = self.root / self._stage.values("WORKDIR")[-1].lstrip("/")
        """Its working directory, as this machine sees it."""

    @property
    def command(self) -> list[str]:
        """What a container of it starts with."""
        return shlex.split(" ".join(re.findall(r'"([^"]*)"', self._stage.values("CMD")[-1])))

    def confined(
        self,
        command: Sequence[str],
        *,
        settings: Mapping[str, str] | None = None,
        mounts: Mapping[Path, str] | None = None,
        volume: Path | None = None,
    ) -> list[str]:
        """`command` as a container would run it: read-only root, no capability, an ordinary user.

        `mounts` are read-only folders of this machine and where they are put; `volume` is put, writable,
        where the image keeps its data. The network is this machine's.
        """
        argv = ["sh", "-c", 'exec 9<"$0"; exec bwrap --seccomp 9 "$@"', str(self._filter())]
        argv += ["--die-with-parent", "--clearenv", "--unshare-ipc", "--unshare-uts"]
        step_down: list[str] = []
        if os.getuid() == 0:
            # Truly another user: the kernel's limits do not hold for root under another name.
            argv += ["--cap-add", "ALL"]
            # As an engine mounts it; bubblewrap has no option for that.
            step_down = ["sh", "-c", 'mount -o remount,noexec,nosuid,nodev /tmp && exec "$@"', "sh"]
            step_down += ["setpriv", "--reuid", _USER, "--regid", _USER, "--clear-groups"]
            step_down += ["--bounding-set", "-all", "--inh-caps", "-all", "--no-new-privs"]
        else:
            argv += ["--unshare-user", "--uid", _USER, "--gid", _USER, "--cap-drop", "ALL"]
        argv += ["--ro-bind", "/usr", "/usr", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"]
        # bubblewrap's own /proc is masked, as an engine's is; jails need the whole: systempaths=unconfined.
        whole = "bubblewrap" in self.programs
        argv += ["--bind", "/proc", "/proc"] if whole else ["--unshare-pid", "--proc", "/proc"]
        for link in ("/lib", "/lib64", "/bin", "/sbin"):
            if Path(link).is_symlink():
                argv += ["--symlink", str(Path(link).readlink()), link]
        # Folders that bubblewrap makes on its own way to a target would be closed to another user.
        inside = [*Path(sys.base_prefix).parents, *self._place.parents, *map(Path, (mounts or {}).values())]
        inside = [
            Path("/etc"),
            Path(self.environment["JAXERCISE_DATA_DIR"]),
            *inside,
            *(parent for path in inside for parent in path.parents),
        ]
        for folder in sorted(set(inside) - {Path("/"), Path("/usr"), Path("/tmp")}):
            argv += ["--perms", "0755", "--dir", str(folder)]
        for file in ("/etc/hosts", "/etc/passwd", "/etc/ld.so.cache"):
            argv += ["--ro-bind", file, file]
        prefix = Path(sys.base_prefix)
        if prefix != Path("/usr"):
            argv += ["--ro-bind", str(prefix), str(prefix)]
        if "bubblewrap" not in self.programs:
            argv += ["--ro-bind", "/dev/null", str(Path(shutil.which("bwrap") or "/usr/bin/bwrap").resolve())]
        # Installed packages know the place where they were installed, so it has the same name inside.
        argv += ["--ro-bind", str(self._place), str(self._place)]
        for source, target in (mounts or {}).items():
            argv += ["--ro-bind", str(source), target]
        if volume is not None:
            if os.getuid() == 0:
                os.chown(volume, int(_USER), int(_USER))
            argv += ["--bind", str(volume), self._stage.values("VOLUME")[-1]]
        argv += ["--remount-ro", "/", "--chdir", str(self.folder)]
        environment = {
            **self.environment,
            "PATH": f"{self.venv / 'bin'}:/usr/bin:/bin",
            "HOME": self.environment["JAXERCISE_DATA_DIR"],
            "LANG": "C.UTF-8",
            **(settings or {}),
        }
        for name, value in environment.items():
            argv += ["--setenv", name, value]
        return [*argv, "--", *step_down, *command]

    def run(
        self,
        command: Sequence[str],
        *,
        settings: Mapping[str, str] | None = None,
        mounts: Mapping[Path, str] | None = None,
        volume: Path | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        """Runs `command` to its end, whatever that is."""
        argv = self.confined(command, settings=settings, mounts=mounts, volume=volume)
        return subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)

    def _filter(self) -> Path:
        """The profile that compose.yaml names, compiled for bubblewrap."""
        path = self._place / "seccomp.bpf"
        if not path.exists():
            profile = json.loads((CHECKOUT / "docs/operators/seccomp.json").read_text())
            wall = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
            for rule in profile["syscalls"]:
                for name in rule["names"]:
                    wall.add_rule(pyseccomp.ERRNO(rule["errnoRet"]), name)
            with path.open("wb") as file:
                wall.export_bpf(file)
        return path

    def _carry_out(self, name: str) -> Path:
        root = self._place / name
        root.mkdir()
        workdir = root
        for instruction, value in self._stages[name].instructions:
            if instruction == "WORKDIR":
                workdir = root / value.lstrip("/")
                workdir.mkdir(parents=True, exist_ok=True)
            elif instruction == "ENV":
                self.environment.update(variables_of(value))
            elif instruction == "COPY":
                self._copy(shlex.split(value), workdir)
            elif instruction == "RUN":
                for words in commands_of(value):
                    self._run(words, workdir)
        return root

    def _copy(self, words: list[str], workdir: Path) -> None:
        options = [word for word in words if word.startswith("--")]
        *sources, destination = [word for word in words if not word.startswith("--")]
        origin = CHECKOUT
        for option in options:
            stage = option.removeprefix("--from=")
            # A stage that two others copy from is carried out once.
            origin = self._place / stage if (self._place / stage).exists() else self._carry_out(stage)
        target = workdir / destination
        for source in sources:
            path = origin / source.lstrip("/")
            if path.is_dir():
                shutil.copytree(path, target, dirs_exist_ok=True, ignore=_not_in_context)
            else:
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, target)

    def _run(self, words: list[str], workdir: Path) -> None:
        program, *arguments = words
        if program == "pip":
            assert arguments[0] == "install"
            self._install(arguments, workdir)
        elif program == "npm":
            self._npm(arguments, workdir)
        elif program not in _STOOD_FOR:
            raise AssertionError(f"nobody knows how to imitate: {shlex.join(words)}")
        elif words[:2] == ["apt-get", "install"]:
            self.programs.update(word for word in arguments[1:] if not word.startswith("-"))

    def _install(self, arguments: list[str], workdir: Path) -> None:
        lock = arguments[arguments.index("-r") + 1] if "-r" in arguments else None
        if self._as_written or lock is None:
            # Ours is made without isolation, from what the lock has brought; it needs no registry.
            pip = [sys.executable, "-m", "pip", "-qq", "--python", str(self.venv / "bin" / "python")]
            subprocess.run([*pip, *arguments], cwd=workdir, check=True)
            return
        for name, version in re.findall(
            r"^([\w.-]+)==([\w.+!-]+)", (workdir / lock).read_text(), re.MULTILINE
        ):
            found = importlib.metadata.distribution(name)
            assert found.version == version, f"{name} is {found.version} here and {version} in {lock}"
            self._copy_installed(found)

    def _copy_installed(self, found: importlib.metadata.Distribution) -> None:
        packages = (
            self.venv / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
        )
        for file in found.files or ():
            # Console scripts name the Python that they were installed for; nobody here starts one.
            if ".." not in file.parts:
                target = packages / file
                target.parent.mkdir(parents=True, exist_ok=True)
                source = str(found.locate_file(file))
                if not target.exists() and Path(source).exists():
                    _link_or_copy(source, target)

    def _npm(self, arguments: list[str], workdir: Path) -> None:
        if self._as_written:
            subprocess.run(["npm", *arguments], cwd=workdir, check=True)
        elif arguments[:2] == ["run", "build"]:
            built = Path("app/web/static/dist")
            shutil.copytree(CHECKOUT / built, workdir / built)


def _link_or_copy(source: str, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _not_in_context(folder: str, names: list[str]) -> set[str]:
    """What `.dockerignore` keeps out of folders that are copied whole; of stages, nothing."""
    kept_out = {"__pycache__", "node_modules"}
    if Path(folder) == CHECKOUT / "app" / "web" / "static":
        kept_out.add("dist")
    return kept_out & set(names)
