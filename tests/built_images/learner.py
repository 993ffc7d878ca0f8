"""A learner who signs up and submits, as a program: prints the outcome of each file, as JSON.

python -m tests.built_images.learner ADDRESS PROBLEM FILE …
"""

import json
import sys
import time
from pathlib import Path

import httpx

_SECONDS = 900


def main(address: str, problem: str, files: list[str]) -> dict[str, str]:
    """Return the outcome of each file."""
    with httpx.Client(base_url=address, timeout=60) as browser:
        page = browser.get("/")
        assert page.status_code == 200, page.text
        body = {"email": "ada@school.test", "password": "correct horse battery"}
        assert browser.post("/api/v1/accounts", json=body).status_code == 201
        assert browser.post("/api/v1/session", json=body).status_code in (200, 201, 204)
        return {file: _outcome(browser, problem, Path(file).read_text()) for file in files}


def _outcome(browser: httpx.Client, problem: str, code: str) -> str:
    sent = browser.post(f"/api/v1/problems/{problem}/submissions", json={"code": code, "mode": "submit"})
    assert sent.status_code == 202, sent.text
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        found = browser.get(f"/api/v1/submissions/{sent.json()['id']}").json()
        if found["status"] == "done":
            return str(found["verdict"]["outcome"])
        time.sleep(0.5)
    raise TimeoutError(f"no verdict within {_SECONDS} s")


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], sys.argv[3:])))  # noqa: T201
