"""A request for a host that is not ours is refused, and told why: in JSON, in a page, and in the log."""

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from tests.support.scripted_service import scripted_service

pytestmark = pytest.mark.anyio

_OURS = "https://grader.example.org,http://[2001:db8::7]:8000"


def _client(app: FastAPI, peer: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=(peer, 40_000))
    return httpx.AsyncClient(transport=transport, base_url="http://jaxercise.test")


async def _statuses(place: Path, hosts: tuple[str, ...], *, peer: str, path: str = "/sign-in") -> set[int]:
    async with (
        scripted_service(place, public_addresses=_OURS) as service,
        _client(service.app, peer) as client,
    ):
        return {(await client.get(path, headers={"Host": host})).status_code for host in hosts}


async def test_our_own_hosts_are_answered(tmp_path: Path) -> None:
    """In any case, and with the port that the scheme has anyway."""
    ours = ("grader.example.org", "Grader.Example.ORG", "grader.example.org:443", "[2001:db8::7]:8000")
    assert await _statuses(tmp_path, ours, peer="192.0.2.7") == {200}


async def test_other_hosts_are_refused(tmp_path: Path) -> None:
    """Another port is another host, and a name that only begins as ours is another name."""
    others = (
        "elsewhere.example.org",
        "grader.example.org:8000",
        "grader.example.org.evil.test",
        "evil.test#grader.example.org",
        "[2001:db8::7]",
        "10.0.0.1:8000",
        "inner-name:8000",
        "",
    )
    assert await _statuses(tmp_path, others, peer="192.0.2.7") == {400}


async def test_this_machine_may_call_it_by_its_own_name_and_nobody_else(tmp_path: Path) -> None:
    """As through an SSH tunnel; a page whose name was made to lead here is refused all the same."""
    own = ("localhost:8000", "127.0.0.1", "127.0.0.1:8000", "[::1]:8000")
    assert await _statuses(tmp_path, own, peer="127.0.0.1") == {200}
    assert await _statuses(tmp_path, own, peer="192.0.2.7") == {400}
    assert await _statuses(tmp_path, ("rebound.evil.test:8000",), peer="127.0.0.1") == {400}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_health_is_told_under_any_name(tmp_path: Path, path: str) -> None:
    """Load balancers and Prometheus come by an address, which need not be one of this machine."""
    assert 400 not in await _statuses(tmp_path, ("10.1.2.3:8000", "x"), peer="10.1.2.4", path=path)


async def test_every_host_is_answered_where_none_is_named(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service, _client(service.app, "192.0.2.7") as client:
        assert (await client.get("/sign-in", headers={"Host": "any.test"})).status_code == 200


async def test_the_refusal_says_where_the_service_is_and_the_log_what_came(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A name of the inside is the operator's alone; the log has one line, however many are refused."""
    inner = {"Host": "inner-name:8000", "Cookie": "x" * 5000}
    async with scripted_service(tmp_path, public_addresses=_OURS) as service:
        page = await service.client.get("/problems/double?q=" + "x" * 5000, headers=inner)
        answer = await service.client.post("/api/v1/session", headers=inner, json={})
    for refused in (page, answer):
        assert refused.status_code == 400
        assert "https://grader.example.org" in refused.text
        assert "in the log" in refused.text
        assert "inner-name" not in refused.text
    assert "<h1" in page.text
    assert answer.json()["error"]["code"] == "wrong_host"
    [line] = [record.getMessage() for record in caplog.records if record.name == "jaxercise.proxy"]
    assert "'inner-name:8000'" in line
    assert "JAXERCISE_PUBLIC_ADDRESSES" in line
    assert "proxy_set_header Host $http_host;" in line
    assert "docs/operators/proxies.md" in line
