"""The arithmetic that tells a number from any digits. Each takes the bare value, without blanks or dashes."""

from __future__ import annotations

from datetime import date
from typing import Final

_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def luhn(digits: str) -> bool:
    return luhn_sum(digits) % 10 == 0


def luhn_sum(digits: str) -> int:
    """Of the digits with their check digit."""
    odd = sum(map(int, digits[-1::-2]))
    return odd + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])


def iban(value: str) -> bool:
    """ISO 13616: length by country, remainder 1 modulo 97."""
    return IBAN_LENGTHS.get(value[:2]) == len(value) and iban_remainder(value) == 1


def iban_remainder(value: str) -> int:
    return int("".join(str(int(sign, 36)) for sign in value[4:] + value[:4])) % 97


_CN_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CN_REGIONS: Final = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83".split()
)


def cn_id(value: str) -> bool:
    """GB 11643: region, day of birth, order, check digit; the old form has 15 digits and no check digit."""
    if value[:2] not in _CN_REGIONS:
        return False
    if len(value) == 15:
        return is_date(1900 + int(value[6:8]), int(value[8:10]), int(value[10:12])) and value[2:6] != "0000"
    return (
        1880 <= int(value[6:10]) <= 2100
        and is_date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
        and cn_id_check(value[:17]) == value[17].upper()
    )


def cn_id_check(first_17: str) -> str:
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first_17, _CN_WEIGHTS, strict=True)) % 11]


def is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


_USCC_SIGNS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code(value: str) -> bool:
    """GB 32100: 18 signs, weights 3^i modulo 31."""
    if any(sign not in _USCC_SIGNS for sign in value):
        return False
    total = sum(_USCC_SIGNS.index(sign) * pow(3, place, 31) for place, sign in enumerate(value[:17]))
    return _USCC_SIGNS[-total % 31] == value[17]


def us_ssn(value: str) -> bool:
    """No area 000, 666 or 9xx, no group 00, no serial 0000; and not the ones printed in advertisements."""
    area, group, serial = value[:3], value[3:5], value[5:]
    return (
        area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"
        and value not in ("078051120", "219099999", "123456789") and len(set(value)) > 1
    )  # fmt: skip


_DNI_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"


def spanish_dni(value: str) -> bool:
    """DNI and NIE: the letter is the number modulo 23."""
    number = str("XYZ".index(value[0])) + value[1:8] if value[0] in "XYZ" else value[:8]
    return _DNI_LETTERS[int(number) % 23] == value[8]


_CF_ODD: Final = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                          (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8,
                           12, 14, 16, 10, 22, 25, 24, 23), strict=True))  # fmt: skip


def italian_cf(value: str) -> bool:
    """Codice fiscale: odd places by a table, even ones by their value, modulo 26."""
    odd = sum(_CF_ODD[sign] for sign in value[0:15:2])
    even = sum(int(sign) if sign.isdigit() else ord(sign) - 65 for sign in value[1:15:2])
    return chr(65 + (odd + even) % 26) == value[15]


def french_nir(value: str) -> bool:
    """13 digits (2A and 2B for Corsica) and 97 less their remainder."""
    number = value[:13].replace("2A", "19").replace("2B", "18")
    return number.isdigit() and 97 - int(number) % 97 == int(value[13:])


def brazilian_cpf(value: str) -> bool:
    if len(set(value)) == 1:
        return False
    for length in (9, 10):
        total = sum(int(digit) * (length + 1 - place) for place, digit in enumerate(value[:length]))
        if total * 10 % 11 % 10 != int(value[length]):
            return False
    return True


_VERHOEFF_D: Final = ("0123456789", "1234067895", "2340178956", "3401289567", "4012395678", "5987604321", "6598710432",
                      "7659821043", "8765932104", "9876543210")  # fmt: skip
_VERHOEFF_P: Final = ("0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415",
                      "7046913258")  # fmt: skip


def aadhaar(value: str) -> bool:
    """India: Verhoeff's digit; none begins with 0 or 1."""
    check = 0
    for place, digit in enumerate(reversed(value)):
        check = int(_VERHOEFF_D[check][int(_VERHOEFF_P[place % 8][int(digit)])])
    return check == 0 and value[0] not in "01"


def dutch_bsn(value: str) -> bool:
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return (
        sum(int(digit) * weight for digit, weight in zip(value, weights, strict=True)) % 11 == 0 and value[0:3] != "000"
    )


def singapore_nric(value: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(value[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
    total += 4 if value[0] in "TG" else 0
    return ("JZIHGFEDCBA" if value[0] in "ST" else "XWUTRQPNMLK")[total % 11] == value[8]


def hong_kong_id(value: str) -> bool:
    """One letter (36 stands for the absent second), six digits, a check sign."""
    letters = (36, ord(value[0]) - 55)
    signs = [*letters, *map(int, value[1:7]), 10 if value[7] == "A" else int(value[7])]
    return sum(sign * weight for sign, weight in zip(signs, range(9, 0, -1), strict=True)) % 11 == 0


def taiwan_id(value: str) -> bool:
    number = 10 + "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(value[0])
    digits = [number // 10, number % 10, *map(int, value[1:])]
    return (
        sum(digit * weight for digit, weight in zip(digits, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True)) % 10 == 0
    )


def swedish_personnummer(value: str) -> bool:
    """Ten digits, YYMMDDNNNC."""
    return luhn(value) and is_date(2000, int(value[2:4]), int(value[4:6]))


IBAN_LENGTHS: Final = {
    key[:2]: int(key[2:])
    for key in (
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 "
        "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 "
        "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SD18 "
        "SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
    ).split()
}
