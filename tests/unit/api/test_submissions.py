"""Submitting and following over the JSON API, with a scripted grader behind it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core.events import Queued
from tests.support.scripted_service import PASSWORD, code, scripted_service, until

pytestmark = pytest.mark.anyio


def events(stream: httpx.Response) -> list[tuple[int, str, dict[str, Any]]]:
    """The id, name and data of each event in a finished stream."""
    found = []
    for block in stream.text.replace("\r\n", "\n").strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


async def test_a_submission_is_taken_with_202_and_gets_its_verdict(tmp_path: Path) -> None:
    """The outside contract of POST and GET."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        answer = await service.client.post(
            "/api/v1/problems/double/submissions", json={"code": "print hello", "mode": "submit"}
        )
        assert answer.status_code == 202
        taken = answer.json()
        assert (taken["status"], taken["position"], taken["verdict"]) == ("queued", 0, None)
        assert answer.headers["location"] == f"/api/v1/submissions/{taken['id']}"
        verdict = await service.verdict(taken["id"])
    assert (verdict["outcome"], verdict["accepted"], verdict["score"]) == ("accepted", True, 1.0)
    assert verdict["stdout"] == "hello\n"
    assert [case["name"] for case in verdict["cases"]] == ["shown", "kept-back", "kept-back-fresh-1"]


async def test_a_byte_order_mark_is_no_part_of_the_code(tmp_path: Path) -> None:
    """Editors of Windows put one in front; what is stored and shown has none."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        taken = await service.submit("\ufeffprint hello", mode="submit")
        verdict = await service.verdict(taken["id"])
        shown = (await service.client.get(f"/api/v1/submissions/{taken['id']}")).json()
        empty = await service.client.post(
            "/api/v1/problems/double/submissions", json={"code": "\ufeff", "mode": "run"}
        )
    assert (verdict["accepted"], shown["code"]) == (True, "print hello")
    assert empty.status_code == 422


async def test_a_text_in_utf_16_that_was_read_as_another_is_told_as_that(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        sent = {"code": "print hello\n" + "x = 1".encode("utf-16-le").decode("latin-1"), "mode": "run"}
        answer = await service.client.post("/api/v1/problems/double/submissions", json=sent)
    assert (answer.status_code, code(answer)) == (422, "submission_refused")
    assert "NUL characters (line 2), as one in UTF-16" in answer.json()["error"]["message"]


async def test_run_grades_the_sample_cases_only(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        verdict = await service.verdict((await service.submit("x", mode="run"))["id"])
    assert [case["name"] for case in verdict["cases"]] == ["shown"]


async def test_events_come_in_order_live_and_again_afterwards(tmp_path: Path) -> None:
    """`queued`, `running`, a `case` each, `verdict`; replayed, a finished one begins with `running`."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        taken = await service.submit("outcome wrong_value")
        path = f"/api/v1/submissions/{taken['id']}/events"
        live = await service.client.get(path)
        again = await service.client.get(path)
    assert live.headers["content-type"].startswith("text/event-stream")
    ids = [number for number, _, _ in events(live)]
    assert ids == sorted(set(ids))
    names = [name for _, name, _ in events(live)]
    assert names == ["queued", "running", "case", "case", "case", "verdict"]
    assert events(live)[2][2]["case"]["outcome"] == "wrong_value"
    assert events(live)[-1][2]["verdict"]["outcome"] == "wrong_value"
    assert [name for _, name, _ in events(again)] == names[1:]


async def test_the_seed_of_the_fresh_cases_is_for_instructors_only(tmp_path: Path) -> None:
    """Whoever knows it could compute the hidden inputs."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        async with service.visitor() as learner:
            await learner.post("/api/v1/accounts", json={"email": "l@school.test", "password": PASSWORD})
            taken = await learner.post("/api/v1/problems/double/submissions", json={"code": "x"})
            path = f"/api/v1/submissions/{taken.json()['id']}"
            stream = await learner.get(f"{path}/events")
            assert events(stream)[-1][2]["verdict"]["fresh_seed"] is None
            assert (await learner.get(path)).json()["verdict"]["fresh_seed"] is None
        assert isinstance((await service.client.get(path)).json()["verdict"]["fresh_seed"], int)


async def test_cancelling_a_running_submission_stops_it(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        taken = await service.submit("wait 60")
        await until(lambda: service.grader.graded == ["wait 60"])
        answer = await service.client.delete(f"/api/v1/submissions/{taken['id']}")
        assert answer.json()["verdict"]["outcome"] == "cancelled"
        await until(lambda: service.grader.stopped == ["wait 60"])
        # The slot is free again.
        assert (await service.verdict((await service.submit("x"))["id"]))["accepted"]


async def test_cancelling_a_waiting_submission_never_runs_it(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        running = await service.submit("wait 60")
        await until(lambda: service.grader.graded == ["wait 60"])
        waiting = await service.submit("never")
        last = await service.submit("last")
        assert (waiting["position"], last["position"]) == (0, 1)
        await service.client.delete(f"/api/v1/submissions/{waiting['id']}")
        assert (await service.client.get(f"/api/v1/submissions/{last['id']}")).json()["position"] == 0
        # Whoever follows it hears so too.
        reported = await anext(service.services.feed.follow(last["id"]))
        assert reported.event == Queued(position=0)
        await service.client.delete(f"/api/v1/submissions/{running['id']}")
        assert (await service.verdict(last["id"]))["accepted"]
        assert (await service.verdict(waiting["id"]))["outcome"] == "cancelled"
    assert service.grader.graded == ["wait 60", "last"]


async def test_a_verdict_survives_a_late_cancel(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        taken = await service.submit("x")
        await service.verdict(taken["id"])
        answer = await service.client.delete(f"/api/v1/submissions/{taken['id']}")
    assert answer.json()["verdict"]["outcome"] == "accepted"


async def test_our_fault_is_tried_three_times_and_then_said_plainly(tmp_path: Path) -> None:
    """An `internal_error` is a verdict too, so no learner waits for ever."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        verdict = await service.verdict((await service.submit("break"))["id"])
    assert service.grader.graded == ["break"] * 3
    assert (verdict["outcome"], verdict["accepted"]) == ("internal_error", False)
    assert "nothing about your code" in verdict["message"]


async def test_nobody_reads_or_cancels_anothers_submission(tmp_path: Path) -> None:
    """It looks as if it did not exist; instructors and admins see all."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        taken = await service.submit("x")
        await service.verdict(taken["id"])
        path = f"/api/v1/submissions/{taken['id']}"
        async with service.visitor() as other:
            assert (await other.get(path)).status_code == 401
            await other.post("/api/v1/accounts", json={"email": "o@school.test", "password": PASSWORD})
            for answer in (
                await other.get(path),
                await other.delete(path),
                await other.get(f"{path}/events"),
            ):
                assert (answer.status_code, code(answer)) == (404, "submission_not_found")
            theirs = await other.post("/api/v1/problems/double/submissions", json={"code": "x"})
        assert (await service.client.get(f"/api/v1/submissions/{theirs.json()['id']}")).status_code == 200


async def test_earlier_submissions_are_listed_newest_first(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        ids = []
        for text in ("one", "two"):
            taken = await service.submit(text)
            await service.verdict(taken["id"])
            ids.append(taken["id"])
        listed = (await service.client.get("/api/v1/problems/double/submissions")).json()["submissions"]
    assert [line["id"] for line in listed] == ids[::-1]
    assert listed[0]["outcome"] == "accepted"


@pytest.mark.parametrize(
    ("body", "status", "expected", "mentions"),
    [
        ({"code": "x" * 200_000}, 413, "submission_too_large", "65,536"),
        ({"code": "x" * 400_000}, 413, "request_too_large", "65,536"),
        ({"code": " \n"}, 422, "submission_refused", "no code"),
        ({"code": "a\0b"}, 422, "submission_refused", "NUL"),
        ({"code": "x", "mode": "both"}, 422, "malformed_request", "'run' or 'submit'"),
        ({"mode": "run"}, 422, "malformed_request", "body.code"),
        ({"code": "x", "modes": "run"}, 422, "malformed_request", "body.modes"),
        ([], 422, "malformed_request", "body"),
    ],
)
async def test_a_bad_submission_is_refused_with_what_is_allowed(
    tmp_path: Path, body: object, status: int, expected: str, mentions: str
) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        answer = await service.client.post("/api/v1/problems/double/submissions", json=body)
    assert (answer.status_code, code(answer)) == (status, expected)
    assert mentions in answer.json()["error"]["message"]


@pytest.mark.parametrize("content", ["{", '{"code": "\\ud800"}', "\xff", "[" * 50_000])
async def test_malformed_json_is_refused_and_not_an_error_of_ours(tmp_path: Path, content: str) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        answer = await service.client.post(
            "/api/v1/problems/double/submissions",
            content=content.encode("latin-1"),
            headers={"Content-Type": "application/json"},
        )
    assert answer.status_code in (400, 422)
    assert code(answer) in ("malformed_request", "submission_refused")


async def test_a_body_of_undeclared_length_is_cut_off(tmp_path: Path) -> None:
    async def chunks() -> Any:
        for _ in range(100):
            yield b" " * 10_000

    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        answer = await service.client.post(
            "/api/v1/problems/double/submissions",
            content=chunks(),
            headers={"Content-Type": "application/json"},
        )
    assert (answer.status_code, code(answer)) == (413, "request_too_large")


async def test_a_full_queue_says_so(tmp_path: Path) -> None:
    """429 with a time to come back; what was taken before is graded all the same."""
    async with scripted_service(tmp_path, queue_limit=2) as service:
        await service.sign_up()
        running = await service.submit("wait 60")
        await until(lambda: service.grader.graded == ["wait 60"])
        waiting = [await service.submit("x") for _ in range(2)]
        answer = await service.client.post("/api/v1/problems/double/submissions", json={"code": "x"})
        assert (answer.status_code, code(answer)) == (429, "queue_full")
        assert answer.headers["retry-after"] == "60"
        await service.client.delete(f"/api/v1/submissions/{running['id']}")
        for taken in waiting:
            assert (await service.verdict(taken["id"]))["accepted"]


async def test_one_learner_cannot_fill_the_queue(tmp_path: Path) -> None:
    async with scripted_service(tmp_path, waiting_per_user=1) as service:
        await service.sign_up()
        await service.submit("wait 60")
        await until(lambda: service.grader.graded == ["wait 60"])
        await service.submit("x")
        answer = await service.client.post("/api/v1/problems/double/submissions", json={"code": "x"})
        assert code(answer) == "queue_full"
        async with service.visitor() as other:
            await other.post("/api/v1/accounts", json={"email": "o@school.test", "password": PASSWORD})
            answer = await other.post("/api/v1/problems/double/submissions", json={"code": "x"})
            assert answer.status_code == 202


async def test_a_restart_grades_what_the_last_process_left(tmp_path: Path) -> None:
    """Neither a waiting nor a running submission is lost; followers hear of it from the new process."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        running = await service.submit("wait 60")
        await until(lambda: service.grader.graded == ["wait 60"])
        waiting = await service.submit("x")
        cookies = dict(service.client.cookies)
    async with scripted_service(tmp_path) as service:
        service.client.cookies.update(cookies)
        await until(lambda: service.grader.graded == ["wait 60"])
        await service.client.delete(f"/api/v1/submissions/{running['id']}")
        assert (await service.verdict(waiting["id"]))["accepted"]


async def test_an_acceptance_that_a_fresh_jail_refuses_is_taken_back(tmp_path: Path) -> None:
    """The event, the verdict and the list say so, and both verdicts stay to be read."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        taken = await service.submit("warm\nfresh wrong_value")
        path = f"/api/v1/submissions/{taken['id']}"
        stream = await service.client.get(f"{path}/events")
        found = (await service.client.get(path)).json()
        [line] = (await service.client.get("/api/v1/problems/double/submissions")).json()["submissions"]
    (_, first, reached), (_, second, confirmed) = events(stream)[-2:]
    assert (first, second) == ("verdict", "confirmed")
    assert (reached["verdict"]["accepted"], reached["verdict"]["confirmation"]) == (True, "pending")
    assert confirmed["verdict"] == found["verdict"]
    assert (found["verdict"]["accepted"], found["verdict"]["confirmation"]) == (False, "refused")
    assert [(one["why"], one["outcome"]) for one in found["verdicts"]] == [
        ("graded", "accepted"),
        ("confirmed", "wrong_value"),
    ]
    assert (line["outcome"], line["score"], line["confirmation"]) == ("wrong_value", 0.0, "refused")


async def test_a_verdict_gains_the_explanation_that_took_longer(tmp_path: Path) -> None:
    """It is told live, stands beside the verdict that came first, and changes nothing else of it."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        taken = await service.submit("outcome wrong_value\nprint hello\ncut_short\nfound reads_last")
        path = f"/api/v1/submissions/{taken['id']}"
        stream = await service.client.get(f"{path}/events")
        found = (await service.client.get(path)).json()
        first, second = [(await service.client.get(f"{path}/verdicts/{number}")).json() for number in (1, 2)]
        again = await service.client.get(f"{path}/events")
        missing = [await service.client.get(f"{path}/verdicts/{number}") for number in (0, 3, 2**70)]
        solved = (await service.client.get("/api/v1/problems/double/submissions")).json()["submissions"]
    names = [name for _, name, _ in events(stream)]
    assert names == ["queued", "running", "case", "case", "case", "verdict", "explained"]
    assert events(stream)[-2][2]["verdict"] == first
    assert events(stream)[-1][2]["verdict"] == second
    assert [name for _, name, _ in events(again)] == names[1:-1]
    assert events(again)[-1][2]["verdict"] == second
    assert (first["diagnosis"], first["explained"]) == (None, "cut_short")
    assert (second["diagnosis"]["id"], second["explained"]) == ("reads_last", "complete")
    assert {**first, "diagnosis": second["diagnosis"], "explained": "complete"} == second == found["verdict"]
    lines = found["verdicts"]
    assert [(line["number"], line["why"], line["by"], line["current"]) for line in lines] == [
        (1, "graded", None, False),
        (2, "explained", None, True),
    ]
    assert {line["outcome"] for line in lines} == {"wrong_value"}
    assert {line["version"] for line in lines} == {taken["version"]}
    assert lines[0]["created_at"] == found["finished_at"]
    assert [code(answer) for answer in missing] == ["verdict_not_found"] * 3
    assert [one["outcome"] for one in solved] == ["wrong_value"]


async def test_a_verdict_that_says_all_has_one_line_and_is_looked_into_no_more(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        taken = await service.submit("outcome wrong_value")
        assert taken["verdicts"] == []
        await service.verdict(taken["id"])
        found = (await service.client.get(f"/api/v1/submissions/{taken['id']}")).json()
        assert service.grader.explained == []
    assert [(line["number"], line["why"], line["current"]) for line in found["verdicts"]] == [
        (1, "graded", True)
    ]
    assert found["verdict"]["explained"] is None


async def test_who_cancels_stands_beside_the_verdict(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        account = await service.sign_up()
        taken = await service.submit("wait 60")
        cancelled = (await service.client.delete(f"/api/v1/submissions/{taken['id']}")).json()
    [line] = cancelled["verdicts"]
    assert (line["outcome"], line["why"], line["by"]) == ("cancelled", "graded", account["id"])


async def test_another_learners_verdicts_are_none_of_ones_business(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        taken = await service.submit("x")
        await service.verdict(taken["id"])
        async with service.visitor() as learner:
            await learner.post("/api/v1/accounts", json={"email": "l@school.test", "password": PASSWORD})
            answer = await learner.get(f"/api/v1/submissions/{taken['id']}/verdicts/1")
    assert (answer.status_code, code(answer)) == (404, "submission_not_found")


async def test_a_look_that_was_given_up_can_be_asked_for_again(tmp_path: Path) -> None:
    """Three failures of ours end it; its learner may have it made once more, and follows that as before."""
    async with scripted_service(tmp_path) as service:
        account = await service.sign_up()
        taken = await service.submit("outcome wrong_value\ncut_short\nlater_break 3\nfound reads_last")
        path = f"/api/v1/submissions/{taken['id']}"
        given_up = events(await service.client.get(f"{path}/events"))[-1]
        again = await service.client.post(f"{path}/explanation")
        found = events(await service.client.get(f"{path}/events"))
        once_more = await service.client.post(f"{path}/explanation")
    assert (given_up[1], given_up[2]["verdict"]["explained"]) == ("explained", "given_up")
    assert given_up[2]["verdict"]["diagnosis"] is None
    assert again.status_code == 202
    assert next(name for _, name, _ in found if name in ("verdict", "explained")) == "verdict"
    assert found[-1][2]["verdict"]["explained"] == "complete"
    assert found[-1][2]["verdict"]["diagnosis"]["id"] == "reads_last"
    lines = once_more.json()["verdicts"]
    assert [(line["why"], line["by"]) for line in lines] == [
        ("graded", None),
        ("explained", None),
        ("explained", account["id"]),
        ("explained", None),
    ]
    assert len(service.grader.explained) == 4


async def send(client: httpx.AsyncClient, key: str, code: str = "x", mode: str = "run") -> httpx.Response:
    return await client.post(
        "/api/v1/problems/double/submissions",
        json={"code": code, "mode": mode},
        headers={"Idempotency-Key": key},
    )


async def test_a_key_said_again_gives_the_submission_that_it_made(tmp_path: Path) -> None:
    """At once, afterwards, and where there is room for no further one; for each account by itself."""
    async with scripted_service(tmp_path, waiting_per_user=1) as service:
        await service.sign_up()
        at_once = await asyncio.gather(*(send(service.client, "a", "wait 60") for _ in range(3)))
        later = await send(service.client, "a", "wait 60")
        assert {answer.status_code for answer in (*at_once, later)} == {202}
        assert len({answer.json()["id"] for answer in (*at_once, later)}) == 1
        async with service.visitor() as other:
            account = {"email": "bob@school.test", "password": PASSWORD}
            await other.post("/api/v1/accounts", json=account)
            assert (await send(other, "a", "wait 60")).json()["id"] != later.json()["id"]


async def test_code_of_a_page_of_another_account_is_refused(tmp_path: Path) -> None:
    """Who has signed in in another tab meanwhile is not to have it as their own."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        own = (await service.client.get("/api/v1/session")).json()["id"]
        statuses = {}
        for account in (own, "0" * 32):
            answer = await service.client.post(
                "/api/v1/problems/double/submissions",
                json={"code": "x", "mode": "run"},
                headers={"Jaxercise-Account": account},
            )
            statuses[account] = (answer.status_code, answer.json().get("status") or code(answer))
        listed = (await service.client.get("/api/v1/problems/double/submissions")).json()
    assert statuses == {own: (202, "queued"), "0" * 32: (401, "not_signed_in")}
    assert len(listed["submissions"]) == 1


async def test_a_used_key_with_another_wish_is_refused(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        await send(service.client, "a")
        for wish in ({"code": "y"}, {"mode": "submit"}):
            answer = await send(service.client, "a", **wish)
            assert (answer.status_code, code(answer)) == (422, "submission_refused")
        for malformed in ("", "a" * 201):
            assert (await send(service.client, malformed)).status_code == 422
        assert (
            len((await service.client.get("/api/v1/problems/double/submissions")).json()["submissions"]) == 1
        )


async def test_of_fields_that_nobody_asked_for_little_is_said(tmp_path: Path) -> None:
    """However many there are, and however long their names: each word of it costs the event loop time."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        path = "/api/v1/problems/double/submissions"
        many = await service.client.post(path, json={f"{number}": 0 for number in range(20_000)})
        long = await service.client.post(path, json={"code": "x", "y" * 200_000: 0})
        few = await service.client.post(path, json={"code": "x", "y": 0})
    assert [answer.status_code for answer in (many, long, few)] == [422] * 3
    assert "at most 20 fields" in many.json()["error"]["message"]
    assert len(many.content) < 1_000
    assert len(long.content) < 2_000
    assert few.json()["error"]["details"][0]["where"] == "body.y"
