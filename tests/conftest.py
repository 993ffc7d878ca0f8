"""What holds for every test: which sockets it may open, and how properties are searched."""

import os
from pathlib import Path

import hypothesis
import pytest

pytest_plugins = ["tests.support.untested", "tests.support.stale_parts"]

_TESTS = Path(__file__).parent
_LOOPBACK = ["127.0.0.1", "::1"]

# The first example of a property may compile, import or start something; slowness is the timeout's business.
# Drawing is slow on a busy machine, too, and that is no fault of what is drawn.
_SLOW = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile(
    "jaxercise", deadline=None, print_blob=True, derandomize=True, suppress_health_check=_SLOW
)
# The same examples each time, so that a change is never blamed for what another one did. To look for more:
# HYPOTHESIS=explore pytest tests/unit
hypothesis.settings.register_profile(
    "explore", deadline=None, print_blob=True, max_examples=1000, suppress_health_check=_SLOW
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS", "jaxercise"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit tests open no internet sockets at all, the others only on this machine; Unix sockets are free."""
    for item in items:
        if {_TESTS / "unit", _TESTS / "packaging"} & set(item.path.parents):
            item.add_marker(pytest.mark.disable_socket)
        else:
            item.add_marker(pytest.mark.allow_hosts(_LOOPBACK))
    # Playwright keeps an event loop running in this thread until the session ends: nothing that
    # starts a loop of its own can come after it.
    items.sort(key=lambda item: (_TESTS / "acceptance") in item.path.parents)


@pytest.fixture(scope="session")
def graded_problems_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder for tests of positions 41, 45 and 46: their solutions take minutes to compute, once.

    Test processes that run side by side share it, as workers share theirs.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared: Path = tmp_path_factory.getbasetemp().parent / "graded-problems"
        shared.mkdir(exist_ok=True)
        return shared
    place: Path = tmp_path_factory.mktemp("graded-problems")
    return place


@pytest.fixture
def anyio_backend() -> str:
    """Tests marked `anyio` run on asyncio, as the service does."""
    return "asyncio"
