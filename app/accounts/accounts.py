"""Accounts: signing up, in and out, and tokens for programs."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec

from app.accounts.credentials import (
    Passwords,
    is_device_proof,
    new_device_proof,
    new_secret,
    normal_email,
    secret_hash,
    secret_of_wish,
)
from app.accounts.guesses import Guesses
from app.accounts.limits import RateLimit
from app.accounts.sign_up_rule import Entrance, SignUpRule
from app.core.user import Role, User
from app.errors import AccountError, MalformedEmail, NotSignedIn, WrongPassword
from app.store.engine.database import Connection, Database
from app.store.queries import sessions, tokens, users
from app.store.queries.invitations import Invitation
from app.store.queries.tokens import Token

TOKEN_NAME_LIMIT = 100
_OF_ONE_NETWORK = 240
"""Attempts a minute: a class of eighty sits behind one address, and each may need three."""
SESSIONS_LIMIT = 100
"""How many sessions an account may have; the oldest ends with the next sign-in."""
TOKENS_LIMIT = 100
"""How many tokens an account may have."""
# Lets a secret scanner recognise a leaked token.
_PREFIX = "jaxercise_"


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token at its birth: the only moment at which the secret can be read."""

    token: Token
    secret: str


class Accounts:
    """Local accounts in the store. Passwords, sessions and tokens are stored as hashes only."""

    def __init__(
        self, database: Database, *, session_days: int = 30, sign_up_rule: SignUpRule | None = None
    ) -> None:
        self._database = database
        self._session_lifetime = timedelta(days=session_days)
        self.sign_up_rule = sign_up_rule or SignUpRule()
        self._passwords = Passwords()
        self._sign_ups = RateLimit(_OF_ONE_NETWORK)
        self._guesses = Guesses()

    async def sign_up(
        self,
        email: str,
        password: str,
        *,
        client: str | None = None,
        entrance: Entrance | None = None,
        role: Role = Role.LEARNER,
        key: str = "",
    ) -> User:
        """Make a new account. The first one is the admin, also when two sign up at the same moment.

        `key` names the form that asks for it, see `made_by_form`.

        Raises:
            MalformedEmail, WeakPassword, EmailTaken, TooManyAttempts
            InvitationNeeded, InvitationOver, WrongCode: by the rule; of the first account it asks nothing.
        """
        if client is not None:
            self._sign_ups.attempt(client)
        entrance = entrance or Entrance()
        address = normal_email(email)
        # Before the hash, which costs most of it, and before anything is said of the address.
        await self.invitation_of(entrance)
        password_hash = await self._passwords.hashed(password, network=client or "")
        async with self._database.transaction() as connection:
            user = await users.insert_user(
                connection,
                email=address,
                password_hash=password_hash,
                role=role,
                user_id=_id_by_form(key, address) if key else None,
            )
            # The first one is the admin instead, and could be invited by nobody.
            if user.role is role:
                await self.sign_up_rule.enter(connection, entrance)
        return user

    async def made_by_form(self, email: str, key: str) -> bool:
        """Return whether the account with this address was made by the form of that name.

        Sent once more, as by a double click, the form asks for nothing new.
        """
        address = normal_email(email)
        async with self._database.reading() as connection:
            found = await users.user_and_password_hash(connection, address)
        return bool(key) and found is not None and found[0].id == _id_by_form(key, address)

    async def invitation_of(self, entrance: Entrance) -> Invitation | None:
        """Return the invitation that lets somebody sign up; None where it takes none.

        Raises:
            InvitationNeeded, InvitationOver, WrongCode: they would be refused.
        """
        async with self._database.reading() as connection:
            if await users.count_users(connection) == 0:
                return None
            return await self.sign_up_rule.look(connection, entrance)

    async def sign_in(self, email: str, password: str, *, client: str, device: str | None = None) -> str:
        """Return a new session's secret, for the cookie.

        `client` is a network; `device` is what `device_proof` once gave for an account, this or another.

        Raises:
            WrongPassword: also for an address without an account, and for one that is disabled.
            TooManyAttempts: by this client, at all or for this address; or by this device.
        """
        try:
            address = normal_email(email)
        except MalformedEmail:
            raise WrongPassword from None
        async with self._database.reading() as connection:
            found = await users.user_and_password_hash(connection, address)
        password_hash = found[1] if found is not None and found[0].is_enabled else None
        known = device if is_device_proof(device, password_hash) else None
        self._guesses.attempt(address, network=client, device=known)
        is_right = await self._passwords.matches(
            password, password_hash, network=client, known_device=known is not None
        )
        if not is_right or found is None:
            raise WrongPassword
        self._guesses.right(address, network=client, device=known)
        return await self._new_session(found[0], password_hash)

    async def device_proof(self, email: str) -> str:
        """Return what shows later that somebody has signed in to this account before, with this password.

        It lets nobody in: who has it is not held up by wrong passwords that others try.
        """
        async with self._database.reading() as connection:
            found = await users.user_and_password_hash(connection, normal_email(email))
        return "" if found is None else new_device_proof(found[1])

    async def start_session(self, user: User) -> str:
        """Return the secret of a session for somebody who has just signed up.

        Raises:
            NotSignedIn: the account was disabled meanwhile.
        """
        return await self._new_session(user, None)

    async def _new_session(self, user: User, password_hash: str | None) -> str:
        secret = new_secret()
        now = datetime.now(UTC)
        async with self._database.transaction() as connection:
            # Whoever changes the password or disables the account ends the sessions that there are by then.
            if not await users.hold_enabled(connection, user.id, password_hash=password_hash):
                raise NotSignedIn if password_hash is None else WrongPassword
            await sessions.delete_expired_sessions(connection, now=now)
            await sessions.insert_session(
                connection,
                secret_hash=secret_hash(secret),
                user_id=user.id,
                created_at=now,
                expires_at=now + self._session_lifetime,
            )
            await sessions.delete_sessions_beyond(connection, user.id, newest=SESSIONS_LIMIT)
        return secret

    @property
    def session_seconds(self) -> int:
        """How long a session lasts, and its cookie with it."""
        return int(self._session_lifetime.total_seconds())

    async def sign_out(self, session: str) -> None:
        async with self._database.transaction() as connection:
            await sessions.delete_session(connection, secret_hash(session))

    async def user_of_session(self, session: str) -> User | None:
        """Return whose session it is; None where it is unknown, ended or expired, or the account disabled."""
        async with self._database.reading() as connection:
            return await sessions.user_of_session(connection, secret_hash(session), now=datetime.now(UTC))

    async def new_token(self, user: User, name: str, *, secret: str | None = None) -> NewToken:
        """Make a token that acts for the user until it is deleted.

        With a `secret` that was drawn before for this, and was used already, the same one is returned.

        Raises:
            AccountError: the name is empty or too long, or the account has too many.
            NotSignedIn: the account was disabled meanwhile.
        """
        name = name.strip()
        if not 0 < len(name) <= TOKEN_NAME_LIMIT or not name.isprintable():
            raise AccountError(f"A token's name needs 1 to {TOKEN_NAME_LIMIT} printable characters.")
        token = Token(id=uuid4().hex, name=name, created_at=datetime.now(UTC))
        secret = secret or new_secret(_PREFIX)
        hashed = secret_hash(secret)
        async with self._database.transaction() as connection:
            if not await users.hold_enabled(connection, user.id):
                raise NotSignedIn
            found = await tokens.token_by_secret(connection, hashed, user_id=user.id)
            if found is None:
                if len(await tokens.tokens_of(connection, user.id)) >= TOKENS_LIMIT:
                    raise AccountError(
                        f"An account may have {TOKENS_LIMIT} tokens: delete one that is not used."
                    )
                await tokens.insert_token(connection, token, user_id=user.id, secret_hash=hashed)
                # Where two come at the same moment, the first one's.
                found = await tokens.token_by_secret(connection, hashed, user_id=user.id)
        assert found is not None
        return NewToken(token=found, secret=secret)

    async def create_token(self, user: User, name: str, *, session: str | None = None, key: str = "") -> str:
        """Return a new token's secret, which can't be read again later.

        A form that names itself by `key`, and is sent twice in one `session`, makes one token.
        """
        secret = None
        if session and key:
            secret = secret_of_wish(_PREFIX, session=session, wish=f"token {key} {name.strip()}")
        return (await self.new_token(user, name, secret=secret)).secret

    async def user_of_token(self, token: str) -> User | None:
        async with self._database.reading() as connection:
            return await tokens.user_of_token(connection, secret_hash(token))

    async def tokens_of(self, user: User) -> list[Token]:
        """Return the user's tokens without their secrets, oldest first."""
        async with self._database.reading() as connection:
            return await tokens.tokens_of(connection, user.id)

    async def delete_token(self, user: User, token_id: str) -> bool:
        """End a token; False where the user has none with this id."""
        if not token_id.isalnum():
            return False
        async with self._database.transaction() as connection:
            return await tokens.delete_token(connection, token_id, user_id=user.id)

    async def everybody(self) -> list[User]:
        """Return all accounts, oldest first."""
        async with self._database.reading() as connection:
            return await users.all_users(connection)

    async def is_empty(self) -> bool:
        """Return whether nobody has signed up yet, so that the next one becomes the admin."""
        async with self._database.reading() as connection:
            return await users.count_users(connection) == 0

    async def set_role(self, email: str, role: Role) -> None:
        """Give an account another role.

        Raises:
            AccountError: there is no such account, or nobody would administer any more.
        """
        address = normal_email(email)
        async with self._database.transaction() as connection:
            if role is not Role.ADMIN:
                await _require_another_admin(connection, address)
            if not await users.set_role(connection, address, role):
                raise AccountError(f"There is no account {address}.")

    async def set_password(self, email: str, password: str) -> User:
        """Give an account another password, and end its sessions; its tokens stay.

        Raises:
            AccountError: there is no such account.
            WeakPassword: the password is too short or too long.
        """
        address = normal_email(email)
        password_hash = await self._passwords.hashed(password)
        async with self._database.transaction() as connection:
            user = await _existing_user(connection, address)
            await users.set_password_hash(connection, user, password_hash)
            await sessions.delete_sessions_of(connection, user.id)
        return user

    async def disable(self, email: str) -> User:
        """Let nobody use an account until it is enabled again: its sessions and tokens end.

        Raises:
            AccountError: there is no such account, or nobody would administer any more.
        """
        address = normal_email(email)
        async with self._database.transaction() as connection:
            await _require_another_admin(connection, address)
            user = await _existing_user(connection, address)
            await users.disable(connection, user)
            await sessions.delete_sessions_of(connection, user.id)
            await tokens.delete_tokens_of(connection, user.id)
        return user

    async def enable(self, email: str) -> User:
        """Let an account sign in again, with the password that it had.

        Raises:
            AccountError: there is no such account.
        """
        address = normal_email(email)
        async with self._database.transaction() as connection:
            user = await _existing_user(connection, address)
            await users.enable(connection, user)
        return user


def _id_by_form(key: str, address: str) -> str:
    # The id itself tells the form, so that nothing else need be stored of it.
    return secret_hash(f"sign-up {key}\n{address}")[:32]


async def _existing_user(connection: Connection, address: str) -> User:
    found = await users.user_and_password_hash(connection, address)
    if found is None:
        raise AccountError(f"There is no account {address}.")
    return found[0]


async def _require_another_admin(connection: Connection, address: str) -> None:
    if await users.hold_enabled_admins(connection) == [address]:
        raise AccountError(
            f"{address} is the only admin who can sign in: make another account an admin first, "
            "with `jaxercise users set-role EMAIL admin`."
        )
