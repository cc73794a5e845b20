"""Which addresses may be reached from here: public ones; this machine's own networks only where that is allowed.

Never, whatever is allowed: addresses that belong to nobody, to many at once, or to a cloud's machinery
(its metadata service hands out credentials).
"""

from __future__ import annotations

import ipaddress
import socket
from ipaddress import IPv4Address, IPv6Address
from typing import Final

Address = IPv4Address | IPv6Address


def _networks(text: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(one) for one in text.split())


# The machine itself, and networks that an organization gives out by itself (RFC 1918, 4193, 6598).
_PRIVATE: Final = _networks("10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 172.16.0.0/12 192.168.0.0/16 ::1/128 fc00::/7")
# The registries of special addresses (RFC 6890 and its followers), link-local ones with the metadata services among
# them, and those of clouds that lie elsewhere.
_NEVER: Final = _networks(
    "0.0.0.0/8 169.254.0.0/16 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 "
    "224.0.0.0/3 100.100.100.200/32 168.63.129.16/32 fd00:ec2::/32 fd20:ce::254/128 "
    "2001::/23 2001:db8::/32 2002::/16 3fff::/20"
)
# All of IPv6 that has been given out for use between any two hosts.
_GLOBAL_V6: Final = ipaddress.ip_network("2000::/3")
# The IPv4 address is the last four bytes: NAT64 (RFC 6052), and ::a.b.c.d and ::ffff:0:a.b.c.d as old stacks write it.
_EMBEDDING: Final = _networks("64:ff9b::/96 ::/96 ::ffff:0:0:0/96")


def refusal(address: str, *, allow_private: bool) -> str | None:
    """Why there may be no connection to ``address``, as words to follow it; None: there may be one."""
    try:
        found = plain(ipaddress.ip_address(address))
    except ValueError:
        return "is no address"
    if any(found in network for network in _NEVER):
        return "is reserved, or belongs to the machinery around this machine"
    if any(found in network for network in _PRIVATE):
        return None if allow_private else "is private"
    if isinstance(found, IPv6Address) and (found not in _GLOBAL_V6 or found.scope_id is not None):
        return "is not an address of the internet"
    return None


def plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, else the address itself."""
    if isinstance(address, IPv4Address) or address == IPv6Address("::1"):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if any(address in network for network in _EMBEDDING):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def literal(host: str) -> str | None:
    """``host`` where it is an address and no name. Raises ValueError for an address in disguise.

    A C library takes 0x7f.1, 017700000001 and 2130706433 for 127.0.0.1; nobody who means well writes that.
    """
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    if host.rsplit(".", 1)[-1].lower().startswith("0x") or host.replace(".", "").isdigit() or _is_address_to_c(host):
        raise ValueError(f"{host} is an address in disguise")
    return None


def _is_address_to_c(host: str) -> bool:
    try:
        socket.inet_aton(host)
    except (OSError, UnicodeError):
        return False
    return True
