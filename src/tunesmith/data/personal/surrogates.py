"""What stands in for a value: the same one each time, under the same key, in every file.

Nothing is stored: a surrogate is computed from the value by HMAC-SHA256 with the user's key. It keeps the value's shape
and lies in a range that is nobody's (``reserved``). Who has the key can try whether a guess gives the surrogate; so keep
the key like a password, or throw it away.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from datetime import date
from hashlib import sha256
from typing import Final

from tunesmith.data.personal import surrogate_names
from tunesmith.data.personal.checksums import IBAN_LENGTHS, cn_id_check, iban_remainder, luhn_sum
from tunesmith.data.personal.chinese_names import family_length
from tunesmith.data.personal.kinds import tag_of
from tunesmith.data.personal.name_lists import GIVEN
from tunesmith.data.personal.numbers import issuer
from tunesmith.data.personal.reserved import CARD_RANGES
from tunesmith.data.personal.surrogate_names import TOWN, TOWN_CHINESE


class Surrogates:
    """Under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, kind: str, value: str) -> str:
        """The kind's tag where no range of such values is nobody's."""
        make = _MAKERS.get(kind)
        return make(self, value) if make else tag_of(kind)

    def thread(self, value: str) -> str:
        return f"thread-{self.drawn('thread', value):064x}"[:19]

    def drawn(self, what: str, value: str) -> int:
        """A number of 256 bits for the value."""
        return int.from_bytes(
            hmac.digest(self._key, f"{what}\0{value}".encode("utf-8", "surrogatepass"), sha256), "big"
        )

    def digits(self, what: str, value: str, length: int) -> str:
        return f"{self.drawn(what, value) % 10**length:0{length}d}"


def _email(surrogates: Surrogates, value: str) -> str:
    drawn = surrogates.drawn("email", value.lower())
    return f"u{drawn % 2**32:08x}@example.{('com', 'net', 'org')[drawn // 2**32 % 3]}"


def _user(surrogates: Surrogates, value: str) -> str:
    return f"user-{surrogates.drawn('user', value.lower()) % 2**32:08x}"


def _name(surrogates: Surrogates, value: str) -> str:
    if re.search(r"[\u4e00-\u9fff]", value):
        return _chinese_name(surrogates, value)
    words = re.findall(r"[^\W\d_]+|[\W\d_]+", value)
    whole = [word for word in words if len(word) > 1 and word[0].isalpha() and not (word.islower() and len(word) <= 3)]
    first, count = True, len(whole)
    changed = ""
    for word in words:
        if not word[0].isalpha() or (word.islower() and len(word) <= 3 and count > 1):
            changed += word
            continue
        small = word.lower()
        drawn = surrogates.drawn("name", small)
        if len(word) == 1:
            changed += "ABCDEFGHJKLMNOPRSTVW"[drawn % 20] if word.isupper() else word
            continue
        is_given = small in GIVEN or (first and count > 1)
        other = surrogate_names.given_name(small, drawn) if is_given else surrogate_names.family_name(drawn)
        changed += other.upper() if word.isupper() else other.lower() if word.islower() else other
        first = False
    return changed


def _chinese_name(surrogates: Surrogates, value: str) -> str:
    bare = "".join(re.findall(r"[\u4e00-\u9fff]", value))
    length = family_length(bare, 0) or 1
    family, given = bare[:length], bare[length:][:2]
    return surrogate_names.chinese_family_name(surrogates.drawn("family", family)) + surrogate_names.chinese_given_name(
        len(given), surrogates.drawn("given", bare[length:])
    )


_LIKE_SSN: Final = re.compile(r"[0-9]{3}-[0-9]{2}-[0-9]{4}")


def _phone(surrogates: Surrogates, value: str) -> str:
    if _LIKE_SSN.fullmatch(value):  # what was printed in advertisements and the like; any other phone could be an SSN
        return _us_ssn(surrogates, value)
    number, extension = re.fullmatch(r"(.*?)( ?(?:x|ext\.? ?|转)\d+)?", value, re.IGNORECASE | re.DOTALL).groups()  # type: ignore[union-attr]
    digits = re.sub(r"[^0-9]", "", number)
    return _shaped(number, _phone_digits(surrogates, number, digits)) + (extension or "")


def _phone_digits(surrogates: Surrogates, number: str, digits: str) -> str:
    """As many digits, the country's prefix kept."""
    national = digits.removeprefix("00") if digits.startswith("00") else digits
    if number.lstrip(" (")[:1] not in "+＋" and not digits.startswith("00"):
        country = ""
        national = digits
    else:
        country = _country_prefix(national)
    lead = digits[: len(digits) - len(national)] + country
    rest = len(digits) - len(lead)
    drawn = surrogates.digits("phone", digits[-max(6, min(rest, 10)) :], 12)
    bare = digits[len(lead) :]
    if re.fullmatch(r"1[3-9]\d{9}", bare) and country in ("", "86"):
        fake = "11" + drawn[:9]
    elif country == "" and len(bare) == 13 and re.fullmatch(r"861[3-9]\d{9}", bare):
        fake = "8611" + drawn[:9]
    elif country in ("", "1") and ((len(bare) == 10 and bare[0] in "23456789") or (len(bare) == 11 and bare[0] == "1")):
        fake = bare[:-10] + f"{2 + int(drawn[0]) % 8}{drawn[1]}{drawn[2]}55501{drawn[3:5]}"
    elif (
        country == ""
        and re.fullmatch(r"0\d{2,3}[2-8]\d{6,7}", bare)
        and re.fullmatch(r"\(?(?:010|02\d|0[3-9]\d\d)\)?[- ]\d{7,8}(?:-\d+)?", number)
    ):
        area = re.match(r"\(?(0\d{2,3})", number)[1]  # type: ignore[index]
        fake = area + ("0" + drawn)[: len(bare) - len(area)]
    else:
        zero = "0" if bare.startswith("0") else ""
        fake = (zero + "55501" + drawn)[: len(bare)]
    return lead + fake


def _country_prefix(digits: str) -> str:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    for length in (1, 2, 3):
        if int(digits[:length] or 0) in COUNTRY_CODE_TO_REGION_CODE:
            return digits[:length]
    return ""


def _card(surrogates: Surrogates, value: str) -> str:
    digits = re.sub(r"[^0-9]", "", value)
    start = CARD_RANGES[issuer(digits) or "other"]
    body = start + surrogates.digits("card", digits, len(digits) - 7)
    return _shaped(value, body + str(-luhn_sum(body + "0") % 10))


def _iban(surrogates: Surrogates, value: str) -> str:
    bare = re.sub(r"[^0-9A-Za-z]", "", value).upper()
    drawn = surrogates.digits("iban", bare, 30)
    body = ("XXXX" if bare[4].isalpha() else "0000") + drawn
    body = body[: IBAN_LENGTHS[bare[:2]] - 4]
    check = 98 - iban_remainder(bare[:2] + "00" + body)
    return _shaped(value, f"{bare[:2]}{check:02d}{body}")


def _us_ssn(surrogates: Surrogates, value: str) -> str:
    return _shaped(value, "666" + surrogates.digits("us_ssn", re.sub(r"[^0-9]", "", value), 6))


def _cn_id(surrogates: Surrogates, value: str) -> str:
    drawn = surrogates.drawn("cn_id", value.upper())
    if len(value) == 15:
        return "990000" + _moved(value[6:8], drawn, 2) + "0101" + f"{drawn % 1000:03d}"
    order = drawn // 31 % 500 * 2 + int(value[16]) % 2
    body = "990000" + _moved(value[6:10], drawn, 4) + "0101" + f"{order:03d}"
    return body + cn_id_check(body)


def _moved(year: str, drawn: int, length: int) -> str:
    return f"{(int(year) + drawn // 7 % 5 - 2) % 10**length:0{length}d}"


def _zeros(kind: str) -> Callable[[Surrogates, str], str]:
    """Letters stay, digits become zeros and a drawn end."""

    def make(surrogates: Surrogates, value: str) -> str:
        count = sum(map(str.isdigit, value))
        return _shaped_digits(value, ("0000" + surrogates.digits(kind, value, 20))[:count].ljust(count, "0"))

    return make


def _ip(surrogates: Surrogates, value: str) -> str:
    drawn = surrogates.drawn("ip", value.lower())
    if ":" in value:
        return "2001:db8:" + ":".join(f"{drawn >> 16 * place & 0xFFFF:x}" for place in range(6))
    return f"198.{18 + drawn % 2}.{drawn >> 8 & 255}.{drawn >> 16 & 255}"


def _mac(surrogates: Surrogates, value: str) -> str:
    last = f"{surrogates.drawn('mac', value.lower()) % 256:02x}"
    return value[2].join(("00", "00", "5e", "00", "53", last))


def _birth_date(surrogates: Surrogates, value: str) -> str:
    """1 January, whatever the order of the parts; the year moves by at most two."""
    drawn = surrogates.drawn("birth_date", value)
    year = re.search(r"(?:19|20)\d{2}", value)
    two = re.search(r"\d{2}\Z", value)
    if year:
        moved = str(min(max(int(year[0]) + drawn % 5 - 2, 1900), date.max.year))
        head, tail = value[: year.start()], value[year.end() :]
    elif two:
        moved, head, tail = _moved(two[0], drawn, 2), value[: two.start()], ""
    else:
        return tag_of("birth_date")
    return _first(head) + moved + _first(tail)


def _first(part: str) -> str:
    part = re.sub(r"\d{2}", "01", part) if re.search(r"\d{2}", part) else part
    part = re.sub(r"(?<!\d)\d(?!\d)", "1", part)
    part = re.sub(r"(?<=01|.1)(?:nd|rd|th)|(?<=^1)(?:nd|rd|th)", "st", part)
    return re.sub(r"[A-Za-z]{3,10}(?=\.|,| |\Z)", "January", part)


def _address(surrogates: Surrogates, value: str) -> str:
    drawn = surrogates.drawn("address", " ".join(value.lower().split()))
    if re.search(r"[\u4e00-\u9fff]", value):
        return f"{TOWN_CHINESE}{surrogate_names.chinese_given_name(2, drawn)}路{1 + drawn // 7 % 300}号"
    return f"{1 + drawn // 7 % 900} {surrogate_names.family_name(drawn)} Street, {TOWN}"


def _shaped(like: str, signs: str) -> str:
    """The signs in the places of letters and digits, everything between as it was."""
    following = iter(signs)
    return "".join(next(following, "") if sign.isalnum() else sign for sign in like) + "".join(following)


def _shaped_digits(like: str, digits: str) -> str:
    following = iter(digits)
    return "".join(next(following, "0") if sign.isdigit() else sign for sign in like)


_MAKERS: Final[Mapping[str, Callable[[Surrogates, str], str]]] = {
    "name": _name, "email": _email, "phone": _phone, "address": _address, "card": _card, "iban": _iban, "us_ssn": _us_ssn,
    "cn_id": _cn_id, "passport": _zeros("passport"), "driver_licence": _zeros("driver_licence"), "birth_date": _birth_date,
    "ip": _ip, "mac": _mac, "account": _user, "user_folder": _user,
}  # fmt: skip
