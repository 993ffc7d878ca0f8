"""Which addresses are one network, whoever writes them how."""

import pytest

from app.core.network import NETWORK_LENGTH, is_among, network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:c000:207", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("unknown", "unknown"),
        ("not:an:address", "not:an:address"),
        ("", ""),
    ],
)
def test_a_network_is_an_ipv4_address_or_the_first_half_of_an_ipv6_one(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_name_of_any_length_has_room_in_its_column() -> None:
    """A proxy that is believed may send whatever it likes."""
    assert len(network_of("x" * 5000)) == NETWORK_LENGTH


def test_networks_are_named_with_commas_between_them() -> None:
    assert is_among("10.1.2.3", "192.0.2.7, 10.0.0.0/8")
    assert is_among("anything", "*")
    assert not is_among("10.1.2.3", "192.0.2.7")
    assert not is_among("10.1.2.3", "")
    assert not is_among("a socket", "10.0.0.0/8")
