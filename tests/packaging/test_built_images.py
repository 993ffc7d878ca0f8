"""The images are built and started by a part of `make exhaustive`, whose record says what came of it."""

import pytest

from tests.built_images import machine
from tests.exhaustive.part import load_part
from tests.exhaustive.record import read_record
from tests.exhaustive.stale import RECORDS
from tests.support.checkout import CHECKOUT
from tests.support.dockerfile_stages import read_stages


def test_every_target_is_on_record_as_built_and_started() -> None:
    part = load_part("images")
    record = read_record(RECORDS, part.name)

    assert set(record.items) == set(part.items())
    assert record.failures == {}


def test_the_part_builds_every_target_that_starts_something() -> None:
    """A further image of the Dockerfile is a further item."""
    stages = read_stages((CHECKOUT / "Dockerfile").read_text())

    assert {name for name, stage in stages.items() if stage.values("CMD")} == set(load_part("images").items())


def test_this_machine_can_build_the_images() -> None:
    """Where it can't, the reason is among what `make test` could not test."""
    if (reason := machine.lacking()) is not None:
        pytest.skip(reason)
    assert any(line.split()[2] == machine.RELEASE for line in machine.apt_sources())


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(machine.PROGRAMS, "no-such-program", "no-such-package")

    assert "no-such-package" in (machine.lacking() or "")
