"""`jaxercise users`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from app.core.user import Role

if TYPE_CHECKING:
    from app.accounts.accounts import Accounts

commands = typer.Typer(no_args_is_help=True, help="List accounts, create them, change their roles.")


@commands.command("list")
def list_users() -> None:
    """Everybody: role, email address, since when."""

    async def run() -> None:
        async with _accounts() as accounts:
            for user in await accounts.everybody():
                print(f"{user.role:<10} {user.email}  since {user.created_at:%Y-%m-%d}")

    asyncio.run(run())


@commands.command("set-role")
def set_role(email: str, role: Role) -> None:
    """Make an account a learner, an instructor or an admin."""

    async def run() -> None:
        async with _accounts() as accounts:
            await accounts.set_role(email, role)
        print(f"{email} is now {role}.")

    asyncio.run(run())


@commands.command("create")
def create(
    email: str,
    role: Annotated[
        Role, typer.Option(help="The first account of all is the admin, whatever this says.")
    ] = Role.LEARNER,
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="JAXERCISE_PASSWORD")
    ] = "",
) -> None:
    """Create an account; asks for the password."""

    async def run() -> None:
        async with _accounts() as accounts:
            user = await accounts.sign_up(email, password, role=role)
        print(f"{user.email} is now {user.role}.")

    asyncio.run(run())


@asynccontextmanager
async def _accounts() -> AsyncIterator["Accounts"]:
    from app.accounts.accounts import Accounts
    from app.settings import read_settings
    from app.store.engine.open import open_database

    async with open_database(read_settings().store_url) as database:
        yield Accounts(database)
