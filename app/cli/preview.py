"""`jaxercise preview`: the pages of problems as their folders are, on this machine alone."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from app.errors import ProblemNotFound
from app.settings import Settings, read_settings

_PORT = 8001
"""Beside a service on its usual one."""


def preview(
    problem: Annotated[
        str | None, typer.Argument(help="Its slug or position; all where none is named.")
    ] = None,
    port: Annotated[
        int, typer.Option(help="Port to listen on, on 127.0.0.1; 0 takes any free one.", min=0, max=65535)
    ] = _PORT,
) -> None:
    """Show problems in the browser as their folders are, and again with each save; grade what is sent in.

    Nobody signs in, and nothing is kept: what was sent in is gone with the preview.
    """
    from app.cli.serving.followed_folders import FollowedFolders
    from app.cli.serving.service import run_service

    settings = read_settings()
    slug = None if problem is None else _slug_of(settings, problem)
    shown = FollowedFolders(settings.problems_dir, settings.references_dir, slug=slug)
    with tempfile.TemporaryDirectory(prefix="jaxercise-preview-", ignore_cleanup_errors=True) as place:
        run_service(_of_one_author(settings, Path(place), port), preview=shown)


def _slug_of(settings: Settings, name: str) -> str:
    """Return the slug of the problem with this slug, position or folder; it may be broken.

    Raises:
        ProblemNotFound: there is none; the message lists the slugs.
    """
    from app.catalog.new_problem import identities_below

    identities = identities_below(settings.problems_dir)
    for folder, identity in identities.items():
        if identity.slug and name in (identity.slug, str(identity.position), folder):
            return identity.slug
    slugs = ", ".join(identity.slug for identity in identities.values() if identity.slug) or "none"
    raise ProblemNotFound(f"there is no problem {name!r}; there are {slugs}")


def _of_one_author(settings: Settings, place: Path, port: int) -> Settings:
    """Return the settings of a service that one person has for a while, whatever is set for others.

    Compiled programs and reference outputs are those of the data folder, so that they are there already.
    """
    return settings.model_copy(
        update={
            "database_url": SecretStr(f"sqlite:///{place / 'preview.db'}"),
            "host": "127.0.0.1",
            "port": port,
            "metrics_port": None,
            "worker": True,
            "slots": 1,
            "warm_jails": min(settings.warm_jails, 2),
            "sign_up": "invitation",
            "public_addresses": "",
            "trusted_proxies": "",
            "drain_seconds": 0.0,
        }
    )
