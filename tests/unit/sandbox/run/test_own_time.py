"""Which part of the time is a run's own, told from counters that this test moves."""

import pytest

from sandbox.run import own_time
from sandbox.run.own_time import LOOK_SECONDS, OwnTime, Passed


class Machine:
    """A clock and the two counters of one run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, counts_waits: bool = True) -> None:
        self.now = self.ran = self.waited = self.stolen = 0.0
        monkeypatch.setattr(own_time, "stolen_seconds", lambda: self.stolen)
        waited = (lambda: self.waited) if counts_waits else None
        self._own = OwnTime(lambda: self.ran, waited, now=lambda: self.now)

    def passes(self, seconds: float = 0.5, *, ran: float, waited: float = 0.0, stolen: float = 0.0) -> Passed:
        self.now += seconds
        self.ran += ran
        self.waited += waited
        self.stolen += stolen
        return self._own.look()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def _own(passed: Passed) -> float:
    assert passed.own_seconds + passed.starved_seconds <= LOOK_SECONDS
    return round(passed.own_seconds, 6)


def test_who_runs_or_sleeps_has_the_time(machine: Machine) -> None:
    assert _own(machine.passes(ran=0.5)) == 0.5
    assert _own(machine.passes(ran=0.2)) == 0.5
    assert _own(machine.passes(ran=0.0)) == 0.5


def test_who_waits_for_a_processor_has_not(machine: Machine) -> None:
    passed = machine.passes(ran=0.1, waited=0.3)
    assert (_own(passed), round(passed.starved_seconds, 6)) == (0.2, 0.3)
    assert _own(machine.passes(ran=0.0, waited=0.5)) == 0.0


def test_threads_that_wait_for_each_other_are_not_starved(machine: Machine) -> None:
    """Sixty that spin on two processors wait, but the run has both."""
    assert _own(machine.passes(ran=1.0, waited=29.0)) == 0.5
    assert _own(machine.passes(ran=0.5, waited=30.0)) == 0.5


def test_what_a_hypervisor_takes_is_a_wait_of_who_would_run(machine: Machine) -> None:
    assert _own(machine.passes(ran=0.2, stolen=0.3)) == 0.2
    assert _own(machine.passes(ran=0.0, stolen=0.3)) == 0.5


def test_a_look_that_comes_late_counts_for_no_more(machine: Machine) -> None:
    """Whoever looks was stopped, and so perhaps was the run, or it has waited for its next order."""
    assert _own(machine.passes(100.0, ran=0.0)) == LOOK_SECONDS
    assert machine.passes(100.0, ran=0.0).is_idle


def test_only_who_computes_next_to_nothing_is_idle(machine: Machine) -> None:
    assert machine.passes(ran=0.01).is_idle
    assert not machine.passes(ran=0.03).is_idle


def test_without_a_counter_all_time_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, counts_waits=False)
    assert _own(machine.passes(ran=0.1, waited=0.4, stolen=0.4)) == 0.5
