"""Signing up, in and out, and tokens, over the JSON API."""

import json
from pathlib import Path

import pytest

from tests.support.scripted_service import PASSWORD, code, scripted_service

pytestmark = pytest.mark.anyio
CREDENTIALS = {"email": "a@school.test", "password": PASSWORD}


async def test_the_first_account_is_the_admin_and_is_signed_in(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        answer = await service.client.post("/api/v1/accounts", json=CREDENTIALS)
        assert (answer.status_code, answer.json()["role"]) == (201, "admin")
        assert (await service.client.get("/api/v1/session")).json()["email"] == "a@school.test"
        async with service.visitor() as other:
            second = await other.post("/api/v1/accounts", json={**CREDENTIALS, "email": "b@school.test"})
            assert second.json()["role"] == "learner"


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        answer = await service.client.post("/api/v1/accounts", json=CREDENTIALS)
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("jaxercise_session=")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


async def test_over_https_the_cookie_is_secure(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        answer = await service.client.post("https://jaxercise.test/api/v1/accounts", json=CREDENTIALS)
    assert "secure" in answer.headers["set-cookie"].lower()


async def test_signing_out_ends_the_session_itself(tmp_path: Path) -> None:
    """A stolen copy of the cookie is worth nothing afterwards."""
    async with scripted_service(tmp_path) as service:
        await service.client.post("/api/v1/accounts", json=CREDENTIALS)
        stolen = service.client.cookies["jaxercise_session"]
        assert (await service.client.delete("/api/v1/session")).status_code == 204
        assert code(await service.client.get("/api/v1/session")) == "not_signed_in"
        async with service.visitor(Cookie=f"jaxercise_session={stolen}") as thief:
            assert (await thief.get("/api/v1/session")).status_code == 401


async def test_signing_in_takes_the_right_password(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up("a@school.test")
        async with service.visitor() as browser:
            for wrong in (
                {**CREDENTIALS, "password": "not the password"},
                {**CREDENTIALS, "email": "nobody@school.test"},
                {**CREDENTIALS, "email": "not an address"},
            ):
                answer = await browser.post("/api/v1/session", json=wrong)
                assert (answer.status_code, code(answer)) == (401, "wrong_password")
            right = await browser.post("/api/v1/session", json={**CREDENTIALS, "email": " A@School.TEST "})
            assert right.json()["email"] == "a@school.test"
            assert (await browser.get("/api/v1/session")).status_code == 200


async def test_guessing_passwords_is_slowed_down(tmp_path: Path) -> None:
    """Ten tries a minute at one address, from one network; other addresses are not held up."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up("a@school.test")
        async with service.visitor() as guesser:
            wrong = {**CREDENTIALS, "password": "x" * 1025}
            answers = [await guesser.post("/api/v1/session", json=wrong) for _ in range(11)]
            assert [answer.status_code for answer in answers] == [401] * 10 + [429]
            assert code(answers[-1]) == "too_many_attempts"
            assert answers[-1].headers["retry-after"] == "60"
            assert code(await guesser.post("/api/v1/session", json=CREDENTIALS)) == "too_many_attempts"
            other = await guesser.post("/api/v1/session", json={**wrong, "email": "b@school.test"})
            assert code(other) == "wrong_password"


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({**CREDENTIALS, "password": "short"}, 422, "weak_password"),
        ({**CREDENTIALS, "password": "x" * 2000}, 422, "weak_password"),
        ({**CREDENTIALS, "email": "no at sign"}, 422, "malformed_email"),
        ({**CREDENTIALS, "email": "a\0b@school.test"}, 422, "malformed_email"),
        ({**CREDENTIALS, "email": "x" * 400 + "@school.test"}, 422, "malformed_request"),
        ({"email": "a@school.test"}, 422, "malformed_request"),
        ({**CREDENTIALS, "role": "admin"}, 422, "malformed_request"),
    ],
)
async def test_a_bad_sign_up_is_refused(tmp_path: Path, body: object, status: int, expected: str) -> None:
    async with scripted_service(tmp_path) as service:
        answer = await service.client.post("/api/v1/accounts", json=body)
    assert (answer.status_code, code(answer)) == (status, expected)
    assert PASSWORD not in answer.text


async def test_an_address_has_one_account_however_it_is_spelt(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up("a@school.test")
        answer = await service.client.post("/api/v1/accounts", json={**CREDENTIALS, "email": "A@SCHOOL.test"})
    assert (answer.status_code, code(answer)) == (409, "email_taken")


async def test_a_token_acts_for_its_user_until_it_is_deleted(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        issued = (await service.client.post("/api/v1/tokens", json={"name": "ci"})).json()
        listed = (await service.client.get("/api/v1/tokens")).json()["tokens"]
        assert [(token["id"], token["name"]) for token in listed] == [(issued["id"], "ci")]
        assert issued["token"] not in str(listed)
        async with service.visitor(Authorization=f"Bearer {issued['token']}") as program:
            answer = await program.post("/api/v1/problems/double/submissions", json={"code": "x"})
            assert answer.status_code == 202
            await service.client.delete(f"/api/v1/tokens/{issued['id']}")
            assert code(await program.get("/api/v1/session")) == "not_signed_in"


async def test_nobody_deletes_anothers_token(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        issued = (await service.client.post("/api/v1/tokens", json={"name": "ci"})).json()
        async with service.visitor() as other:
            await other.post("/api/v1/accounts", json=CREDENTIALS)
            assert (await other.delete(f"/api/v1/tokens/{issued['id']}")).status_code == 204
        assert len((await service.client.get("/api/v1/tokens")).json()["tokens"]) == 1


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\0b"])
async def test_a_token_needs_a_readable_name(tmp_path: Path, name: str) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        answer = await service.client.post("/api/v1/tokens", json={"name": name})
    assert answer.status_code == 422


async def test_signing_up_takes_an_invitation_where_the_rule_says_so(tmp_path: Path) -> None:
    async with scripted_service(tmp_path, sign_up="invitation") as service:
        await service.sign_up("admin@school.test")
        made = await service.services.invitations.invite()
        async with service.visitor() as browser:
            for invitation, expected in (("", "invitation_needed"), ("made-up", "invitation_over")):
                answer = await browser.post(
                    "/api/v1/accounts", json={**CREDENTIALS, "invitation": invitation}
                )
                assert (answer.status_code, code(answer)) == (403, expected)
            body = {**CREDENTIALS, "invitation": made.secret}
            assert (await browser.post("/api/v1/accounts", json=body)).status_code == 201
            answer = await browser.post("/api/v1/accounts", json={**body, "email": "b@school.test"})
            assert code(answer) == "invitation_over"


async def test_signing_up_takes_a_code_where_the_rule_says_so(tmp_path: Path) -> None:
    """Whatever is typed for one."""
    async with scripted_service(tmp_path, sign_up="code", sign_up_code="frühling") as service:
        await service.sign_up("admin@school.test")
        async with service.visitor() as browser:
            for wrong in ("", "Frühling", "fr\0hling"):
                answer = await browser.post(
                    "/api/v1/accounts",
                    content=json.dumps({**CREDENTIALS, "code": wrong}),
                    headers={"Content-Type": "application/json"},
                )
                assert (answer.status_code, code(answer)) == (403, "wrong_code")
            right = await browser.post("/api/v1/accounts", json={**CREDENTIALS, "code": "frühling"})
            assert right.status_code == 201


async def test_of_an_accounts_sessions_the_newest_hundred_last(tmp_path: Path) -> None:
    """Whoever knows the password may sign in as often as they like, and fill no disk."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        first = await service.client.get("/api/v1/session")
        accounts = service.services.accounts
        [user] = await accounts.everybody()
        secrets = [await accounts.start_session(user) for _ in range(100)]
        assert (first.status_code, (await service.client.get("/api/v1/session")).status_code) == (200, 401)
        found = [await accounts.user_of_session(secret) for secret in secrets]
    assert found == [user] * 100
