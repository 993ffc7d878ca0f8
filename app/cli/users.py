"""`jaxercise users`: accounts from the shell, for whoever may read the database."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from app.core.user import Role
from app.errors import AccountError
from app.settings import Settings, read_settings

if TYPE_CHECKING:
    from app.accounts.accounts import Accounts

commands = typer.Typer(
    no_args_is_help=True,
    help="List accounts, create them, change roles and passwords, disable and enable them.",
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

    async def run() -> None:
        async with _accounts(settings) as accounts:
            await command(accounts)

    asyncio.run(run())


@asynccontextmanager
async def _accounts(settings: Settings) -> AsyncIterator["Accounts"]:
    from app.accounts.accounts import Accounts
    from app.store.engine.open import open_database

    async with open_database(settings.store_url) as database:
        yield Accounts(database)
