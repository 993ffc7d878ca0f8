"""Passwords that are replaced, disabled accounts, and that somebody administers, on both databases."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app.accounts.accounts import Accounts
from app.core.user import Role
from app.errors import AccountError, EmailTaken, NotSignedIn, WrongPassword
from app.store.engine.database import Database
from app.store.queries import users

pytestmark = pytest.mark.anyio

_PASSWORD, _OTHER = "correct horse battery", "another staple battery"
_ADMIN, _SECOND, _LEARNER = "admin@school.test", "second@school.test", "learner@school.test"


@pytest.fixture
async def accounts(database: Database) -> Accounts:
    """Two admins and a learner."""
    made = Accounts(database)
    await made.sign_up(_ADMIN, _PASSWORD)
    await made.sign_up(_SECOND, _PASSWORD, role=Role.ADMIN)
    await made.sign_up(_LEARNER, _PASSWORD)
    return made


async def test_a_new_password_ends_the_sessions_of_the_old_one(accounts: Accounts) -> None:
    """Tokens are secrets of their own and stay."""
    session = await accounts.sign_in(_LEARNER, _PASSWORD, client="a")
    others = await accounts.sign_in(_SECOND, _PASSWORD, client="a")
    user = await accounts.user_of_session(session)
    assert user is not None
    token = await accounts.create_token(user, "ci")
    await accounts.set_password(_LEARNER, _OTHER)
    assert await accounts.user_of_session(session) is None
    assert await accounts.user_of_session(others) is not None
    assert await accounts.user_of_token(token) == user
    with pytest.raises(WrongPassword):
        await accounts.sign_in(_LEARNER, _PASSWORD, client="a")
    assert await accounts.user_of_session(await accounts.sign_in(_LEARNER, _OTHER, client="a")) == user


async def test_a_disabled_account_is_let_in_nowhere(accounts: Accounts) -> None:
    """Not by what it had, and after it is enabled by its password again, but by no older session or token."""
    session = await accounts.sign_in(_LEARNER, _PASSWORD, client="a")
    user = await accounts.user_of_session(session)
    assert user is not None
    token = await accounts.create_token(user, "ci")
    await accounts.disable(_LEARNER)
    await accounts.disable(_LEARNER)
    with pytest.raises(WrongPassword):
        await accounts.sign_in(_LEARNER, _PASSWORD, client="a")
    with pytest.raises(NotSignedIn):
        await accounts.start_session(user)
    with pytest.raises(NotSignedIn):
        await accounts.create_token(user, "ci")
    assert [one.email for one in await accounts.everybody() if not one.is_enabled] == [_LEARNER]
    for is_enabled in (False, True):
        assert await accounts.user_of_session(session) is None
        assert await accounts.user_of_token(token) is None
        if not is_enabled:
            await accounts.enable(_LEARNER)
            await accounts.enable(_LEARNER)
    assert await accounts.user_of_session(await accounts.sign_in(_LEARNER, _PASSWORD, client="a")) == user


async def test_a_session_that_is_left_over_lets_no_disabled_account_in(
    accounts: Accounts, database: Database
) -> None:
    """Even where one came to be in between: each request looks at the account."""
    session = await accounts.sign_in(_LEARNER, _PASSWORD, client="a")
    user = await accounts.user_of_session(session)
    assert user is not None
    token = await accounts.create_token(user, "ci")
    async with database.transaction() as connection:
        await users.disable(connection, user)
    assert await accounts.user_of_session(session) is None
    assert await accounts.user_of_token(token) is None


async def test_a_disabled_account_that_gets_another_password_stays_disabled(accounts: Accounts) -> None:
    await accounts.disable(_LEARNER)
    await accounts.set_password(_LEARNER, _OTHER)
    with pytest.raises(WrongPassword):
        await accounts.sign_in(_LEARNER, _OTHER, client="a")
    await accounts.enable(_LEARNER)
    assert await accounts.sign_in(_LEARNER, _OTHER, client="a")


_Change = Callable[[Accounts, str], Awaitable[object]]


def _demote(accounts: Accounts, email: str) -> Awaitable[object]:
    return accounts.set_role(email, Role.LEARNER)


def _disable(accounts: Accounts, email: str) -> Awaitable[object]:
    return accounts.disable(email)


@pytest.mark.parametrize("first", [_demote, _disable])
@pytest.mark.parametrize("second", [_demote, _disable])
async def test_the_last_admin_stays(accounts: Accounts, first: _Change, second: _Change) -> None:
    """A disabled one does not count; others are changed as before, and the last one may be made one again."""
    await first(accounts, _SECOND)
    with pytest.raises(AccountError, match=f"{_ADMIN} is the only admin who can sign in"):
        await second(accounts, _ADMIN)
    await accounts.set_role(_ADMIN, Role.ADMIN)
    await second(accounts, _LEARNER)
    await second(accounts, _SECOND)


@pytest.mark.parametrize("change", [_demote, _disable])
async def test_of_two_admins_who_go_at_the_same_moment_one_stays(database: Database, change: _Change) -> None:
    """Neither may count on the other."""
    accounts = Accounts(database)
    await accounts.sign_up(_ADMIN, _PASSWORD)
    await accounts.sign_up(_SECOND, _PASSWORD, role=Role.ADMIN)
    for _ in range(5):
        ended = await asyncio.gather(
            change(accounts, _ADMIN), change(accounts, _SECOND), return_exceptions=True
        )
        assert sorted(type(one).__name__ for one in ended if isinstance(one, Exception)) == ["AccountError"]
        left = [
            user.email for user in await accounts.everybody() if user.role == Role.ADMIN and user.is_enabled
        ]
        assert len(left) == 1
        for email in (_ADMIN, _SECOND):
            await accounts.set_role(email, Role.ADMIN)
            await accounts.enable(email)


async def test_nobody_gets_in_by_a_password_that_is_being_replaced(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old one was right when it was looked at, and is not any more when the session is stored."""
    matches = accounts._passwords.matches

    async def slowly(
        password: str, password_hash: str | None, *, network: str = "", known_device: bool = False
    ) -> bool:
        found = await matches(password, password_hash, network=network, known_device=known_device)
        await accounts.set_password(_LEARNER, _OTHER)
        return found

    monkeypatch.setattr(accounts._passwords, "matches", slowly)
    with pytest.raises(WrongPassword):
        await accounts.sign_in(_LEARNER, _PASSWORD, client="a")


async def test_nobody_is_changed_who_is_not_there(accounts: Accounts) -> None:
    nobody = "nobody@school.test"
    for change in (accounts.disable(nobody), accounts.enable(nobody), accounts.set_password(nobody, _OTHER)):
        with pytest.raises(AccountError, match=f"There is no account {nobody}"):
            await change


async def test_a_form_that_is_sent_twice_at_once_makes_one_token_and_one_account(accounts: Accounts) -> None:
    """As by a double click: both answers are those of the first."""
    session = await accounts.sign_in(_LEARNER, _PASSWORD, client="a")
    user = await accounts.user_of_session(session)
    assert user is not None
    asked = [accounts.create_token(user, "ci", session=session, key="form") for _ in range(4)]
    assert len(set(await asyncio.gather(*asked))) == 1
    assert [token.name for token in await accounts.tokens_of(user)] == ["ci"]
    made = [accounts.sign_up("new@school.test", _PASSWORD, key="form") for _ in range(4)]
    ended = await asyncio.gather(*made, return_exceptions=True)
    assert sum(isinstance(one, EmailTaken) for one in ended) == 3
    assert await accounts.made_by_form(" NEW@school.test", "form")
    assert not await accounts.made_by_form("new@school.test", "another form")
    assert not await accounts.made_by_form(_LEARNER, "")
    assert not await accounts.made_by_form("nobody@school.test", "form")
