"""What the store promises, on SQLite and on PostgreSQL alike."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import numpy as np
import pytest
from sqlalchemy.exc import IntegrityError

from app.accounts.accounts import Accounts
from app.catalog.problem_folder import read_problem
from app.core.job import Job, Status
from app.core.outcome import Outcome
from app.core.submission import Progress, Submission, UnexplainedCluster, UnexplainedOutput
from app.core.tolerance import Tolerance
from app.core.user import Role, User
from app.core.verdict import Mode, Verdict
from app.errors import (
    DatabaseInUse,
    DatabaseUnavailable,
    EmailTaken,
    ProblemError,
    ProblemNotFound,
    QueueFull,
)
from app.queue.embedded.queue import EmbeddedQueue
from app.store import tables
from app.store.engine.database import Database
from app.store.engine.exclusive_access import sole_owner
from app.store.problems import Problems
from app.store.queries import jobs, sessions, submissions, users
from app.store.queries.unexplained import add_unexplained, commonest_unexplained
from app.submissions.service import Submissions, unfinished_verdict
from tests.support.small_problem import small_problem
from tests.support.submission_jobs import end_submission, finish_submission, insert_submission, job_by_id

pytestmark = pytest.mark.anyio


async def new_user(database: Database, email: str = "a@school.test") -> User:
    async with database.transaction() as connection:
        return await users.insert_user(connection, email=email, password_hash="x", role=Role.LEARNER)


async def new_submission(database: Database) -> Submission:
    """A queued one, to a problem that is published for it."""
    problem = await Problems(database, read_problem).publish(small_problem())
    submission = Submission(
        id=uuid4().hex,
        user_id=(await new_user(database)).id,
        problem_slug=problem.slug,
        version=problem.version,
        mode=Mode.SUBMIT,
        code="x = 'π'",
        status=Status.QUEUED,
        seed=2**53 - 1,
        created_at=datetime.now(UTC),
    )
    async with database.transaction() as connection:
        await insert_submission(connection, submission, priority=10)
    return submission


async def claim(database: Database, submission_id: str) -> Job | None:
    async with database.transaction() as connection:
        return await jobs.claim(connection, submission_id)


async def stored(database: Database, submission_id: str) -> Submission:
    async with database.reading() as connection:
        found = await submissions.submission_by_id(connection, submission_id)
    assert found is not None
    return found


async def finish(database: Database, held: Job, verdict: Verdict) -> bool:
    async with database.transaction() as connection:
        return await finish_submission(connection, held, verdict)


async def send_in(
    database: Database, like: Submission, mode: Mode, outcome: Outcome | None, *, day: int = 0
) -> None:
    """One more submission by the same learner, `day` days after the first; no outcome: not graded yet."""
    one = msgspec.structs.replace(
        like, id=uuid4().hex, mode=mode, created_at=like.created_at + timedelta(days=day)
    )
    async with database.transaction() as connection:
        await insert_submission(connection, one, priority=10)
        if outcome is not None:
            verdict = unfinished_verdict(one, outcome, "")
            assert await end_submission(connection, one.id, verdict)


async def progresses(database: Database, user_id: str) -> dict[str, Progress]:
    async with database.reading() as connection:
        return await submissions.progress_of(connection, user_id, ["double"])


async def test_only_an_accepted_submit_solves_a_problem(database: Database) -> None:
    """A run leaves the hidden cases out."""
    first = await new_submission(database)
    await send_in(database, first, Mode.RUN, Outcome.ACCEPTED)
    await send_in(database, first, Mode.SUBMIT, Outcome.WRONG_VALUE)
    assert await progresses(database, first.user_id) == {"double": Progress.TRIED}
    assert await progresses(database, "nobody") == {}
    await send_in(database, first, Mode.SUBMIT, Outcome.ACCEPTED)
    assert await progresses(database, first.user_id) == {"double": Progress.SOLVED}


async def test_a_solved_problem_stays_solved_however_much_follows(database: Database) -> None:
    first = await new_submission(database)
    await send_in(database, first, Mode.SUBMIT, Outcome.ACCEPTED)
    for day in range(1, 61):
        await send_in(database, first, Mode.SUBMIT, Outcome.WRONG_VALUE, day=day)
    await Problems(database, read_problem).publish(small_problem(statement="A new version."))
    assert await progresses(database, first.user_id) == {"double": Progress.SOLVED}


async def test_of_many_who_sign_up_at_once_one_is_the_admin(database: Database) -> None:
    new = await asyncio.gather(*(new_user(database, f"{n}@school.test") for n in range(8)))
    assert sorted(user.role for user in new) == [Role.ADMIN] + [Role.LEARNER] * 7


async def test_a_sign_up_that_fails_leaves_the_admins_place_free(database: Database) -> None:
    async def cut_off() -> None:
        async with database.transaction() as connection:
            await users.insert_user(connection, email="a@school.test", password_hash="x", role=Role.LEARNER)
            raise RuntimeError("cut off")

    with pytest.raises(RuntimeError, match="cut off"):
        await cut_off()
    assert (await new_user(database)).role is Role.ADMIN


async def test_an_email_address_has_one_account(database: Database) -> None:
    """Also where two sign-ups with it run at the same moment."""
    outcomes = await asyncio.gather(*(new_user(database) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(outcome, User) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, EmailTaken) for outcome in outcomes) == 3


async def test_sessions_end_when_they_expire(database: Database) -> None:
    user, now = await new_user(database), datetime.now(UTC)
    async with database.transaction() as connection:
        await sessions.insert_session(
            connection, secret_hash="h", user_id=user.id, created_at=now, expires_at=now + timedelta(hours=1)
        )
        assert await sessions.user_of_session(connection, "h", now=now) == user
        assert await sessions.user_of_session(connection, "h", now=now + timedelta(hours=1)) is None
        await sessions.delete_expired_sessions(connection, now=now + timedelta(hours=2))
        assert await sessions.user_of_session(connection, "h", now=now) is None


async def test_secrets_are_stored_as_hashes_only(database: Database) -> None:
    """Whoever reads the database can neither sign in nor act for anybody."""
    accounts = Accounts(database)
    user = await accounts.sign_up("a@school.test", "correct horse battery")
    session, token = await accounts.start_session(user), await accounts.create_token(user, "ci")
    assert await accounts.user_of_session(session) == user
    assert await accounts.user_of_token(token) == user
    async with database.reading() as connection:
        for table in ("users", "sessions", "tokens"):
            rows = (await connection.exec_driver_sql(f"SELECT * FROM {table}")).all()  # noqa: S608 (a fixed name)
            assert rows
            for secret in (session, token, "correct horse battery"):
                assert secret not in str(rows)


async def test_a_submission_comes_back_as_it_was_stored(database: Database) -> None:
    submission = await new_submission(database)
    assert await stored(database, submission.id) == submission


async def test_each_claim_is_a_new_attempt_and_ends_the_older_ones(database: Database) -> None:
    """The attempt is a fencing token: a worker that was thought dead can't overwrite anything."""
    submission = await new_submission(database)
    first, second = await claim(database, submission.id), await claim(database, submission.id)
    assert first is not None
    assert second is not None
    assert (first.attempt, second.attempt, second.status) == (1, 2, Status.RUNNING)
    late = unfinished_verdict(submission, Outcome.CRASHED, "late")
    right = unfinished_verdict(submission, Outcome.WRONG_VALUE, "right")
    assert not await finish(database, first, late)
    assert await finish(database, second, right)
    found = await stored(database, submission.id)
    assert (found.status, found.verdict) == (Status.DONE, right)


async def test_a_verdict_is_written_once(database: Database) -> None:
    """Nothing overwrites it, runs it again, or cancels it afterwards."""
    submission = await new_submission(database)
    held = await claim(database, submission.id)
    assert held is not None
    verdict = unfinished_verdict(submission, Outcome.WRONG_VALUE, "first")
    assert await finish(database, held, verdict)
    assert not await finish(database, held, unfinished_verdict(submission, Outcome.CRASHED, "second"))
    assert await claim(database, submission.id) is None
    async with database.transaction() as connection:
        cancelled = unfinished_verdict(submission, Outcome.CANCELLED, "third")
        assert not await end_submission(connection, submission.id, cancelled)
        assert not await jobs.give_back(connection, held, failed=True)
    assert (await stored(database, submission.id)).verdict == verdict


async def test_of_a_verdict_and_a_cancel_at_once_one_wins(database: Database) -> None:
    submission = await new_submission(database)
    held = await claim(database, submission.id)
    assert held is not None

    async def cancel() -> bool:
        async with database.transaction() as connection:
            verdict = unfinished_verdict(submission, Outcome.CANCELLED, "")
            return await end_submission(connection, submission.id, verdict)

    won = await asyncio.gather(
        finish(database, held, unfinished_verdict(submission, Outcome.WRONG_VALUE, "")), cancel()
    )
    assert sorted(won) == [False, True]


async def test_a_verdict_keeps_whatever_a_learner_prints(database: Database) -> None:
    submission = await new_submission(database)
    held = await claim(database, submission.id)
    assert held is not None
    text = "\0 \x1b[31m \u2028 🎈 </script>"
    verdict = msgspec.structs.replace(unfinished_verdict(submission, Outcome.ERROR, ""), stdout=text)
    assert await finish(database, held, verdict)
    assert (await stored(database, submission.id)).verdict == verdict


async def test_after_a_crash_everything_without_a_verdict_is_found_again(database: Database) -> None:
    submission = await new_submission(database)
    await claim(database, submission.id)
    async with database.transaction() as connection:
        await jobs.requeue_all_running(connection)
        waiting = await jobs.unfinished(connection)
    assert [(found.id, found.priority) for found in waiting] == [(submission.id, 10)]
    assert (await stored(database, submission.id)).status is Status.QUEUED
    async with database.reading() as connection:
        job = await job_by_id(connection, submission.id)
    assert job is not None
    # The attempt stays, so that a submission that kills its worker is not tried for ever.
    assert (job.status, job.attempt) == (Status.QUEUED, 1)


async def test_a_published_version_never_changes(database: Database) -> None:
    problems = Problems(database, read_problem)
    old = await problems.publish(small_problem())
    new = await problems.publish(small_problem(statement="Changed.\n"))
    again = await problems.publish(small_problem())
    assert old.version == again.version != new.version
    fresh = Problems(database, read_problem)
    assert await fresh.by_slug("double") == old
    assert await fresh.by_version(new.version) == new


async def test_a_slug_belongs_to_one_problem(database: Database) -> None:
    problems = Problems(database, read_problem)
    await problems.publish(small_problem())
    impostor = small_problem("other")
    impostor["problem.toml"] = impostor["problem.toml"].replace(b'slug = "other"', b'slug = "double"')
    with pytest.raises(ProblemError, match="belongs to the problem"):
        await problems.publish(impostor)


def called(package: dict[str, bytes], slug: str) -> dict[str, bytes]:
    """The same problem under another slug."""
    manifest = re.sub(rb'(?m)^slug = ".*"$', f'slug = "{slug}"'.encode(), package["problem.toml"])
    return {**package, "problem.toml": manifest}


@pytest.mark.parametrize("renamed", ["baz", "bac", "bca", "cab", "cba", "xab", "xcb"])
async def test_problems_exchange_their_slugs(database: Database, renamed: str) -> None:
    """In a circle, or each the next one's; each keeps what was sent in to it."""
    problems = Problems(database, read_problem)
    packages = [small_problem(slug, position=number) for number, slug in enumerate("abc")]
    before = [(await problems.publish(package)).manifest.id for package in packages]
    changed = {slug: called(one, slug) for one, slug in zip(packages, renamed, strict=True)}
    after = await problems.publish_all(changed)
    assert [after[slug].manifest.id for slug in renamed] == before  # type: ignore[union-attr]
    assert [(listing.slug, listing.id) for listing in await problems.on_offer()] == list(
        zip(renamed, before, strict=True)
    )


async def test_who_takes_a_slug_that_nobody_gives_up_is_refused_alone(database: Database) -> None:
    problems = Problems(database, read_problem)
    first, second, third, fourth = (
        small_problem(slug, position=number) for number, slug in enumerate("abcd")
    )
    for package in (first, second, third, fourth):
        await problems.publish(package)
    packages = {"c": called(first, "c"), "d": called(second, "d"), "b": called(fourth, "b")}
    done = await problems.publish_all(packages)
    assert [slug for slug, result in done.items() if isinstance(result, ProblemError)] == ["c"]
    assert [listing.slug for listing in await problems.on_offer()] == ["a", "d", "c", "b"]


async def test_problems_are_listed_by_position(database: Database) -> None:
    problems = Problems(database, read_problem)
    for slug, position in (("third", 3), ("first", 1), ("second", 2)):
        await problems.publish(small_problem(slug, position=position))
    page = await problems.page(limit=9)
    assert [problem.slug for problem in page.problems] == ["first", "second", "third"]
    assert [problem.version for problem in page.problems] == await problems.versions()
    assert page.next is None
    assert (page.problems[0].title, page.problems[0].requires) == ("Double", ())


async def test_a_list_goes_on_where_it_ended_also_among_equal_positions(database: Database) -> None:
    problems = Problems(database, read_problem)
    slugs = ["a", "b", "c", "d", "e"]
    for slug in slugs:
        await problems.publish(small_problem(slug, position=7))
    seen: list[str] = []
    after = None
    while True:
        page = await problems.page(limit=2, after=after)
        seen += [problem.slug for problem in page.problems]
        if (after := page.next) is None:
            break
    assert seen == slugs
    with pytest.raises(ProblemNotFound, match="after which"):
        await problems.page(limit=2, after="nothing")


async def test_a_search_asks_for_all_of_its_words(database: Database) -> None:
    """Letters of either case, and none that has a meaning of its own."""
    problems = Problems(database, read_problem)
    for position, slug in enumerate(("first", "second-100", "third"), 1):
        await problems.publish(small_problem(slug, position=position))

    async def found(search: str) -> list[str]:
        return [problem.slug for problem in (await problems.page(limit=9, search=search)).problems]

    assert await found("FIRST double") == ["first"]
    assert await found("first second") == []
    assert await found("warm-up input") == ["first", "second-100", "third"]
    assert await found("100%") == await found("s_cond") == await found("a\0") == []


async def test_what_an_older_release_published_is_listed_with_its_title(database: Database) -> None:
    """Its columns of the list are empty until they are filled from the stored files."""
    problems = Problems(database, read_problem)
    await problems.publish(small_problem())
    bare = {"title": "", "track": "", "summary": "", "requires": "[]", "words": ""}
    async with database.transaction() as connection:
        await connection.execute(tables.problems.update().values(bare))
    before = (await problems.page(limit=9)).problems
    assert [problem.title for problem in before] == ["double"]
    await problems.describe_all()
    found = (await problems.page(limit=9, search="twice")).problems
    assert [problem.title for problem in found] == ["Double"]


async def test_problems_that_are_gone_leave_the_list_however_many_stay(database: Database) -> None:
    problems = Problems(database, read_problem)
    published = [await problems.publish(small_problem(slug), rules="of today") for slug in ("a", "b", "c")]
    ids = [problem.manifest.id for problem in published]
    await problems.retire_except({ids[1]})
    assert [problem.slug for problem in (await problems.page(limit=9)).problems] == ["b"]
    assert await problems.count() == 1
    assert [found.slug for found in await problems.found_readable("of today")] == ["b"]
    assert await problems.found_readable("of tomorrow") == []


async def test_processes_that_publish_the_same_at_once_do_not_disturb_each_other(database: Database) -> None:
    """Several API processes start together."""
    many = [Problems(database, read_problem) for _ in range(4)]
    published = await asyncio.gather(*(one.publish(small_problem()) for one in many))
    assert len({problem.version for problem in published}) == 1
    assert await many[0].count() == 1


async def test_a_list_of_submissions_has_scores_without_reading_verdicts(database: Database) -> None:
    """A row from before the column of scores is still read from its verdict."""
    first = await new_submission(database)
    for day, outcome in enumerate((Outcome.ACCEPTED, Outcome.WRONG_VALUE), 1):
        await send_in(database, first, Mode.SUBMIT, outcome, day=day)

    async def listed() -> list[tuple[Outcome | None, float | None]]:
        async with database.reading() as connection:
            lines = await submissions.submissions_of(connection, first.user_id, "double", limit=9)
        return [(line.outcome, line.score) for line in lines]

    expected = [(Outcome.WRONG_VALUE, 0.0), (Outcome.ACCEPTED, 0.0), (None, None)]
    assert await listed() == expected
    async with database.transaction() as connection:
        await connection.execute(tables.submissions.update().values(score=None))
    assert await listed() == expected
    async with database.reading() as connection:
        assert await submissions.latest_code(connection, first.user_id, "double") == first.code
        assert await submissions.latest_code(connection, first.user_id, "another") is None


async def test_solved_problems_are_counted_while_they_are_on_offer(database: Database) -> None:
    first = await new_submission(database)
    for _ in range(2):
        await send_in(database, first, Mode.SUBMIT, Outcome.ACCEPTED)

    async def solved() -> int:
        async with database.reading() as connection:
            return await submissions.count_solved(connection, first.user_id)

    assert await solved() == 1
    async with database.reading() as connection:
        assert await submissions.progress_of(connection, first.user_id, ["other"]) == {}
        assert len(await submissions.progress_of(connection, first.user_id, ["double"])) == 1
    await Problems(database, read_problem).retire_except(set())
    assert await solved() == 0


async def test_references_between_tables_are_enforced(database: Database) -> None:
    """SQLite only does so when it is told to."""
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        with pytest.raises(IntegrityError):
            await sessions.insert_session(
                connection, secret_hash="h", user_id="nobody", created_at=now, expires_at=now
            )


async def test_many_writers_at_once_all_get_through(database: Database) -> None:
    """SQLite has one writer at a time; the others wait for their turn instead of failing."""
    queue, problems = EmbeddedQueue(), Problems(database, read_problem)
    await problems.publish(small_problem())
    user = await new_user(database)
    taking = Submissions(database, problems, queue, lambda *_: None, queue_limit=1000, waiting_per_user=1000)
    taken = await asyncio.gather(*(taking.submit(user, "double", "x", Mode.RUN) for _ in range(40)))
    assert len({submission.id for submission in taken}) == len(queue.waiting()) == 40


async def test_a_refused_submission_leaves_no_row(database: Database) -> None:
    queue, problems = EmbeddedQueue(), Problems(database, read_problem)
    await problems.publish(small_problem())
    user = await new_user(database)
    taking = Submissions(database, problems, queue, lambda *_: None, queue_limit=1, waiting_per_user=9)
    await taking.submit(user, "double", "x", Mode.RUN)
    with pytest.raises(QueueFull):
        await taking.submit(user, "double", "x", Mode.RUN)
    assert len(await taking.list_for(user, "double")) == len(queue.waiting()) == 1


async def test_one_owner_at_a_time(tmp_path: Path) -> None:
    """Of an embedded queue; on PostgreSQL many share one."""
    first, second = (Database(f"sqlite:///{tmp_path / 'test.db'}") for _ in range(2))
    async with sole_owner(first):
        with pytest.raises(DatabaseInUse):
            async with sole_owner(second, patience_seconds=0.2):
                pass
    async with sole_owner(second):
        pass


async def test_a_lock_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A folder of that name stands for whatever keeps the file from being written."""
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    (tmp_path / "a.db.lock").mkdir()
    with pytest.raises(DatabaseUnavailable, match=r"a\.db\.lock beside it cannot be written"):
        async with sole_owner(database):
            pass
    await database.close()


async def add_wrong_answer(
    database: Database, like: Submission, numbers: list[float], *, email: str = "", code: str = "x = 1"
) -> Submission:
    """A submission whose answer nothing explains, by a new learner if there is an address."""
    user_id = (await new_user(database, email)).id if email else like.user_id
    one = msgspec.structs.replace(like, id=uuid4().hex, user_id=user_id, code=code)
    output = np.asarray(numbers, "<f4").tobytes()
    async with database.transaction() as connection:
        await insert_submission(connection, one, priority=10)
        await add_unexplained(
            connection, one, UnexplainedOutput(layout="a" * 64, output=output), Tolerance(absolute=1e-3)
        )
    return one


async def commonest(database: Database, version: str) -> list[UnexplainedCluster]:
    async with database.reading() as connection:
        return await commonest_unexplained(connection, version)


async def test_equal_unexplained_answers_are_counted_by_learner(database: Database) -> None:
    """The commonest comes first; many tries of one learner do not make a mistake common."""
    first = await new_submission(database)
    for _ in range(3):
        await add_wrong_answer(database, first, [5.0, 6.0])
    long = await add_wrong_answer(database, first, [1.0, 2.0], email="b@school.test", code="x = 1\n\ny = 2")
    short = await add_wrong_answer(
        database, first, [1.0005, 1.9995], email="c@school.test", code="x = 1\n\n\n\n"
    )
    found = await commonest(database, first.version)
    assert [(one.learners, one.submissions) for one in found] == [(2, 2), (1, 3)]
    assert (found[0].example_id, found[0].example_lines) == (short.id, 1)
    assert long.id != short.id
    assert await commonest(database, "another") == []


async def test_answers_beyond_the_tolerance_or_of_another_layout_stay_apart(database: Database) -> None:
    first = await new_submission(database)
    rows = [
        [1.0, 2.0],
        [1.0, 2.01],
        [1.0, 2.0, 3.0],
        [float("nan"), 2.0],
        [float("nan"), 2.0],
        [float("inf"), 2.0],
    ]
    for numbers in rows:
        await add_wrong_answer(database, first, numbers)
    found = await commonest(database, first.version)
    assert sorted(one.submissions for one in found) == [1, 1, 1, 1, 2]


async def test_the_same_submission_counts_once(database: Database) -> None:
    """A regrade finds the same again."""
    first = await new_submission(database)
    one = await add_wrong_answer(database, first, [1.0, 2.0])
    for _ in range(2):
        async with database.transaction() as connection:
            await add_unexplained(
                connection,
                one,
                UnexplainedOutput(layout="a" * 64, output=np.asarray([1.0, 2.0], "<f4").tobytes()),
                Tolerance(),
            )
    assert [found.submissions for found in await commonest(database, first.version)] == [1]


async def test_only_the_ten_commonest_are_given(database: Database) -> None:
    first = await new_submission(database)
    for number in range(12):
        await add_wrong_answer(database, first, [float(number), 1.0])
    assert len(await commonest(database, first.version)) == 10


async def test_equal_answers_at_the_same_moment_make_one_cluster(database: Database) -> None:
    first = await new_submission(database)
    await asyncio.gather(*[add_wrong_answer(database, first, [3.0, 4.0]) for _ in range(8)])
    assert [found.submissions for found in await commonest(database, first.version)] == [8]


async def test_a_deleted_learner_is_counted_no_more(database: Database) -> None:
    first = await new_submission(database)
    await add_wrong_answer(database, first, [1.0, 2.0])
    gone = await add_wrong_answer(database, first, [1.0, 2.0], email="b@school.test")
    async with database.transaction() as connection:
        await connection.execute(tables.users.delete().where(tables.users.c.id == gone.user_id))
    assert [(one.learners, one.submissions) for one in await commonest(database, first.version)] == [(1, 1)]


async def test_of_two_at_once_under_one_id_one_is_stored(database: Database) -> None:
    """As by a double click, in two processes; the other one waits and finds it there."""
    first = await new_submission(database)
    again = msgspec.structs.replace(first, id=uuid4().hex)

    async def insert() -> bool:
        async with database.transaction() as connection:
            return await submissions.insert_submission(connection, again)

    assert sorted(await asyncio.gather(insert(), insert())) == [False, True]
