"""A submission over HTTP, and the events that come of it, each beside what the API said at that moment."""

import json
from typing import Any

import httpx


def submit_and_follow(browser: httpx.Client, code: str, *, slug: str = "double") -> dict[str, dict[str, Any]]:
    """Return the last event of each kind of a new submission, and the status it had when that came."""
    answer = browser.post(f"/api/v1/problems/{slug}/submissions", json={"code": code})
    assert answer.status_code == 202, answer.text
    came: dict[str, dict[str, Any]] = {}
    name, address = "", f"/api/v1/submissions/{answer.json()['id']}"
    with browser.stream("GET", f"{address}/events") as stream:
        for line in stream.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                came[name] = json.loads(line.removeprefix("data: "))
                came[name]["seen_while"] = browser.get(address).json()["status"]
    return came
