"""A service that holds the most of everything that its fields allow, and half of that, for measurements.

Everything is there three times with other contents, since what was made once is kept.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import msgspec

from app.accounts.credentials import secret_hash
from app.catalog.problem_folder import STATEMENT_LIMIT_BYTES
from app.core.outcome import Outcome
from app.core.submission import CODE_LIMIT_BYTES, SEED_LIMIT
from app.core.verdict import (
    CaseResult,
    Diagnosis,
    DiagnosisKind,
    Difference,
    Explained,
    Frame,
    LearnerError,
    Verdict,
    Visibility,
)
from app.http.authentication import SESSION_COOKIE
from app.store import tables
from app.store.problems import Problems
from tests.support.scripted_service import Service, scripted_service
from tests.support.small_problem import small_problem

SIZES = (1.0, 0.5)
ROUNDS = range(3)
SUBMISSIONS = 2_000
_NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
_OUTPUT_BYTES = 64 << 10
_ERROR_CHARACTERS, _FRAMES, _FRAME_CHARACTERS = 4_000, 20, 500
_NOTES, _NOTE_CHARACTERS = 8, 300
_PICTURE_BYTES = 20 << 10
_DIFFERENCES = 5

CODES = {
    "one line": "'" + "\\N{" * CODE_LIMIT_BYTES,
    "newlines": "\n" * (CODE_LIMIT_BYTES - 1) + "x",
    "short lines": "<\n" * CODE_LIMIT_BYTES,
    "signs": "<&>\"'" * CODE_LIMIT_BYTES,
}
"""What a submission may be; the first `CODE_LIMIT_BYTES` of each."""
PRINTED = {
    "one line": "<" * _OUTPUT_BYTES,
    "newlines": "\n" * (_OUTPUT_BYTES - 1) + "x",
    "carriage returns": "\r" * (_OUTPUT_BYTES - 1) + "x",
    "lines begun anew": "a\rb\n" * _OUTPUT_BYTES,
    "escapes": "\x1b[0" * _OUTPUT_BYTES,
    "titles": "\x1b]" * _OUTPUT_BYTES,
    "parameters": "\x1b[" + "0" * (_OUTPUT_BYTES // 2) + " " * _OUTPUT_BYTES,
}
_PARAGRAPH = "A word of the text, and another. " * 20 + "\n\n"
STATEMENTS = {
    "words": _PARAGRAPH,
    "formulas": "$a_1$ " * 1_300 + "\n\n",
    "code": "```python\nx = '\\N{'\n```\n",
    "hints": ":::hint H\n" + _PARAGRAPH * 8 + "\n:::\n",
    "choices": ":::quiz\n" + _PARAGRAPH * 8 + "- [x] a\n" * 5 + ":::\n",
}


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """The service; `cookies` by size, of a learner with that much, and of the admin."""

    service: Service
    problems: Problems
    cookies: dict[float | str, bytes]
    submissions: dict[tuple[str, float, int], str]
    """By the name of what it holds, size and round."""

    def forget(self) -> None:
        """Have every problem read anew, as after a start."""
        self.problems._parsed.clear()


def cut(text: str, limit_bytes: int, size: float, number: int) -> str:
    """Return so much of a text, with another beginning in each round."""
    return (f"{number}{size:g} " + text)[: int(limit_bytes * size)]


def stated_slug(name: str, size: float, number: int) -> str:
    return f"stated-{name.replace(' ', '-')}-{int(size * 10)}-{number}"


@asynccontextmanager
async def worst_ground(place: Path, *, cases: int, tokens: int) -> AsyncIterator[Ground]:
    """Open it; a verdict has `cases`, an account `tokens`, as the limits allow."""
    async with scripted_service(place, waiting_per_user=10_000, queue_limit=100_000, slots=1) as service:
        await service.ready()
        cookies: dict[float | str, bytes] = {}
        users = {}
        for name in ("admin", *SIZES):
            async with service.visitor() as visitor:
                email = f"{name}@lab.test"
                answer = await visitor.post("/api/v1/accounts", json={"email": email, "password": "x" * 1024})
                users[name] = answer.json()["id"]
                secret = visitor.cookies[SESSION_COOKIE]
            cookies[name] = f"{SESSION_COOKIE}={secret}".encode()
        ground = Ground(service=service, problems=service.services.problems, cookies=cookies, submissions={})
        version = (await service.services.problems.by_slug("double")).version
        database = service.services.accounts._database
        async with database.transaction() as connection:
            for size in SIZES:
                rows = [_plain(users[size], version, at) for at in range(int(SUBMISSIONS * size))]
                rows += _worst(ground, users[size], version, size, cases)
                await connection.execute(tables.submissions.insert(), rows)
                await connection.execute(
                    tables.tokens.insert(), [_token(users[size], at) for at in range(int(tokens * size))]
                )
        for name, unit in STATEMENTS.items():
            for size in SIZES:
                for number in ROUNDS:
                    await _publish(service, name, unit, size, number)
        yield ground


async def _publish(service: Service, name: str, unit: str, size: float, number: int) -> None:
    slug = stated_slug(name, size, number)
    text = cut("\n\n" + unit * (STATEMENT_LIMIT_BYTES // len(unit)), STATEMENT_LIMIT_BYTES, size, number)
    # What the cut leaves open would be no quiz.
    text = text[: text.rfind(":::\n") + 4] if ":::" in text else text
    files = small_problem(slug, position=10 + number, statement=text)
    begins = f"{files['starter.py'].decode()}\n# "
    starter = begins + cut("# x\n" * CODE_LIMIT_BYTES, CODE_LIMIT_BYTES - len(begins), size, number)
    await service.services.problems.publish(
        {**files, "assets/figure.svg": b" " * int((1 << 20) * size), "starter.py": starter.encode()}
    )


def _token(user: str, at: int) -> dict[str, Any]:
    name = f"{at} ".ljust(100, "<")
    return {"id": uuid4().hex, "user_id": user, "name": name, "secret_hash": secret_hash(uuid4().hex)} | {
        "created_at": _NOW + timedelta(seconds=at)
    }


def _plain(user: str, version: str, at: int) -> dict[str, Any]:
    return _row(user, version, f"x = {at}", verdict_of(version, 1, 1.0, at), at)


def _worst(ground: Ground, user: str, version: str, size: float, cases: int) -> list[dict[str, Any]]:
    rows = []
    for number in ROUNDS:
        for name, code in CODES.items():
            text = cut(code, CODE_LIMIT_BYTES, size, number)
            rows.append(_row(user, version, text, verdict_of(version, 1, size, number), 0))
            ground.submissions[f"code: {name}", size, number] = rows[-1]["id"]
        for name, printed in PRINTED.items():
            verdict = verdict_of(version, 1, size, number, printed=printed)
            rows.append(_row(user, version, "x = 1", verdict, 0))
            ground.submissions[f"printed: {name}", size, number] = rows[-1]["id"]
        verdict = verdict_of(version, int(cases * size), size, number, printed=PRINTED["newlines"])
        rows.append(_row(user, version, cut(CODES["newlines"], CODE_LIMIT_BYTES, size, number), verdict, 0))
        ground.submissions["everything", size, number] = rows[-1]["id"]
        rows.append(_row(user, version, cut(CODES["signs"], CODE_LIMIT_BYTES, size, number), None, 0))
        ground.submissions["waiting", size, number] = rows[-1]["id"]
    return rows


def _row(user: str, version: str, code: str, verdict: Verdict | None, at: int) -> dict[str, Any]:
    return {
        "id": uuid4().hex,
        "user_id": user,
        "version": version,
        "mode": "submit",
        "code": code,
        "seed": SEED_LIMIT - 1,
        "created_at": _NOW + timedelta(seconds=at),
        "finished_at": None if verdict is None else _NOW,
        "outcome": None if verdict is None else verdict.outcome.value,
        "score": None if verdict is None else verdict.score,
        "verdict": None if verdict is None else msgspec.json.encode(verdict).decode(),
    }


def verdict_of(version: str, cases: int, size: float, number: int, *, printed: str = "") -> Verdict:
    """A verdict with as much as its parts may hold, and this printed to both streams."""
    text = cut(printed, _OUTPUT_BYTES, size, number) if printed else ""

    def filled(characters: int) -> str:
        return ("`<` " * characters)[: int(characters * size)]

    return Verdict(
        problem="double",
        version=version,
        outcome=Outcome.WRONG_VALUE,
        accepted=False,
        score=0.5,
        diagnosis=Diagnosis(kind=DiagnosisKind.VARIANT, id="x", message=filled(_ERROR_CHARACTERS), line=1),
        cases=tuple(_case(at, filled) for at in range(cases)),
        stdout=text,
        stderr=text,
        error=LearnerError(
            type="ValueError",
            message=filled(_ERROR_CHARACTERS),
            line=2,
            frames=tuple(
                Frame(line=at + 1, function="f", text=filled(_FRAME_CHARACTERS))
                for at in range(int(_FRAMES * size))
            ),
            explanation=filled(_ERROR_CHARACTERS),
        ),
        wall_seconds=1.0,
        environment={f"name {at}": "x" * 50 for at in range(30)},
        notes=tuple(filled(_NOTE_CHARACTERS) for _ in range(_NOTES)),
        explained=Explained.COMPLETE,
    )


def _case(at: int, filled: Any) -> CaseResult:
    return CaseResult(
        name=f"case-{at}",
        visibility=Visibility.SAMPLE,
        outcome=Outcome.WRONG_VALUE,
        points=1.0,
        max_abs_error=0.1234,
        max_rel_error=1.5e-9,
        mismatched=9,
        size=99,
        wall_seconds=0.01,
        message=filled(300),
        max_abs_error_at=(0, 1, 2),
        differences=tuple(Difference(at=(0, n), expected=0.1, got=0.1000001) for n in range(_DIFFERENCES)),
        picture="<svg>" + "<g/>" * (_PICTURE_BYTES // 4) + "</svg>",
        group=f"case-{at}",
    )


async def many_problems(ground: Ground, *, problems: int, title: int, summary: int) -> None:
    """Put so many more on the list, with names as long as they may be."""
    version = (await ground.service.services.problems.by_slug("double")).version
    rows = [
        {"id": str(uuid5(NAMESPACE_URL, f"many {at}")), "slug": f"many-{at}", "position": 1000 + at}
        | {"version": version, "listed": True, "title": "<" * title, "track": "<" * title}
        | {"summary": "<" * summary, "words": "<" * summary + f" {at}"}
        for at in range(problems)
    ]
    async with ground.service.services.accounts._database.transaction() as connection:
        await connection.execute(tables.problems.insert(), rows)
