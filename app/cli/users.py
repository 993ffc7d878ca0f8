"""`jaxercise users`: accounts from the shell, for whoever may read the database."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from app.core.user import Role
from app.errors import AccountError
from app.settings import Settings, read_settings

if TYPE_CHECKING:
    from app.accounts.accounts import Accounts
    from app.accounts.invitations import Invitations
    from app.store.engine.database import Database

commands = typer.Typer(
    no_args_is_help=True,
    help="List accounts, create and invite them, change roles and passwords, disable and enable them.",
)
_Password = Annotated[
    str | None,
    typer.Option(
        envvar="JAXERCISE_PASSWORD", help="Better typed when asked for, or handed over on standard input."
    ),
]


@commands.command("list")
def list_users() -> None:
    """List everybody: role, email address, since when, and whether the account is disabled."""

    async def run(accounts: "Accounts") -> None:
        for user in await accounts.everybody():
            state = "" if user.is_enabled else "  disabled"
            print(f"{user.role:<10} {user.email}  since {user.created_at:%Y-%m-%d}{state}")

    _run(read_settings(), run)


@commands.command("create")
def create(
    email: str,
    role: Annotated[
        Role, typer.Option(help="The first account of all is the admin, whatever this says.")
    ] = Role.LEARNER,
    password: _Password = None,
) -> None:
    """Create an account; asks for the password, or reads it from standard input."""
    settings = read_settings()
    chosen = _utf8(password or _asked_password())

    async def run(accounts: "Accounts") -> None:
        user = await accounts.sign_up(email, chosen, role=role)
        print(f"{user.email} is now {user.role}.")

    _run(settings, run)


@commands.command("set-role")
def set_role(email: str, role: Role) -> None:
    """Make an account a learner, an instructor or an admin."""

    async def run(accounts: "Accounts") -> None:
        await accounts.set_role(email, role)
        print(f"{email} is now {role}.")

    _run(read_settings(), run)


@commands.command("set-password")
def set_password(email: str, password: _Password = None) -> None:
    """Give an account another password and end its sessions; asks, or reads it from standard input."""
    settings = read_settings()
    chosen = _utf8(password or _asked_password())

    async def run(accounts: "Accounts") -> None:
        user = await accounts.set_password(email, chosen)
        rest = "its sessions have ended" if user.is_enabled else "the account is still disabled"
        print(f"{user.email} has another password; {rest}.")

    _run(settings, run)


@commands.command("invite")
def invite(
    uses: Annotated[int, typer.Option(help="How many accounts may be made by it.")] = 1,
    days: Annotated[int, typer.Option(help="How many days it lasts.")] = 14,
    name: Annotated[str, typer.Option(help="Whom it is for, as the list shows it.")] = "",
    address: Annotated[
        str | None, typer.Option(help="The service's own, as in https://jax.school.example.")
    ] = None,
) -> None:
    """Make an invitation and print its link, which can be read this once."""
    settings = read_settings()
    own = settings.origins[0] if settings.origins else f"http://{settings.host}:{settings.port}"
    base = (address or own).rstrip("/")

    async def run(invitations: "Invitations") -> None:
        made = await invitations.invite(name=name, uses=uses, days=days)
        accounts = "1 account" if uses == 1 else f"{uses} accounts"
        print(f"{base}{made.path}")
        print(f"Good for {accounts} until {made.invitation.expires_at:%Y-%m-%d %H:%M} UTC.")
        if settings.sign_up == "open":
            print("Nobody needs it as long as JAXERCISE_SIGN_UP is open.")

    _run_invitations(settings, run)


@commands.command("invitations")
def list_invitations() -> None:
    """List the last invitations: id, how often they were used, until when, and whether they are over."""

    async def run(invitations: "Invitations") -> None:
        now = datetime.now(UTC)
        for found in await invitations.newest():
            state = found.state(now).replace("_", " ")
            print(
                f"{found.id}  {f'{found.used} of {found.uses}':<12} "
                f"until {found.expires_at:%Y-%m-%d %H:%M}  {state:<8} {found.name}".rstrip()
            )

    _run_invitations(read_settings(), run)


@commands.command("revoke-invitation")
def revoke_invitation(invitation_id: str) -> None:
    """Let nobody sign up by an invitation any more; accounts that were made by it stay."""

    async def run(invitations: "Invitations") -> None:
        found = await invitations.revoke(invitation_id)
        print(f"{found.id} is revoked; {found.used} of {found.uses} had signed up by it.")

    _run_invitations(read_settings(), run)


@commands.command("disable")
def disable(email: str) -> None:
    """Let nobody sign in to an account: its sessions and tokens end, its submissions stay."""

    async def run(accounts: "Accounts") -> None:
        user = await accounts.disable(email)
        print(f"{user.email} is disabled; its sessions and tokens have ended.")

    _run(read_settings(), run)


@commands.command("enable")
def enable(email: str) -> None:
    """Let a disabled account sign in again, with the password that it had."""

    async def run(accounts: "Accounts") -> None:
        user = await accounts.enable(email)
        print(f"{user.email} is enabled.")

    _run(read_settings(), run)


def _asked_password() -> str:
    """Return the password that is typed twice at a terminal, or the first line of what is no terminal.

    Raises:
        AccountError: there is none.
    """
    # None where the shell has closed it.
    stdin: TextIO | None = sys.stdin
    if stdin is not None and stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    password = "" if stdin is None else stdin.buffer.readline().decode(errors="surrogateescape").strip("\r\n")
    if not password:
        raise AccountError(
            "There is no password: type it at a terminal, hand it over on standard input, "
            "or set JAXERCISE_PASSWORD."
        )
    return password


def _utf8(password: str) -> str:
    """Return the password as it is.

    Raises:
        AccountError: it is no UTF-8 text.
    """
    if any("\ud800" <= char <= "\udfff" for char in password):
        raise AccountError("The password is not UTF-8 text.")
    return password


def _run(settings: Settings, command: "Callable[[Accounts], Awaitable[None]]") -> None:
    """Run a command on the accounts of the settings' database."""
    from app.accounts.accounts import Accounts

    async def run() -> None:
        async with _database(settings) as database:
            await command(Accounts(database))

    asyncio.run(run())


def _run_invitations(settings: Settings, command: "Callable[[Invitations], Awaitable[None]]") -> None:
    """Run a command on the invitations of the settings' database."""
    from app.accounts.invitations import Invitations

    async def run() -> None:
        async with _database(settings) as database:
            await command(Invitations(database))

    asyncio.run(run())


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator["Database"]:
    from app.store.engine.open import open_database

    async with open_database(settings.store_url) as database:
        yield database
