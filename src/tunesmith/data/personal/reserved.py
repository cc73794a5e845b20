"""Values that are nobody's: ranges that standards and number plans keep for examples, our tags, and our surrogates, which
lie in such ranges. Cleaning leaves them as they are; so what was cleaned once stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from tunesmith.data.personal.checksums import cn_id_check, luhn
from tunesmith.data.personal.surrogate_names import CHINESE_FAMILY_ALONE, CHINESE_WHOLE, LATIN_WORD, TOWN, TOWN_CHINESE

# RFC 2606 keeps these domains for examples.
_EXAMPLE_DOMAIN: Final = re.compile(
    r"(?:@|\\bat\\b|[(\[{]at[)\]}] ?)(?:[\w-]{1,63}\.){0,4}(?:example\.(?:com|net|org)|example|invalid)\Z",
    re.IGNORECASE,
)
_USER: Final = re.compile(r"user-[0-9a-f]{8}\Z")
_TAG: Final = re.compile(r"\[[A-Z][A-Z_]{1,30}\]")
CARD_RANGES: Final = {
    "visa": "400000", "mastercard": "555555", "amex": "378282", "discover": "601111", "diners": "305693", "jcb": "353011",
    "unionpay": "620000", "other": "990000",
}  # fmt: skip
"""The first six digits of the issuers' published test cards."""
_DOCUMENTATION_V4: Final = (("192.0.2.0", 24), ("198.51.100.0", 24), ("203.0.113.0", 24), ("198.18.0.0", 15))
_PHONES: Final = (
    re.compile(r"\+?1?[2-9][0-9]{2}55501[0-9]{2}"),  # North America keeps 555-0100 to 555-0199
    re.compile(r"(?:\+?86|086)?11[0-9]{9}"),  # no Chinese mobile begins with 11, and no American area with 1
    re.compile(r"(?:00[1-9][0-9]{0,2}|\+?[1-9][0-9]{0,2})?0?55501[0-9]{1,9}"),
)
_CHINESE_LANDLINE: Final = re.compile(r"(?:(?:010|02[0-9])[- )]{1,2}0[0-9]{7}|\(?0[3-9][0-9]{2}[- )]{1,2}0[0-9]{6,7})")


def _is_nobodys_phone(text: str) -> bool:
    number = re.sub(r"(?:x|ext|转).*", "", text, flags=re.IGNORECASE)
    if _CHINESE_LANDLINE.fullmatch(number.strip().removeprefix("(")):
        return True
    bare = re.sub(r"[^0-9+]", "", number.replace("＋", "+"))
    return any(shape.fullmatch(bare) for shape in _PHONES)


def is_reserved(kind: str, text: str) -> bool:
    bare = re.sub(r"[^0-9A-Za-z]", "", text)
    match kind:
        case "email":
            return _EXAMPLE_DOMAIN.search(text) is not None
        case "phone":
            return _is_nobodys_phone(text)
        case "card":
            return bare.startswith(tuple(CARD_RANGES.values()))
        case "iban":
            return bare[4:8] in ("XXXX", "0000") or bare[4:7] == "000"
        case "us_ssn":
            return bare.startswith("666")
        case "cn_id":
            return bare.startswith("99")
        case "passport" | "driver_licence":
            return bare.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz").startswith("0000")
        case "ip":
            return _is_documentation(text)
        case "mac":
            return bare.upper().startswith("00005E0053")
        case "birth_date":
            return _NEW_YEAR.search(text) is not None
        case "account" | "user_folder":
            return _USER.match(text) is not None
        case "address":
            return TOWN in text or text.startswith(TOWN_CHINESE)
        case "name":
            return is_surrogate_name(text)
    return False


WORDS_BEFORE: Final = 60
"""So many characters before a number tell what it is."""
_SSN: Final = re.compile(r"666([- ])[0-9]{2}\1[0-9]{4}")
_BARE_SSN: Final = re.compile(r"666[0-9]{6}")
_SSN_WORDS: Final = re.compile(r"ssn|social.?security", re.IGNORECASE)
_CARD: Final = re.compile(r"[0-9](?:[ -]?[0-9]){11,18}")


def is_stand_in(text: str, before: str) -> bool:
    """Whether it has the whole form of a surrogate, whatever kind a detector takes it for. ``before``: the words before."""
    if _SSN.fullmatch(text) or (_BARE_SSN.fullmatch(text) and _SSN_WORDS.search(before)):
        return True
    if text.startswith("990000") and text.isalnum():
        if len(text) == 18 and text[:17].isdigit() and text[17].upper() == cn_id_check(text[:17]):
            return True
        if len(text) == 15 and text.isdigit() and text[8:12] == "0101":
            return True
    bare = re.sub(r"[ -]", "", text)
    return bare.startswith(_CARD_STARTS) and _CARD.fullmatch(text) is not None and luhn(bare)


_CARD_STARTS: Final = tuple(CARD_RANGES.values())


def is_surrogate_name(text: str) -> bool:
    """Every word of it is of the closed lists; initials and small links between them may be anything."""
    if CHINESE_WHOLE.fullmatch(text) or CHINESE_FAMILY_ALONE.fullmatch(text):
        return True
    words = [word for word in re.split(r"[\W_]+", text) if len(word) > 1 and not (word.islower() and len(word) <= 3)]
    return bool(words) and all(LATIN_WORD.fullmatch(word.lower()) for word in words)


def reserved_places(text: str) -> Iterator[tuple[int, int]]:
    """Where tags and surrogates of more than one word stand, so that no finding begins in the middle of one."""
    for pattern in (_TAG, _SURROGATES):
        for found in pattern.finditer(text):
            yield found.start(), found.end()


_SURROGATES: Final = re.compile(
    rf"user-[0-9a-f]{{8}}(?![0-9a-f])|u[0-9a-f]{{8}}@example\.(?:com|net|org)|[0-9]{{1,4}} \w{{3,20}} Street, {TOWN}|{TOWN_CHINESE}\w{{2,4}}路[0-9]{{1,3}}号"
    rf"|thread-[0-9a-f]{{12}}|{LATIN_WORD.pattern}|{CHINESE_WHOLE.pattern}",
    re.IGNORECASE,
)
_NEW_YEAR: Final = re.compile(
    r"[12][0-9]{3}[-/. ]0?1[-/. ]0?1\b|\b0?1[-/. ]0?1[-/. ](?:[12][0-9])?[0-9]{2}\b|年0?1月0?1(?![0-9])|年0?1月\Z|\b0?1(?:st)?(?: of)? jan|jan[a-z]*\.? 0?1(?:st)?,? ",
    re.IGNORECASE,
)


def _is_documentation(text: str) -> bool:
    try:
        if ":" in text:
            return IPv6Address(text) in _V6
        number = int(IPv4Address(".".join(str(int(part)) for part in text.split("."))))
    except (AddressValueError, ValueError):
        return False
    return any(number >> (32 - bits) == int(IPv4Address(start)) >> (32 - bits) for start, bits in _DOCUMENTATION_V4)


class _Network:
    """2001:db8::/32, without the weight of ip_network."""

    def __contains__(self, address: IPv6Address) -> bool:
        return int(address) >> 96 == 0x20010DB8


_V6: Final = _Network()
