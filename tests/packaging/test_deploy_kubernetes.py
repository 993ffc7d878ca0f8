"""The Kubernetes manifests against Kubernetes' own schemas, and against what the images and the jail need."""

import copy
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
import typer.main
import yaml

from app.cli.main import commands
from app.settings import Settings
from tests.support.checkout import CHECKOUT
from tests.support.dockerfile_stages import read_stages

_FOLDER = CHECKOUT / "docs" / "deploy" / "kubernetes"
# The first in which user namespaces and procMount are on by default, and the newest that the validator knows.
_VERSIONS = ("1.33", "1.37")
_WORKERS = "jaxercise-workers"

Manifest = dict[str, Any]


def _kustomization() -> Manifest:
    parsed: Manifest = yaml.safe_load((_FOLDER / "kustomization.yaml").read_text())
    return parsed


def _manifests() -> list[Manifest]:
    texts = [(_FOLDER / name).read_text() for name in _kustomization()["resources"]]
    return [manifest for text in texts for manifest in yaml.safe_load_all(text)]


def _named(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def _pods() -> Iterator[tuple[Manifest, Manifest]]:
    """Each workload with its pod's specification."""
    for manifest in _manifests():
        if manifest["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield manifest, manifest["spec"]["template"]["spec"]


def _pod(name: str) -> Manifest:
    [pod] = [pod for manifest, pod in _pods() if manifest["metadata"]["name"] == name]
    return pod


def _is_restricted(pod: Manifest) -> bool:
    """Whether the Pod Security Standard `restricted` admits it."""
    profile = pod["securityContext"].get("seccompProfile", {}).get("type")
    volumes = {key for volume in pod["volumes"] for key in volume if key != "name"}
    containers = [container["securityContext"] for container in pod["containers"]]
    return (
        pod["securityContext"].get("runAsNonRoot") is True
        and profile in ("RuntimeDefault", "Localhost")
        and pod["securityContext"].get("appArmorProfile", {}).get("type") != "Unconfined"
        and volumes <= {"emptyDir", "secret", "configMap", "persistentVolumeClaim"}
        and not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        and all(context.get("allowPrivilegeEscalation") is False for context in containers)
        and all(context.get("capabilities") == {"drop": ["ALL"]} for context in containers)
        and all(context.get("procMount", "Default") == "Default" for context in containers)
    )


@pytest.mark.parametrize("version", _VERSIONS)
@pytest.mark.parametrize("manifest", _manifests(), ids=_named)
def test_kubernetes_knows_every_field(manifest: Manifest, version: str) -> None:
    """Strictly: a field that it does not know would be dropped without a word."""
    kubernetes_validate.validate(copy.deepcopy(manifest), version, strict=True)


def test_a_field_that_kubernetes_does_not_know_is_noticed() -> None:
    """A check that cannot fail is a defect."""
    manifest = next(copy.deepcopy(manifest) for manifest in _manifests() if manifest["kind"] == "Deployment")
    manifest["spec"]["template"]["spec"]["hostUser"] = False

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, _VERSIONS[-1], strict=True)


def test_every_manifest_is_applied() -> None:
    """And nothing is listed that is not there."""
    listed = set(_kustomization()["resources"])

    assert listed == {path.name for path in _FOLDER.glob("*.yaml")} - {"kustomization.yaml"}


def test_images_are_targets_of_this_version() -> None:
    """The Dockerfile builds them, and their tag is the project's version."""
    targets = read_stages((CHECKOUT / "Dockerfile").read_text())
    version = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]
    ours = {container["image"] for _, pod in _pods() for container in pod["containers"]}
    ours = {image for image in ours if image.startswith("jaxercise-")}

    assert {image.removeprefix("jaxercise-") for image in ours} <= set(targets)
    assert {(image["name"], image["newTag"]) for image in _kustomization()["images"]} == {
        (image, version) for image in ours
    }


def test_every_pod_but_a_worker_s_keeps_to_the_strictest_standard() -> None:
    """As its namespace demands; a worker departs from it in what the jail needs, and in nothing else."""
    levels = {
        manifest["metadata"]["name"]: manifest["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for manifest in _manifests()
        if manifest["kind"] == "Namespace"
    }
    for manifest, pod in _pods():
        is_worker = manifest["metadata"]["namespace"] == _WORKERS
        assert levels[manifest["metadata"]["namespace"]] == ("privileged" if is_worker else "restricted")
        assert _is_restricted(pod) != is_worker
    worker = copy.deepcopy(_pod("worker"))
    assert worker["securityContext"].pop("appArmorProfile") == {"type": "Unconfined"}
    assert worker["containers"][0]["securityContext"].pop("procMount") == "Unmasked"
    assert _is_restricted(worker)


def test_the_jail_gets_what_it_needs() -> None:
    """Its own seccomp profile, and user namespaces, without which Kubernetes refuses an uncovered /proc."""
    pod = _pod("worker")

    assert pod["hostUsers"] is False
    assert pod["securityContext"]["seccompProfile"] == {
        "type": "Localhost",
        "localhostProfile": "profiles/jaxercise.json",
    }


def test_no_pod_writes_on_its_root_or_talks_to_the_cluster() -> None:
    """Nor is told of the cluster's services, one of which might be called jaxercise."""
    for _, pod in _pods():
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert "memory" in container["resources"]["limits"]


def test_secrets_are_referred_to_and_not_written_down() -> None:
    """No manifest holds one, and no variable does: each is a file of a secret that the operator makes."""
    assert "Secret" not in {manifest["kind"] for manifest in _manifests()}
    for _, pod in _pods():
        sources = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
        assert {source["secretName"] for source in sources} == {"jaxercise-database"}
        for container in pod["containers"]:
            variables = {variable["name"] for variable in container["env"]}
            assert not {name for name in variables if "URL" in name or name.endswith("PASSWORD")}
            assert not any("secretKeyRef" in variable.get("valueFrom", {}) for variable in container["env"])


def test_commands_and_settings_exist() -> None:
    """A misspelt variable would be ignored without a word."""
    known = {f"JAXERCISE_{field.upper()}" for field in Settings.model_fields} | {"JAXERCISE_SECRETS_DIR"}
    for _, pod in _pods():
        for container in pod["containers"]:
            named = {variable["name"] for variable in container["env"]}
            assert {name for name in named if name.startswith("JAXERCISE_")} <= known
            if "command" in container:
                program, command, *_ = container["command"]
                assert program == "jaxercise"
                assert command in typer.main.get_command(commands).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "variable"), [("web", "JAXERCISE_PORT"), ("worker", "JAXERCISE_WORKER_PORT")]
)
def test_probes_ask_where_the_image_listens(name: str, variable: str) -> None:
    """Readiness decides who is asked; only a process that answers nothing at all is restarted."""
    environment = read_stages((CHECKOUT / "Dockerfile").read_text())[name].environment
    [container] = _pod(name)["containers"]
    [port] = container["ports"]

    assert environment[variable] == str(port["containerPort"])
    for probe, path in (
        ("readinessProbe", "/readyz"),
        ("livenessProbe", "/healthz"),
        ("startupProbe", "/healthz"),
    ):
        assert container[probe]["httpGet"] == {"path": path, "port": port["name"]}


def test_a_stop_waits_for_runs_under_way() -> None:
    """Kubernetes' patience is longer than the worker's own."""
    drain_seconds = Settings.model_fields["drain_seconds"].default

    assert _pod("worker")["terminationGracePeriodSeconds"] >= drain_seconds + 10


def test_selectors_find_what_they_are_for() -> None:
    """A service, a budget or a policy that selects nothing would be there in vain."""
    labels = [
        (manifest["metadata"]["namespace"], manifest["spec"]["template"]["metadata"]["labels"])
        for manifest, _ in _pods()
    ]
    for manifest in _manifests():
        spec, namespace = manifest.get("spec", {}), manifest["metadata"].get("namespace")
        selector = spec.get("podSelector") if manifest["kind"] == "NetworkPolicy" else spec.get("selector")
        if manifest["kind"] == "Namespace" or selector is None:
            continue
        wanted = selector.get("matchLabels", {} if "matchLabels" in selector or not selector else selector)
        assert any(namespace == place and wanted.items() <= found.items() for place, found in labels), _named(
            manifest
        )


def test_the_world_does_not_reach_the_figures() -> None:
    """The ingress sends /metrics and /readyz to a service that selects nobody."""
    [ingress] = [manifest for manifest in _manifests() if manifest["kind"] == "Ingress"]
    [rule] = ingress["spec"]["rules"]
    backends = {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
    [nobody] = [manifest for manifest in _manifests() if _named(manifest) == "Service/nobody"]

    assert backends == {"/": "web", "/metrics": "nobody", "/readyz": "nobody"}
    assert "selector" not in nobody["spec"]


def test_the_document_names_every_file() -> None:
    """Who reads it knows what each is for."""
    text = (_FOLDER / "README.md").read_text()

    assert set(_kustomization()["resources"]) <= set(re.findall(r"`([a-z]+\.yaml)`", text))
