"""The list of problems and a problem's page, without scripts: what guests and learners see, and the form."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import pytest

from app.core.job import Status
from app.core.machine import PYTHON_VERSION
from app.core.submission import CODE_LIMIT_BYTES, Submission
from app.core.verdict import Mode
from app.main import create_app
from app.settings import read_settings
from app.submissions.service import cancelled_verdict
from app.web.problem_pages import ON_A_PAGE, _submit_once
from tests.support.page_browser import PROBLEM, PageBrowser, browsing, sign_up, submit
from tests.support.scripted_grader import open_scripted_grader
from tests.support.scripted_service import Service, scripted_service
from tests.support.small_problem import small_problem

pytestmark = pytest.mark.anyio


def test_a_guest_reads_the_problems_and_their_statements(client: PageBrowser) -> None:
    assert "NNX ViT with CLS Token" in client.get("/").text
    page = client.get(PROBLEM)
    assert page.status_code == 200
    assert 'id="the-task"' in page.text
    assert "<math" in page.text
    assert f"in Python {PYTHON_VERSION}</span>" in page.text


def test_a_guest_gets_no_hints_and_no_buttons_but_a_way_to_them(client: PageBrowser) -> None:
    page = client.get(PROBLEM).text
    assert '<details class="hint"' not in page
    assert 'value="submit"' not in page
    assert "/sign-up?next=/problems/vit-cls-token" in page


def test_a_learner_gets_hints(learner: PageBrowser) -> None:
    assert learner.get(PROBLEM).text.count('<details class="hint"') == 3


def test_figures_are_served_and_may_do_nothing(client: PageBrowser) -> None:
    source = re.findall(r'<img src="([^"]+)"', client.get(PROBLEM).text)[0]
    figure = client.get(source)
    assert figure.headers["content-type"].startswith("image/svg+xml")
    assert "sandbox" in figure.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["missing.svg", "..%2fproblem.toml", "problem.toml"])
def test_nothing_but_figures_is_served_as_one(client: PageBrowser, name: str) -> None:
    assert client.get(f"{PROBLEM}/assets/{name}").status_code == 404


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("x" * (CODE_LIMIT_BYTES + 1), 413, "65,536 bytes are allowed"),
        ("# 200 KB\n" + "y = 1\n" * 33_000, 413, "65,536 bytes are allowed"),
        (" \n", 422, "has no code"),
    ],
)
def test_refused_code_is_still_in_the_editor(
    learner: PageBrowser, code: str, status: int, reason: str
) -> None:
    """Posted as the form does it: as multipart, which doesn't swell."""
    page = learner.post(f"{PROBLEM}/submissions", files={"code": (None, code), "mode": (None, "submit")})
    assert page.status_code == status
    assert reason in page.text
    assert f"\n{code}</textarea>" in page.text


def test_an_unknown_mode_is_refused_with_the_code_kept(learner: PageBrowser) -> None:
    page = learner.post(f"{PROBLEM}/submissions", data={"code": "x = 1", "mode": "guess"})
    assert page.status_code == 422
    assert "x = 1</textarea>" in page.text


def test_a_form_of_another_account_asks_to_sign_in_with_the_code_kept(learner: PageBrowser) -> None:
    """Somebody else has signed in in another tab since its page was made."""
    own = re.findall(r'name="account" value="(\w+)"', learner.get(PROBLEM).text)
    fields = {"code": "x = 1", "mode": "run"}
    page = learner.post(f"{PROBLEM}/submissions", data={**fields, "account": "0" * 32})
    assert (page.status_code, "Your code is kept" in page.text) == (401, True)
    assert "\nx = 1</textarea>" in page.text
    assert 'class="earlier"' not in learner.get(PROBLEM).text
    page = learner.post(f"{PROBLEM}/submissions", data={**fields, "account": own[0]})
    assert page.url.path.startswith("/submissions/")


def test_a_full_queue_keeps_the_code_and_says_when_to_try_again(tmp_path: Path) -> None:
    settings = read_settings(data_dir=tmp_path, waiting_per_user=1, slots=1)
    with browsing(create_app(settings, open_grader=open_scripted_grader)) as client:
        sign_up(client)
        pages = [client.post(f"{PROBLEM}/submissions", data={"code": "wait 4", "mode": "run"}) for _ in "123"]
    assert pages[-1].status_code == 429
    assert pages[-1].headers["retry-after"] == "60"
    assert "wait 4</textarea>" in pages[-1].text


def test_newlines_of_a_form_become_plain(learner: PageBrowser) -> None:
    submit(learner, "a = 1\r\nb = 2")
    assert "\na = 1\nb = 2</textarea>" in learner.get(PROBLEM).text


def test_earlier_submissions_are_listed_and_can_be_loaded(learner: PageBrowser) -> None:
    page = submit(learner, "outcome wrong_shape")
    submit(learner, "second = 2")
    problem = learner.get(PROBLEM).text
    assert page.url.path in problem
    assert "Wrong shape" in problem
    loaded = learner.get(PROBLEM, params={"load": page.url.path.rpartition("/")[2]}).text
    assert "\noutcome wrong_shape</textarea>" in loaded
    assert 'data-source="chosen"' in loaded


def test_the_starter_code_can_be_had_again(learner: PageBrowser) -> None:
    submit(learner, "x = 1")
    assert (
        "def vit_cls_forward" in learner.get(PROBLEM, params={"load": "starter"}).text.split("</textarea>")[0]
    )


def test_the_recap_waits_for_the_solution(learner: PageBrowser) -> None:
    recap = 'class="recap"'
    submit(learner, "x = 1", mode="run")
    assert recap not in learner.get(PROBLEM).text
    submit(learner, "x = 1")
    assert recap in learner.get(PROBLEM).text
    assert recap in learner.get(PROBLEM, params={"fragment": "recap"}).text


def test_the_list_shows_what_is_tried_and_solved(learner: PageBrowser) -> None:
    assert "0 of " in learner.get("/").text
    submit(learner, "outcome wrong_value")
    assert "Tried" in learner.get("/").text
    submit(learner, "x = 1")
    page = learner.get("/").text
    assert "Solved" in page
    assert "1 of " in page


async def publish(service: Service, count: int) -> None:
    problems = service.services.problems
    for number in range(count):
        await problems.publish(small_problem(f"exercise-{number:03}", position=100 + number))


def shown(page: httpx.Response) -> list[str]:
    assert page.status_code == 200
    return re.findall(r'href="/problems/([a-z0-9-]+)"', page.text)


async def test_the_pages_of_the_list_lead_through_all_problems(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await publish(service, ON_A_PAGE + 5)
        first = await service.client.get("/")
        [following] = re.findall(r'href="([^"]+)" rel="next"', first.text)
        second = await service.client.get(following)
    assert len(shown(first)) == ON_A_PAGE
    assert len(set(shown(first) + shown(second))) == ON_A_PAGE + 6
    assert 'rel="next"' not in second.text
    assert 'href="/" rel="first"' in second.text


async def test_few_problems_need_neither_pages_nor_a_search(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        page = await service.client.get("/")
    assert shown(page) == ["double"]
    assert 'role="search"' not in page.text
    assert 'rel="next"' not in page.text


async def test_a_search_is_a_plain_form_and_keeps_its_words_from_page_to_page(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await publish(service, ON_A_PAGE + 5)
        page = await service.client.get("/", params={"q": "EXERCISE-0 double"})
        [following] = re.findall(r'href="([^"]+)" rel="next"', page.text)
        rest = await service.client.get(following.replace("&amp;", "&"))
        nothing = await service.client.get("/", params={"q": '<b>"nothing"'})
        nul = await service.client.get("/", params={"q": "\0"})
    assert 'value="EXERCISE-0 double"' in page.text
    assert len(shown(page) + shown(rest)) == ON_A_PAGE + 5
    assert "No problem has all of these words" in nothing.text
    assert "<b>" not in nothing.text
    assert nul.status_code == 200


async def test_solved_problems_count_whether_they_are_on_the_page_or_not(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        await publish(service, ON_A_PAGE + 5)
        for slug in ("double", "exercise-064"):
            taken = await service.submit("x", slug=slug)
            await service.verdict(taken["id"])
        page = await service.client.get("/")
    assert f"2 of {ON_A_PAGE + 6} solved" in page.text
    assert page.text.count("Solved\n") <= page.text.count('class="solved"') == 1


async def test_a_page_after_no_problem_is_not_found(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        for after in ("nothing", "a%00b"):
            assert (await service.client.get(f"/?after={after}")).status_code == 404


async def sent_twice(service: Service, **form: str) -> tuple[str, str]:
    """As by a double click: the two are under way at once."""
    answers = await asyncio.gather(
        *(service.client.post("/problems/double/submissions", data=form) for _ in range(2))
    )
    assert [answer.status_code for answer in answers] == [303, 303]
    first, second = (answer.headers["location"] for answer in answers)
    return first, second


async def listed(service: Service) -> int:
    return len((await service.client.get("/api/v1/problems/double/submissions")).json()["submissions"])


async def test_a_double_click_is_one_submission(tmp_path: Path) -> None:
    async with scripted_service(tmp_path, waiting_per_user=1) as service:
        await service.sign_up()
        key = re.findall(
            r'name="key" value="([^"]{20,})"', (await service.client.get("/problems/double")).text
        )
        first, second = await sent_twice(service, code="x", mode="submit", key=key[0])
        assert first == second
        assert await listed(service) == 1


async def test_other_code_from_the_same_form_is_another_submission(tmp_path: Path) -> None:
    """As after the browser's Back."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        sent = [
            await service.client.post("/problems/double/submissions", data={**form, "key": "1"})
            for form in (
                {"code": "x", "mode": "run"},
                {"code": "y", "mode": "run"},
                {"code": "y", "mode": "submit"},
            )
        ]
        assert len({answer.headers["location"] for answer in sent}) == 3
        await service.client.post("/problems/double/submissions", data={"code": "x", "mode": "run"})
        await service.client.post("/problems/double/submissions", data={"code": "x", "mode": "run"})
        assert await listed(service) == 5


async def test_what_was_cancelled_again_and_again_is_not_gone_through_each_time() -> None:
    """Each time through is a transaction, and nobody should have one request make thousands."""
    waiting = Submission(
        id="1",
        user_id="ada",
        problem_slug="double",
        version="1",
        mode=Mode.RUN,
        code="x",
        status=Status.QUEUED,
        seed=1,
        created_at=datetime(2026, 3, 4, tzinfo=UTC),
    )
    cancelled = msgspec.structs.replace(waiting, status=Status.DONE, verdict=cancelled_verdict(waiting))
    made: set[str] = set()
    asked = 0

    async def submit_it(*, key: str) -> Submission:
        nonlocal asked
        asked += 1
        is_new = key not in made
        made.add(key)
        return waiting if is_new else cancelled

    for _ in range(50):
        asked = 0
        assert await _submit_once(submit_it, "a form") is waiting
        assert asked <= 20
    assert len(made) == 50


async def test_what_was_cancelled_can_be_sent_in_anew_from_the_same_form(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        form = {"code": "wait 60", "mode": "run", "key": "1"}
        addresses = []
        for _ in range(3):
            sent = await service.client.post("/problems/double/submissions", data=form)
            addresses.append(sent.headers["location"])
            await service.client.post(f"{sent.headers['location']}/cancel")
        assert len(set(addresses)) == 3


async def test_an_accepted_solution_leads_on_to_the_next_that_is_not_solved(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        await publish(service, 2)
        onward = re.compile(r'<nav class="onward".*?</nav>', re.DOTALL)
        assert not onward.search((await service.client.get("/problems/double")).text)
        await service.verdict((await service.submit("x", slug="exercise-000"))["id"])
        run = await service.submit("x", mode="run")
        await service.verdict(run["id"])
        assert not onward.search((await service.client.get(f"/submissions/{run['id']}")).text)
        solution = await service.submit("x")
        await service.verdict(solution["id"])
        own_page = (await service.client.get(f"/submissions/{solution['id']}")).text
        for page in (own_page, (await service.client.get("/problems/double?fragment=onward")).text):
            [found] = onward.findall(page)
            assert 'href="/problems/exercise-001"' in found
        await service.verdict((await service.submit("x", slug="exercise-001"))["id"])
        [end] = onward.findall((await service.client.get("/problems/double")).text)
        assert "/problems/" not in end


def test_a_page_can_be_crossed_by_its_links(learner: PageBrowser) -> None:
    """To the editor past everything before it, and back from it to the statement."""
    page = learner.get(PROBLEM).text
    assert page.index('<a class="skip" href="#work"') < page.index("<header")
    assert 'href="#reading"' in page.partition('id="work"')[2]
    for target in ("work", "reading", "main"):
        assert page.count(f'id="{target}"') == 1


def test_times_are_in_utc_with_their_zone_where_no_script_runs(learner: PageBrowser) -> None:
    submit(learner, "x = 1")
    found = re.findall(r'<time datetime="([^"]+)">([^<]+)</time>', learner.get(PROBLEM).text)
    assert found
    for moment, words in found:
        assert moment.endswith("+00:00")
        assert words.endswith(" UTC")


def test_a_problem_says_how_it_is_graded(client: PageBrowser) -> None:
    page = client.get(PROBLEM).text
    for words in ("toy-8x8", "How it is graded", "Processor time", "|expected|", "Forbidden names"):
        assert words in page
