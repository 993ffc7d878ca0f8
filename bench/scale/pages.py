"""Pages and API of two services, a small and a large one, over real HTTP: request by request in turn."""

import statistics
import time
from collections.abc import Callable, Sequence

import httpx
import msgspec

PASSWORD = "correct horse battery"  # noqa: S105
NEW, DILIGENT = "new@lab.test", "diligent@lab.test"
_WARM_UP = 5
_SIGN_INS = 20
"""A minute, of which more are refused."""


class Timed(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of one kind of request or statement, in the small and in the large database."""

    name: str
    small: list[float]
    large: list[float]


class Visitor:
    """A browser or program that asks one service."""

    def __init__(self, address: str, email: str | None) -> None:
        self.client = httpx.Client(base_url=address, timeout=60)
        if email is not None:
            self.client.post(
                "/api/v1/session", json={"email": email, "password": PASSWORD}
            ).raise_for_status()

    def get(self, path: str) -> httpx.Response:
        answer = self.client.get(path)
        answer.raise_for_status()
        return answer

    def post(self, path: str, body: dict[str, str]) -> httpx.Response:
        answer = self.client.post(path, json=body)
        answer.raise_for_status()
        return answer


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two services."""

    address: str
    slug: str
    code: str
    submission_ids: dict[str, str]
    """A graded submission by the email address of its learner."""


Ask = Callable[[], httpx.Response]


def time_pages(small: Place, large: Place, rounds: int) -> list[Timed]:
    """Everything that a learner does, `rounds` times."""
    asked = [list(_requests(place)) for place in (small, large)]
    timed = [Timed(name=name, small=[], large=[]) for name, _ in asked[0]]
    for number in range(-_WARM_UP, rounds):
        for row, (name, ask_small), (_, ask_large) in zip(timed, *asked, strict=True):
            if name.endswith("sign-in") and number >= _SIGN_INS:
                continue
            # Who comes second must not always find the machine warmer.
            turns = [(row.small, ask_small), (row.large, ask_large)]
            for seconds, ask in turns if number % 2 else reversed(turns):
                start = time.perf_counter()
                ask()
                took = time.perf_counter() - start
                if number >= 0:
                    seconds.append(took)
    return timed


def print_table(title: str, timed: Sequence[Timed]) -> None:
    """Milliseconds, and how many times as long it takes in the large one."""
    print(f"\n{title}; ms")
    print(f"{'':<44}{'small p50':>10}{'p95':>8}{'large p50':>11}{'p95':>8}{'x p50':>8}{'x p95':>7}")
    for row in timed:
        small, large = (_quantiles(seconds) for seconds in (row.small, row.large))
        times = f"{large[0] / small[0]:>8.2f}{large[1] / small[1]:>7.2f}"
        print(f"{row.name:<44}{small[0]:>10.2f}{small[1]:>8.2f}{large[0]:>11.2f}{large[1]:>8.2f}{times}")


def _quantiles(seconds: Sequence[float]) -> tuple[float, float]:
    twentieths = statistics.quantiles(seconds, n=20, method="inclusive")
    return 1000 * statistics.median(seconds), 1000 * twentieths[18]


def _requests(place: Place) -> list[tuple[str, Ask]]:
    guest, anybody = Visitor(place.address, None), Visitor(place.address, None)
    new, diligent = Visitor(place.address, NEW), Visitor(place.address, DILIGENT)
    page, api = f"/problems/{place.slug}", f"/api/v1/problems/{place.slug}"
    submitted = {"code": place.code, "mode": "submit"}
    mine = place.submission_ids[DILIGENT]
    return [
        ("home, guest", lambda: guest.get("/")),
        ("home, a new learner", lambda: new.get("/")),
        ("home, one with 500 submissions", lambda: diligent.get("/")),
        ("home, a search", lambda: diligent.get("/?q=attention+exercise")),
        ("a problem, guest", lambda: guest.get(page)),
        ("a problem, a new learner", lambda: new.get(page)),
        ("a problem, with 50 of one's own", lambda: diligent.get(page)),
        ("a submission", lambda: diligent.get(f"/submissions/{mine}")),
        ("API: problems, 60 of them", lambda: guest.get("/api/v1/problems?limit=60")),
        ("API: a problem", lambda: guest.get(api)),
        ("API: one's own submissions, 50", lambda: diligent.get(f"{api}/submissions")),
        ("API: POST of a submission", lambda: new.post(f"{api}/submissions", submitted)),
        ("API: a submission", lambda: diligent.get(f"/api/v1/submissions/{mine}")),
        (
            "API: sign-in",
            lambda: anybody.post("/api/v1/session", {"email": NEW, "password": PASSWORD}),
        ),
    ]
