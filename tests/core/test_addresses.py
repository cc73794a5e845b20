"""Which addresses may be reached: the internet's, the own networks only on request, some never."""

from __future__ import annotations

import pytest

from tunesmith.core.addresses import literal, refusal

PUBLIC = ["1.1.1.1", "93.184.216.34", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "223.255.255.255",
          "2606:4700:4700::1111", "2001:4860:4860::8888", "2a00:1450::1", "64:ff9b::0101:0101", "::ffff:8.8.8.8"]  # fmt: skip
PRIVATE = ["127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "::1",
           "fd12:3456::1", "fc00::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::10.1.2.3", "::ffff:0:192.168.0.1"]  # fmt: skip
NEVER = ["0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192",
         "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1",
         "255.255.255.255", "::", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2001:db8::1", "2001::1", "2001:0:7f00:1::",
         "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1", "100::1", "64:ff9b:1::7f00:1", "64:ff9b::169.254.169.254",
         "::ffff:169.254.169.254", "::ffff:0.0.0.0", "::ffff:255.255.255.255", "fd00:ec2::254", "fd20:ce::254"]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet_may_be_reached(address: str) -> None:
    assert refusal(address, allow_private=False) is None


@pytest.mark.parametrize("address", PRIVATE)
def test_own_networks_may_be_reached_only_where_that_is_allowed(address: str) -> None:
    assert refusal(address, allow_private=False) == "is private"
    assert refusal(address, allow_private=True) is None


@pytest.mark.parametrize("address", NEVER)
def test_what_belongs_to_nobody_or_to_a_cloud_is_never_reached(address: str) -> None:
    assert refusal(address, allow_private=True) is not None


@pytest.mark.parametrize(
    "host",
    ["0x7f.1", "0x7f000001", "0X7F.0.0.1", "2130706433", "017700000001", "0177.0.0.1", "127.1", "127.0.1", "0",
     "1.2.3.4.5", "999.1.1.1", "4294967295", "00000127.1", "127.0.0.0x1", "evil.0x7f"],
)  # fmt: skip
def test_an_address_in_disguise_is_no_name(host: str) -> None:
    with pytest.raises(ValueError, match="in disguise"):
        literal(host)


@pytest.mark.parametrize(
    "host", ["hooks.example", "1.example", "7up.example", "a-1.b2.example", "xn--bcher-kva.example"]
)
def test_a_name_is_a_name(host: str) -> None:
    assert literal(host) is None


def test_an_address_is_known_in_any_plain_spelling() -> None:
    assert literal("192.168.0.1") == "192.168.0.1"
    assert literal("0:0:0:0:0:0:0:1") == "::1"
