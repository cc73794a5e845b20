"""What a sign in the text gives away: ``@``, ``://``, colons, ``/home/``. Each function looks for its sign first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from ipaddress import AddressValueError, IPv6Address
from typing import Final

from tunesmith.data.personal.spans import Span

_LOCAL_PART: Final = re.compile(r"[A-Za-z0-9À-ɏ_.!#$%&*+/=?^{|}~'-]{1,64}\Z")
_DOMAIN: Final = re.compile(r"(?:[A-Za-z0-9À-ɏ-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])")
_SPELT_OUT: Final = re.compile(
    r"[A-Za-z0-9._-]{1,64} ?(?:\(at\)|\[at\]|\{at\}) ?[A-Za-z0-9-]{1,63}(?: ?(?:\(dot\)|\[dot\]|\.) ?[A-Za-z0-9-]{2,63}){1,4}",
    re.IGNORECASE,
)


def emails(text: str) -> Iterator[Span]:
    at = text.find("@")
    while at > 0:
        local = _LOCAL_PART.search(text, max(0, at - 64), at)
        domain = _DOMAIN.match(text, at + 1) if local else None
        if local and domain:
            start = local.start() + len(local[0]) - len(local[0].lstrip(".!#$%&*+/=?^{|}~'-"))
            if start < at and text[start:at] != "git":
                yield Span("email", start, domain.end(), "pattern", 0.98)
        at = text.find("@", at + 1)
    if "(at)" in text or "[at]" in text or "{at}" in text or "(AT)" in text or "[AT]" in text:
        for found in _SPELT_OUT.finditer(text):
            yield Span("email", found.start(), found.end(), "pattern", 0.9)


_IPV4: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9]|\.[0-9])")
_VERSION_BEFORE: Final = re.compile(r"(?:\bv|version|release|firmware|build|版本|版)[ :：=]{0,3}\Z", re.IGNORECASE)
_NOBODYS_IPV4: Final = ("0.", "127.0.0.1", "255.")


def ip_addresses(text: str) -> Iterator[Span]:
    if text.count(".") >= 3:
        for found in _IPV4.finditer(text):
            before = text[max(0, found.start() - 12) : found.start()]
            is_whole = not (before[-1:].isalnum() and before[-1:].isascii()) and before[-1:] != "."
            if (
                is_whole and all(int(part) <= 255 for part in found[0].split("."))
                and not found[0].startswith(_NOBODYS_IPV4) and not _VERSION_BEFORE.search(before)
            ):  # fmt: skip
                yield Span("ip", found.start(), found.end(), "pattern", 0.95)


def ip_with_letters(text: str) -> Iterator[Span]:
    if _COLONS.search(text):
        for found in _HEX_GROUPS.finditer(text):
            groups = [group for group in found[0].split(":") if group]
            is_short = "::" in found[0] and (len(groups) < 2 or not any(map(str.isdigit, found[0])))
            if not is_short and _is_ipv6(found[0]):
                yield Span("ip", found.start(), found.end(), "pattern", 0.95)


_COLONS: Final = re.compile(r":[0-9A-Fa-f]{0,4}:")
_HEX_GROUPS: Final = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
_MAC: Final = re.compile(r"(?<![\w:-])[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}(?![\w:-])")


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True


def mac_addresses(text: str) -> Iterator[Span]:
    if text.count(":") >= 5 or text.count("-") >= 5:
        for found in _MAC.finditer(text):
            if any(map(str.isdigit, found[0])) or ":" in found[0]:
                yield Span("mac", found.start(), found.end(), "pattern", 0.9)


_LINK: Final = re.compile(r"(?:https?|ftp)://[^\s\"'<>()\[\]，。；、]{4,2000}|\bwww\.[^\s\"'<>()\[\]，。；、]{4,2000}")
_USER_IN_PATH: Final = re.compile(
    r"/(?:~|(?:users?|u|profiles?|people|members?|accounts?|customers?|patients?|in|@)(?:/|=))([^/?#&.,;]{2,100})",
    re.IGNORECASE,
)
_USER_IN_QUERY: Final = re.compile(
    r"[?&;](?:user|user_?name|user_?id|uid|login|account|account_?id|member_?id|customer_?id|patient_?id|openid)=([^&#;]{1,200})",
    re.IGNORECASE,
)
_PERSONAL_PAGE: Final = re.compile(
    r"(?:twitter|x|instagram|facebook|github|gitlab|tiktok|weibo|zhihu)\.com/@?([A-Za-z0-9_.-]{2,50})/?(?![^?#])|\bt\.me/(\w{3,40})"
)
_NO_USER: Final = frozenset("login logout signup new edit settings about search home help me all list".split())


def accounts_in_links(text: str) -> Iterator[Span]:
    if "://" in text or "www." in text:
        for link in _LINK.finditer(text):
            for pattern in (_USER_IN_PATH, _USER_IN_QUERY, _PERSONAL_PAGE):
                for found in pattern.finditer(link[0]):
                    group = found.lastindex or 0
                    if found[group].lower() not in _NO_USER:
                        yield Span(
                            "account",
                            link.start() + found.start(group),
                            link.start() + found.end(group),
                            "pattern",
                            0.8,
                        )


_HOME: Final = re.compile(
    r"(?:/home/|/Users/|[A-Za-z]:(?:\\{1,4}|/)Users(?:\\{1,4}|/))([^\s/\\\"'<>:;|?*,()\[\]{}$%`]{2,64})"
)
_NO_PERSON: Final = frozenset(
    "user users username ubuntu runner root vsts ec2-user jovyan shared public default node app admin administrator pi name you "
    "me someone guest vagrant docker git www-data xxx all linuxbrew".split()
)


def home_folders(text: str) -> Iterator[Span]:
    if "/home/" in text or "/Users/" in text or "\\Users" in text or ":/Users" in text:
        for found in _HOME.finditer(text):
            name = found[1].rstrip(".")
            if name.lower() not in _NO_PERSON and len(name) > 1:
                yield Span("user_folder", found.start(1), found.start(1) + len(name), "pattern", 0.95)


_BITCOIN: Final = re.compile(r"[13][1-9A-HJ-NP-Za-km-z]{25,34}(?![0-9A-Za-z])")
_BECH32: Final = re.compile(r"\bbc1[02-9ac-hj-np-z]{25,59}\b")
_ETHEREUM: Final = re.compile(r"(?<![0-9A-Za-z])0x[0-9a-fA-F]{40}(?![0-9A-Za-z])")
_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def crypto_addresses(text: str) -> Iterator[Span]:
    for found in _BITCOIN.finditer(text):
        if not text[found.start() - 1 : found.start()].isalnum() and _is_base58_checked(found[0]):
            yield Span("crypto", found.start(), found.end(), "checksum", 0.99)
    if "bc1" in text:
        for found in _BECH32.finditer(text):
            yield Span("crypto", found.start(), found.end(), "pattern", 0.95)
    if "0x" in text:
        for found in _ETHEREUM.finditer(text):
            yield Span("crypto", found.start(), found.end(), "pattern", 0.9)


def _is_base58_checked(text: str) -> bool:
    number = 0
    for sign in text:
        number = number * 58 + _BASE58.index(sign)
    if number.bit_length() > 200:
        return False
    content = number.to_bytes(25, "big")
    return sha256(sha256(content[:21]).digest()).digest()[:4] == content[21:]


_COORDINATES: Final = re.compile(
    r"[0-9]{1,2}\.[0-9]{4,15}°?[ NSns]{0,2}[,，;/ ] {0,2}-?[0-9]{1,3}\.[0-9]{4,15}(?![0-9.])"
)


def coordinates(text: str) -> Iterator[Span]:
    """A latitude and a longitude with four decimals or more, which is ten metres."""
    for found in _COORDINATES.finditer(text):
        before = text[max(0, found.start() - 2) : found.start()]
        start = found.start() - (before[-1:] == "-")
        latitude, longitude = (float(part) for part in re.findall(r"[0-9]+\.[0-9]+", found[0]))
        if latitude <= 90 and longitude <= 180 and not before[-1:].isdigit() and before[-1:] not in (".", ","):
            yield Span("coordinates", start, found.end(), "pattern", 0.8)
