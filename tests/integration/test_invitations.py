"""How often an invitation is used: counted in one step with the account, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from app.accounts.accounts import Accounts
from app.accounts.invitations import Invitations
from app.accounts.sign_up_rule import Entrance, SignUpRule
from app.core.user import Role, User
from app.errors import AccountError, EmailTaken, InvitationNeeded, InvitationOver
from app.store import tables
from app.store.engine.database import Database
from app.store.queries.invitations import InvitationState

pytestmark = pytest.mark.anyio

_PASSWORD = "correct horse battery"


@pytest.fixture
async def accounts(database: Database) -> Accounts:
    """With an admin."""
    made = Accounts(database, sign_up_rule=SignUpRule(needs="invitation"))
    await made.sign_up("admin@school.test", _PASSWORD)
    return made


async def test_two_at_once_cannot_use_the_last_use_twice(database: Database, accounts: Accounts) -> None:
    """Of eight that come at the same moment three get in, and the others leave nothing behind."""
    made = await Invitations(database).invite(uses=3)
    entrance = Entrance(invitation=made.secret)
    ended = await asyncio.gather(
        *(accounts.sign_up(f"{n}@school.test", _PASSWORD, entrance=entrance) for n in range(8)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, User) for one in ended) == 3
    assert sum(isinstance(one, InvitationOver) for one in ended) == 5
    [left] = await Invitations(database).newest()
    assert (left.used, left.state(datetime.now(UTC))) == (3, InvitationState.USED_UP)
    assert len(await accounts.everybody()) == 4


async def test_a_refused_account_uses_nothing_up(database: Database, accounts: Accounts) -> None:
    made = await Invitations(database).invite()
    entrance = Entrance(invitation=made.secret)
    with pytest.raises(EmailTaken):
        await accounts.sign_up("admin@school.test", _PASSWORD, entrance=entrance)
    assert (await Invitations(database).newest())[0].used == 0
    assert (await accounts.sign_up("a@school.test", _PASSWORD, entrance=entrance)).role is Role.LEARNER


async def test_who_is_not_invited_learns_of_no_account(accounts: Accounts) -> None:
    """The same is said of an address that has one."""
    for email in ("admin@school.test", "nobody@school.test"):
        with pytest.raises(InvitationNeeded):
            await accounts.sign_up(email, _PASSWORD)


async def test_of_two_first_accounts_without_an_invitation_one_is_made(database: Database) -> None:
    """The founder's row decides; the other is one too many, and is nobody."""
    accounts = Accounts(database, sign_up_rule=SignUpRule(needs="invitation"))
    ended = await asyncio.gather(
        *(accounts.sign_up(f"{n}@school.test", _PASSWORD) for n in range(4)), return_exceptions=True
    )
    [first] = [one for one in ended if isinstance(one, User)]
    assert sum(isinstance(one, InvitationNeeded) for one in ended) == 3
    assert await accounts.everybody() == [first]
    assert first.role is Role.ADMIN


async def test_one_that_has_expired_or_was_revoked_lets_nobody_in(
    database: Database, accounts: Accounts
) -> None:
    invitations = Invitations(database)
    expired, revoked = await invitations.invite(uses=9), await invitations.invite(uses=9)
    async with database.transaction() as connection:
        past = datetime.now(UTC) - timedelta(seconds=1)
        change = update(tables.invitations).where(tables.invitations.c.id == expired.invitation.id)
        await connection.execute(change.values(expires_at=past))
    first = await invitations.revoke(revoked.invitation.id)
    assert (await invitations.revoke(revoked.invitation.id)).revoked_at == first.revoked_at
    for made, reason in ((expired, "expired"), (revoked, "withdrawn")):
        with pytest.raises(InvitationOver, match=reason):
            await accounts.sign_up("a@school.test", _PASSWORD, entrance=Entrance(invitation=made.secret))
    with pytest.raises(AccountError, match="no invitation"):
        await invitations.revoke("f" * 32)


async def test_a_secret_said_again_is_the_same_invitation(database: Database) -> None:
    """A form that is sent twice; what is stored is the secret's hash alone."""
    invitations = Invitations(database)
    first = await invitations.invite(name="a", uses=2, secret="s" * 43)
    again = await invitations.invite(name="b", uses=3, secret="s" * 43)
    assert again == first
    assert (await invitations.invite(secret="short")).secret != "short"
    async with database.reading() as connection:
        rows = (await connection.execute(tables.invitations.select())).all()
    assert len(rows) == 2
    assert "s" * 43 not in str(rows)
