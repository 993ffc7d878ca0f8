"""What the operators' pages may tell their readers to type besides our own commands.

Whether a command names files, services, units and workloads that are there.
"""

import shlex
from collections.abc import Callable
from typing import Any

import yaml

from tests.support.checkout import CHECKOUT

_MANIFESTS = CHECKOUT / "docs" / "deploy" / "kubernetes"
_AS_ROOT = {"apparmor_parser", "docs/deploy/make-secrets", "install", "systemctl"}
_OWN = {"docker", "docs/deploy/make-secrets", "kubectl", "sudo"}

Check = Callable[[str], str | None]


def is_operators(line: str) -> bool:
    """Whether it is a command of these, rather than one of ours or of make."""
    return shlex.split(line)[0] in _OWN


def operators_fault(line: str, check_inner: Check) -> str | None:
    """What is wrong with the command; None where nothing is. `check_inner` judges what it starts in turn."""
    words = shlex.split(line)
    missing = [word for word in words if word.startswith("docs/") and not (CHECKOUT / word).exists()]
    if missing:
        return f"no such file in {line!r}: {missing}"
    if words[0] == "sudo":
        words = words[1:]
        if words[0] not in _AS_ROOT:
            return f"not a command that the documents may give: {line!r}"
    if words[0] == "systemctl":
        return _fault_of_systemctl(line, words[1:])
    if words[:2] == ["docker", "compose"]:
        return _fault_of_compose(line, words[2:], check_inner)
    if words[0] == "kubectl":
        return _fault_of_kubectl(line, words[1:], check_inner)
    return None if words[0] in _AS_ROOT else f"not a command that the documents may give: {line!r}"


def _fault_of_systemctl(line: str, words: list[str]) -> str | None:
    units = [word for word in words[1:] if not word.startswith("--")]
    files = [f"{unit.partition('@')[0]}@.service" if "@" in unit else f"{unit}.service" for unit in units]
    missing = [file for file in files if not (CHECKOUT / "docs/operators" / file).is_file()]
    return f"no such unit in {line!r}: {missing}" if missing else None


def _fault_of_compose(line: str, words: list[str], check_inner: Check) -> str | None:
    file = "compose.yaml"
    if words[0] == "-f":
        _, file, *words = words
    if not (CHECKOUT / file).is_file():
        return f"no such file in {line!r}: {file}"
    services = yaml.safe_load((CHECKOUT / file).read_text())["services"]
    verb, *rest = words
    named = [rest[i + 1].partition("=")[0] for i, word in enumerate(rest) if word == "--scale"]
    rest = [word for word in rest if word != "--rm"]
    if verb in ("exec", "run"):
        named.append(rest[0])
    elif verb != "up":
        return f"not a command that the documents may give: {line!r}"
    unknown = [name for name in named if name not in services]
    if unknown:
        return f"no such service in {line!r}: {unknown}"
    return check_inner(shlex.join(rest[1:])) if verb in ("exec", "run") else None


def _fault_of_kubectl(line: str, words: list[str], check_inner: Check) -> str | None:
    inner: list[str] = []
    if "--" in words:
        words, inner = words[: words.index("--")], words[words.index("--") + 1 :]
    namespace = ""
    if words[0] == "--namespace":
        _, namespace, *words = words
    verb, *rest = words
    things = [word for word in rest if not word.startswith("-") and not word.startswith("docs/")]
    if verb in ("delete", "exec", "scale"):
        kind, name = things[0].split("/") if "/" in things[0] else things[:2]
        if (kind, name, namespace) not in _deployed():
            return f"no such {kind} in {line!r}: {name}"
    elif verb == "create":
        if namespace not in {place for _, _, place in _deployed()}:
            return f"no such namespace in {line!r}: {namespace}"
    elif verb != "apply":
        return f"not a command that the documents may give: {line!r}"
    return check_inner(shlex.join(inner)) if inner else None


def _deployed() -> set[tuple[str, str, str]]:
    """Kind, name and namespace of everything that the manifests make."""
    manifests: list[Any] = [
        manifest for path in _MANIFESTS.glob("*.yaml") for manifest in yaml.safe_load_all(path.read_text())
    ]
    return {
        (manifest["kind"].lower(), manifest["metadata"]["name"], manifest["metadata"].get("namespace", ""))
        for manifest in manifests
        if "metadata" in manifest
    }
