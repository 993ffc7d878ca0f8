"""`jaxercise doctor`: can this host jail, and what is missing?"""

from typing import Annotated

import typer

_LACKING = 1


def doctor(json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Prints the layers of the jail, active or missing. Exit code 1 where a required one is missing."""
    import msgspec

    from sandbox.doctor import examine

    layers = list(examine())
    able = all(layer.is_active for layer in layers if layer.is_required)
    if json:
        print(msgspec.json.encode({"able": able, "layers": layers}).decode())
    else:
        for layer in layers:
            mark = "✓" if layer.is_active else ("✗" if layer.is_required else "–")
            print(f"{mark} {layer.name}: {layer.detail}")
            if layer.remedy:
                print(f"    {layer.remedy}")
        print("submissions can be jailed here" if able else "submissions cannot be jailed here")
        if not able:
            print("for development only, on code you trust: JAXERCISE_SANDBOX=unjailed")
    raise typer.Exit(0 if able else _LACKING)
