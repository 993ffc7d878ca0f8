"""Networks that clients come from, by their addresses."""

import ipaddress


def network_of(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 that one IPv6 customer is given.

    What is no address, such as the name of a test's client, is returned as it is.
    """
    if ":" not in address:
        return address
    try:
        found = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((found, 64), strict=False))


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
