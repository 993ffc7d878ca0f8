"""What counts as one client."""

import pytest

from app.core.network import is_among, network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unknown", "unknown"),
        ("not:an:address", "not:an:address"),
    ],
)
def test_an_ipv6_customer_is_one_client(address: str, network: str) -> None:
    assert network_of(address) == network


def test_networks_are_named_with_commas_between_them() -> None:
    assert is_among("10.1.2.3", "192.0.2.7, 10.0.0.0/8")
    assert is_among("anything", "*")
    assert not is_among("10.1.2.3", "192.0.2.7")
    assert not is_among("10.1.2.3", "")
    assert not is_among("a socket", "10.0.0.0/8")
