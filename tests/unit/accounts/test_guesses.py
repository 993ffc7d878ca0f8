"""Guessing passwords is slowed, by whomever, and nobody shuts an owner out. On a clock of the test's own."""

from app.accounts.credentials import is_device_proof, new_device_proof
from app.accounts.guesses import Guesses
from app.errors import TooManyAttempts


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def allowed(guesses: Guesses, network: str, account: str = "a@x", device: str | None = None) -> bool:
    try:
        guesses.attempt(account, network=network, device=device)
    except TooManyAttempts:
        return False
    return True


def test_one_network_has_ten_a_minute_and_shuts_out_nobody_elsewhere() -> None:
    clock = Clock()
    guesses = Guesses(clock)
    assert sum(allowed(guesses, "10.0.0.1") for _ in range(30)) == 10
    assert allowed(guesses, "10.0.0.2")
    assert allowed(guesses, "10.0.0.1", account="b@x")
    clock.seconds = 60.1
    assert allowed(guesses, "10.0.0.1")


def test_one_network_has_sixty_wrong_ones_a_minute_and_any_number_of_right_ones() -> None:
    guesses = Guesses(Clock())
    for number in range(500):
        assert allowed(guesses, "10.0.0.1", account=f"{number}@x")
        guesses.right(f"{number}@x", network="10.0.0.1", device=None)
    assert sum(allowed(guesses, "10.0.0.1", account=f"{number}@x") for number in range(500)) == 240


def test_many_networks_are_slowed_fifty_times_and_the_owner_still_comes_in() -> None:
    """In an hour a thousand networks have 12,000 guesses in place of 600,000."""
    clock = Clock()
    guesses = Guesses(clock)
    networks = [f"10.0.{number // 250}.{number % 250}" for number in range(100)]
    taken = 0
    for minute in range(60):
        clock.seconds = minute * 60.1
        taken += sum(allowed(guesses, network) for network in networks for _ in range(11))
    assert taken <= 100 + 100 * 2 * 7
    assert allowed(guesses, "192.0.2.1")
    guesses.right("a@x", network="192.0.2.1", device=None)
    assert allowed(guesses, "192.0.2.1")
    assert allowed(guesses, networks[0], device="known")


def test_a_known_device_is_counted_by_itself() -> None:
    guesses = Guesses(Clock())
    for _ in range(100):
        allowed(guesses, "10.0.0.1")
    assert sum(allowed(guesses, "10.0.0.1", device="known") for _ in range(30)) == 10
    assert allowed(guesses, "10.0.0.1", device="another")


def test_a_device_is_known_for_one_account_and_one_password() -> None:
    proof = new_device_proof("$argon2id$one")
    assert is_device_proof(proof, "$argon2id$one")
    assert not is_device_proof(proof, "$argon2id$two")
    assert not is_device_proof(proof[:-1] + ("0" if proof[-1] != "0" else "1"), "$argon2id$one")
    assert not any(is_device_proof(other, "$argon2id$one") for other in (None, "", ".", "x.ü"))
    assert not is_device_proof(proof, None)
