"""How many event streams may be open."""

from contextlib import ExitStack

import pytest

from app.errors import TooManyStreams
from app.events.bounds import StreamBounds


def test_streams_are_bounded_for_an_account_a_network_and_in_all() -> None:
    bounds = StreamBounds(in_all=4, per_network=3, per_user=2)
    with ExitStack() as held:
        for user in ("a", "a", "b"):
            held.enter_context(bounds.held(user_id=user, network="10.0.0.1"))
        for user, network in (("a", "10.0.0.2"), ("c", "10.0.0.1")):
            with pytest.raises(TooManyStreams), bounds.held(user_id=user, network=network):
                pass
        held.enter_context(bounds.held(user_id="c", network="10.0.0.2"))
        with pytest.raises(TooManyStreams), bounds.held(user_id="d", network="10.0.0.3"):
            pass
    with bounds.held(user_id="a", network="10.0.0.1"):
        pass


def test_room_is_known_before_it_is_known_who_asks() -> None:
    """And asking takes none."""
    bounds = StreamBounds(in_all=2, per_network=1, per_user=1)
    with bounds.held(user_id="a", network="10.0.0.1"):
        with pytest.raises(TooManyStreams):
            bounds.check_network("10.0.0.1")
        for _ in range(3):
            bounds.check_network("10.0.0.2")
        with bounds.held(user_id="b", network="10.0.0.2"), pytest.raises(TooManyStreams):
            bounds.check_network("10.0.0.3")
    bounds.check_network("10.0.0.1")
