"""What of a stored verdict lasts."""

import msgspec

from app.core.outcome import Outcome
from app.core.verdict import Verdict


def test_a_verdict_with_a_field_of_the_next_release_can_be_read() -> None:
    """Code of the release before reads what the new one stores, while both are running."""
    verdict = Verdict(
        problem="double",
        version="v",
        outcome=Outcome.ERROR,
        accepted=False,
        score=0.0,
        diagnosis=None,
        cases=(),
        stdout="",
        stderr="",
        error=None,
        wall_seconds=0.3,
        environment={},
    )
    stored = msgspec.json.encode(verdict)[:-1] + b',"of_the_next_release":1}'
    assert msgspec.json.decode(stored, type=Verdict) == verdict
