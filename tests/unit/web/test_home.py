"""The list of problems where there are many: a page at a time, searchable, without scripts."""

import re
from pathlib import Path

import httpx
import pytest

from app.web.problem_pages import ON_A_PAGE
from tests.support.scripted_service import Service, scripted_service
from tests.support.small_problem import small_problem

pytestmark = pytest.mark.anyio


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
