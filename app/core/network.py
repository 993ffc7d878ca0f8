"""The network that a client belongs to: what costs somebody something to have many of."""

import ipaddress

NETWORK_LENGTH = 64
"""Characters that the name of a network has at most."""
_ONE_SUBSCRIBER = 64
"""Bits of an IPv6 address that name a network; the others its owner chooses, as often as they like."""


def network_of(address: str) -> str:
    """Return the IPv4 address, or the first 64 bits of the IPv6 address; of anything else the text itself.

    An IPv4 address that is written as an IPv6 one is the IPv4 address.
    """
    try:
        found = ipaddress.ip_address(address.strip().partition("%")[0])
    except ValueError:
        return address[:NETWORK_LENGTH]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return str(ipaddress.ip_network((found, _ONE_SUBSCRIBER), strict=False))
        found = found.ipv4_mapped
    return str(found)


def is_among(address: str, networks: str) -> bool:
    """Say whether an address is one of those with commas between them, or in one of them; `*` is all."""
    if networks.strip() == "*":
        return True
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(
        found in ipaddress.ip_network(network.strip()) for network in networks.split(",") if network.strip()
    )
