"""`jaxercise doctor`: whether this host can jail, whether the jail holds, and whether strangers may come."""

import asyncio
import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.cli.production.point import Judged
    from app.settings import Settings
    from sandbox.checks.run_checks import Checked
    from sandbox.isolation.layers import Layer
    from sandbox.patches import PatchChoice

_LACKING = 1
_POINT_MARKS = {"ok": "✓", "warn": "–", "fail": "✗"}


def doctor(
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    production: Annotated[
        bool, typer.Option("--production", help="Check what matters before strangers may come, too.")
    ] = False,
) -> None:
    """Print the layers of the jail, then try to break out of it in every way that it must withstand.

    Then it says which patches of JAX the jails here are given, for speed; it is no fault if one is left out.
    Exit code 1 where a required layer is missing, an isolation check fails, or, with --production, a point
    of docs/operators/before-you-open.md does.
    """
    import msgspec

    from app.settings import read_settings
    from sandbox.isolation.layers import examine

    settings = read_settings()
    hidden = _reached_from_here(settings.data_dir)
    layers = []
    for layer in examine():
        layers.append(layer)
        if not json:
            _print_layer(layer)
    able = all(layer.is_active for layer in layers if layer.is_required)
    checks = asyncio.run(_checks(hidden, quietly=json)) if able else []
    patches = asyncio.run(_patches(settings, quietly=json)) if checks else None
    able = able and bool(checks) and all(check.holds for check in checks)
    if not json:
        print("submissions can be jailed here" if able else "submissions cannot be jailed here")
        if not able:
            print("for development only, on code you trust: JAXERCISE_SANDBOX=unjailed")
    points = _points(settings, layers, checks, patches, quietly=json) if production else None
    if json:
        found = {"able": able, "layers": layers, "promises": checks, "jax_patches": patches}
        if points is not None:
            found["production"] = points
        print(msgspec.json.encode(found).decode())
    is_ready = all(point.state != "fail" for point in points or ())
    # Where pages alone are, the list does not ask for a jail.
    needs_jail = settings.worker or not production
    raise typer.Exit(0 if is_ready and (able or not needs_jail) else _LACKING)


def _points(
    settings: "Settings",
    layers: "Sequence[Layer]",
    checks: "Sequence[Checked]",
    patches: "PatchChoice | None",
    *,
    quietly: bool,
) -> "list[Judged]":
    """Return how each point of the list for production stands, and print them."""
    from app.cli.production.checklist import judged
    from app.cli.production.look import look

    if not quietly:
        print("before you open it to the world (docs/operators/before-you-open.md):", flush=True)
    points = list(judged(look(settings, layers=layers, isolation=checks, patches=patches)))
    if not quietly:
        for point in points:
            print(f"{_POINT_MARKS[point.state]} {point.state:<4} {point.id}: {point.found}")
            if point.mend:
                print(f"    {point.mend}")
        failed = [point.id for point in points if point.state == "fail"]
        print(f"not ready for strangers: {', '.join(failed)}" if failed else "ready for strangers")
    return points


async def _checks(hidden: list[Path], *, quietly: bool) -> "list[Checked]":
    """Return how each isolation check went, printed as it goes; none where no jail would start."""
    from sandbox.checks.run_checks import run_isolation_checks
    from sandbox.interface import SandboxUnavailable

    if not quietly:
        print("trying to break out of a real jail, which takes about fifteen seconds", flush=True)
    checks = []
    try:
        async for check in run_isolation_checks(hidden):
            checks.append(check)
            if not quietly:
                print(f"{'✓' if check.holds else '✗'} {check.name}: {check.sentence}", flush=True)
                if not check.holds:
                    print(f"    broken: {check.reason}", flush=True)
    except SandboxUnavailable as error:
        typer.echo(f"no jail starts: {error}", err=True)
    return checks


async def _patches(settings: "Settings", *, quietly: bool) -> "PatchChoice":
    """Return which patches of JAX jails are given here, and print them; they are tried where that is new."""
    from app.grading.open_grader import patches_here

    patches = await patches_here(settings.data_dir, jax_patches=settings.jax_patches, unjailed=False)
    if not quietly:
        for name in patches.active:
            print(f"✓ patch of JAX: {name}")
        for name, reason in patches.left_out.items():
            print(f"– patch of JAX left out: {name}: {reason}")
    return patches


def _reached_from_here(data_dir: Path) -> list[Path]:
    """Return the folders that the jail must hide; what this user cannot enter, its jails cannot either."""
    folders = [Path.cwd(), data_dir.resolve()]
    # A user that no passwd file knows, as containers have them, may have no home.
    with contextlib.suppress(RuntimeError):
        folders.append(Path.home())
    return [folder for folder in folders if os.access(folder, os.X_OK)]


def _print_layer(layer: "Layer") -> None:
    mark = "✓" if layer.is_active else ("✗" if layer.is_required else "–")
    print(f"{mark} {layer.name}: {layer.detail}")
    for line in layer.remedy.splitlines():
        print(f"    {line}")
