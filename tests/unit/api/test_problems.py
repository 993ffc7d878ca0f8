"""What of a problem is shown to whom."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.catalog.problem_folder import read_problem
from app.core.problem import Problem
from app.main import load_problems
from tests.support.scripted_service import PASSWORD, code, scripted_service
from tests.support.small_problem import small_problem, write_problem

pytestmark = pytest.mark.anyio


async def test_a_guest_may_read_problems(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        listed = (await service.client.get("/api/v1/problems")).json()["problems"]
        problem = (await service.client.get("/api/v1/problems/double")).json()
    assert [line["slug"] for line in listed] == ["double"]
    assert problem["starter"].startswith("def double")
    assert problem["entry"] == {
        "function": "double",
        "parameters": ["x"],
        "output_dtype": "float32",
        "structure": "array",
        "outputs": [],
        "multiples": {},
    }
    assert "Two of everything." in problem["statement_html"]
    assert problem["sample_cases"][0]["arguments"]["x"]["generator"] == "arange"
    assert problem["hidden_cases"] == 2


async def test_hints_are_for_those_who_signed_in(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        assert (await service.client.get("/api/v1/problems/double")).json()["hints"] == []
        await service.sign_up()
        hints = (await service.client.get("/api/v1/problems/double")).json()["hints"]
    assert [hint["title"] for hint in hints] == ["First"]


async def test_no_answer_of_a_problem_holds_what_is_secret(tmp_path: Path) -> None:
    """Hidden cases, references, variants and the recap stay on the server, for everybody."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        answer = await service.client.get("/api/v1/problems/double")
    for secret in ("kept-back", "77", "the-secret-reference", "returns_input", "Twice is plus itself"):
        assert secret not in answer.text


@pytest.mark.parametrize("slug", ["nothing", "a%00b", "%F0%9F%98%80", "a" * 3000])
async def test_an_unknown_problem_is_not_found(tmp_path: Path, slug: str) -> None:
    async with scripted_service(tmp_path) as service:
        answer = await service.client.get(f"/api/v1/problems/{slug}")
    assert (answer.status_code, code(answer)) == (404, "problem_not_found")


async def test_changed_content_is_a_new_version_and_old_submissions_keep_theirs(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        taken = await service.submit("x")
        await service.verdict(taken["id"])
        cookies = dict(service.client.cookies)
    write_problem(small_problem(statement="Changed.\n"), tmp_path)
    async with scripted_service(tmp_path) as service:
        service.client.cookies.update(cookies)
        problem = (await service.client.get("/api/v1/problems/double")).json()
        old = (await service.client.get(f"/api/v1/submissions/{taken['id']}")).json()
    assert "Changed." in problem["statement_html"]
    assert problem["version"] != taken["version"]
    assert old["version"] == old["verdict"]["version"] == taken["version"]


async def test_a_renamed_problem_keeps_its_submissions(tmp_path: Path) -> None:
    """The id in problem.toml is what a problem is; its slug is only an address."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        taken = await service.submit("x")
        await service.verdict(taken["id"])
        cookies = dict(service.client.cookies)
    files = small_problem()
    files["problem.toml"] = files["problem.toml"].replace(b'slug = "double"', b'slug = "twice"')
    for kind in ("problems", "references"):
        shutil.rmtree(tmp_path / kind)
    write_problem(files, tmp_path)
    async with scripted_service(tmp_path) as service:
        service.client.cookies.update(cookies)
        assert (await service.client.get("/api/v1/problems/double")).status_code == 404
        listed = (await service.client.get("/api/v1/problems/twice/submissions")).json()["submissions"]
    assert [line["id"] for line in listed] == [taken["id"]]


async def test_a_broken_folder_keeps_its_last_good_version_and_instructors_learn_why(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        cookies = dict(service.client.cookies)
    files = small_problem()
    files["problem.toml"] += b"\n[surprise]\n"
    write_problem(files, tmp_path)
    async with scripted_service(tmp_path) as service:
        service.client.cookies.update(cookies)
        assert (await service.client.get("/api/v1/problems/double")).status_code == 200
        refused = (await service.client.get("/api/v1/refused-problems")).json()["refused"]
        assert len(refused) == 1
        assert "1-double/problem.toml" in refused[0]
        assert "surprise" in refused[0]
        async with service.visitor() as learner:
            await learner.post("/api/v1/accounts", json={"email": "l@school.test", "password": PASSWORD})
            assert code(await learner.get("/api/v1/refused-problems")) == "not_allowed"


def _write_with_packages(place: Path, packages: str) -> None:
    """The problem `double`, which needs these packages, and one that needs none."""
    for number, (slug, line) in enumerate((("double", f"packages = [{packages}]\n"), ("twice", "")), 1):
        files = small_problem(slug, position=number)
        files["problem.toml"] = line.encode() + files["problem.toml"]
        write_problem(files, place)


async def test_a_problem_that_this_host_cannot_grade_is_refused_and_the_others_stay(tmp_path: Path) -> None:
    """It is taken off the list where it was on it, for nothing can be submitted to it here."""
    _write_with_packages(tmp_path, "")
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        cookies = dict(service.client.cookies)
        assert (await service.client.get("/api/v1/problems/double")).status_code == 200
    _write_with_packages(tmp_path, '"no_such_package"')
    for _ in range(2):  # The second start knows both, and reads neither.
        async with scripted_service(tmp_path) as service:
            service.client.cookies.update(cookies)
            listed = (await service.client.get("/api/v1/problems")).json()["problems"]
            assert [problem["slug"] for problem in listed] == ["twice"]
            [refused] = (await service.client.get("/api/v1/refused-problems")).json()["refused"]
            assert refused == (
                "1-double/double cannot be graded on this host: "
                "the package no_such_package is not installed for the jail"
            )
            status = (await service.client.get("/api/v1/status")).json()
            assert status["refused_problems"] == [refused]


async def test_a_host_that_has_lost_a_package_stops_offering_what_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder has not changed, so nothing but the host says that it must be looked at again."""
    packages = tmp_path / "packages"
    packages.mkdir()
    monkeypatch.setattr("sandbox.packages._entries", lambda: {path.name: path for path in packages.iterdir()})
    (packages / "lent.py").touch()
    _write_with_packages(tmp_path, '"lent"')
    for is_there in (True, False, True):
        (packages / "lent.py").unlink(missing_ok=True)
        if is_there:
            (packages / "lent.py").touch()
        async with scripted_service(tmp_path) as service:
            listed = (await service.client.get("/api/v1/problems")).json()["problems"]
            assert [problem["slug"] for problem in listed] == (["double", "twice"] if is_there else ["twice"])


async def test_pages_that_do_not_grade_offer_what_other_hosts_can(tmp_path: Path) -> None:
    """Their own host need not even have JAX."""
    files = small_problem()
    files["problem.toml"] = b'packages = ["no_such_package"]\n' + files["problem.toml"]
    write_problem(files, tmp_path)
    async with scripted_service(tmp_path) as service:
        settings = service.settings.model_copy(update={"worker": False})
        assert await load_problems(settings, service.services.problems) == []


async def test_the_list_comes_in_pieces_to_who_asks_for_pieces(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        problems = service.services.problems
        for position, slug in enumerate(("second", "third"), 2):
            await problems.publish(small_problem(slug, position=position))
        whole = (await service.client.get("/api/v1/problems")).json()
        first = (await service.client.get("/api/v1/problems?limit=2")).json()
        rest = (await service.client.get(f"/api/v1/problems?limit=2&after={first['next']}")).json()
        found = (await service.client.get("/api/v1/problems?q=THIRD")).json()
        refused = [
            await service.client.get(f"/api/v1/problems?{query}")
            for query in ("limit=0", "limit=501", "limit=x", "after=" + "a" * 101)
        ]
        unknown = await service.client.get("/api/v1/problems?after=nothing")
        nul = await service.client.get("/api/v1/problems?after=%00")
    assert whole["next"] is None
    assert first["problems"] + rest["problems"] == whole["problems"]
    assert rest["next"] is None
    assert [line["slug"] for line in found["problems"]] == ["third"]
    assert {answer.status_code for answer in refused} == {422}
    assert code(unknown) == code(nul) == "problem_not_found"


async def test_folders_that_have_not_changed_are_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand would take a minute at every start; a change of the rules reads them all."""
    reads: list[Mapping[str, bytes]] = []

    def counted(files: Mapping[str, bytes]) -> Problem:
        reads.append(files)
        return read_problem(files)

    monkeypatch.setattr("app.catalog.problem_folder.read_problem", counted)
    for expected in (1, 1):
        async with scripted_service(tmp_path) as service:
            assert len((await service.client.get("/api/v1/problems")).json()["problems"]) == 1
        assert len(reads) == expected
    async with scripted_service(tmp_path) as service:
        assert await load_problems(service.settings, service.services.problems, rules="others") == []
        assert len(reads) == 2


async def test_a_copy_of_a_folder_never_takes_the_problem_or_its_submissions(tmp_path: Path) -> None:
    """Whatever it is called and wherever it stands in the order; admins read on the page what is double."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        cookies = dict(service.client.cookies)
        taken = await service.submit("a")
    original = small_problem()
    for slug, position in (("aaa", 0), ("zzz", 9), ("double-2", 1)):
        files = small_problem(slug, position=position)
        lines = files["problem.toml"].splitlines()
        files["problem.toml"] = b"\n".join([original["problem.toml"].splitlines()[0], *lines[1:]])
        write_problem(files, tmp_path)
    for _ in range(2):
        async with scripted_service(tmp_path) as service:
            service.client.cookies.update(cookies)
            listed = (await service.client.get("/api/v1/problems")).json()["problems"]
            mine = (await service.client.get("/api/v1/problems/double/submissions")).json()["submissions"]
            page = (await service.client.get("/status")).text
        assert [problem["slug"] for problem in listed] == ["double"]
        assert [line["id"] for line in mine] == [taken["id"]]
        for folder in ("0-aaa", "9-zzz", "1-double-2"):
            assert f"<li>{folder}/problem.toml:1: id: " in page
        assert "is also the id of 0-aaa, 1-double-2, 9-zzz" in page


async def test_a_removed_folder_takes_the_problem_off_the_list(tmp_path: Path) -> None:
    async with scripted_service(tmp_path):
        pass
    (tmp_path / "problems" / "1-double").rename(tmp_path / "elsewhere")
    async with scripted_service(tmp_path) as service:
        assert (await service.client.get("/api/v1/problems")).json()["problems"] == []
        assert (await service.client.get("/api/v1/problems/double")).status_code == 404
