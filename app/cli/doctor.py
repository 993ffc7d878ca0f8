"""`jaxercise doctor`: whether this host can jail, whether the jail holds, and how quick JAX is in it."""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.settings import Settings
    from sandbox.checks.run_checks import Checked
    from sandbox.isolation.layers import Layer
    from sandbox.patches import PatchChoice

_LACKING = 1


def doctor(json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Print the layers of the jail, then try to break out of it in every way that it must withstand.

    At last it says which patches of JAX the jails here are given, for speed; it is no fault if one is left
    out. Exit code 1 where a required layer is missing or an isolation check fails.
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
    if json:
        found = {"able": able, "layers": layers, "promises": checks, "jax_patches": patches}
        print(msgspec.json.encode(found).decode())
    else:
        print("submissions can be jailed here" if able else "submissions cannot be jailed here")
        if not able:
            print("for development only, on code you trust: JAXERCISE_SANDBOX=unjailed")
    raise typer.Exit(0 if able else _LACKING)


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
