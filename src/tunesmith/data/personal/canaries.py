"""How much is found in this very data: values of people who do not exist are planted in copies of its rows, and the
detectors look for them. The file stays as it is.

Half of the values stand in a sentence as people write it, half stand alone; the second half is the harder one, and of
kinds that only words give away none of it can be found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from random import Random
from typing import Any, Final

from tunesmith.data.cleaning import object_rows
from tunesmith.data.personal.checksums import cn_id_check, iban_remainder, luhn_sum
from tunesmith.data.personal.leaves import Leaf, leaves, with_leaves
from tunesmith.data.personal.name_lists import CHINESE_FAMILY, GIVEN
from tunesmith.data.personal.scan import Scanner

_MOST_HELD: Final = 2_000


@dataclass(frozen=True, slots=True)
class Recall:
    """Of one kind: how many values were planted and found, with the 95 % interval (Wilson) of the share; ``bare`` are
    those without a word around."""

    kind: str
    planted: int
    found: int
    bare_planted: int
    bare_found: int

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.found, self.planted)

    def as_json(self) -> dict[str, Any]:
        low, high = self.interval
        return {
            "kind": self.kind, "planted": self.planted, "found": self.found, "recall": self.found / max(1, self.planted),
            "low": low, "high": high, "bare_planted": self.bare_planted, "bare_found": self.bare_found,
        }  # fmt: skip


def measure_recall(file: Path, scanner: Scanner, per_kind: int, seed: int = 0) -> list[Recall]:
    """``per_kind`` values of each kind that the scanner looks for, each in a row of its own drawn from the file."""
    random = Random(seed)
    rows = _drawn_rows(file, random)
    return (
        [_measured(kind, rows, scanner, per_kind, random) for kind in _MAKERS if kind in scanner.kinds] if rows else []
    )


def wilson(hits: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson 1927: the interval of a share, good for small numbers and shares near 0 and 1."""
    if total == 0:
        return 0.0, 1.0
    share = hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return max(0.0, middle - half), min(1.0, middle + half)


def _drawn_rows(file: Path, random: Random) -> list[dict[str, Any]]:
    """At most 2,000 rows, each row of the file with the same chance (reservoir sampling)."""
    held: list[dict[str, Any]] = []
    for number, row in enumerate(object_rows(file, lambda _: None)):
        if number < _MOST_HELD:
            held.append(row.value)
        elif (place := random.randrange(number + 1)) < _MOST_HELD:
            held[place] = row.value
    return [row for row in held if any(_takes(leaf) for leaf in leaves(row))]


def _takes(leaf: Leaf) -> bool:
    return leaf.path[0] not in ("metadata", "tools") and not leaf.is_number and not leaf.holds_people


def _measured(kind: str, rows: Sequence[dict[str, Any]], scanner: Scanner, per_kind: int, random: Random) -> Recall:
    counts = [[0, 0], [0, 0]]
    for number in range(per_kind):
        is_bare = number % 2
        row = random.choice(rows)
        leaf = random.choice([leaf for leaf in leaves(row) if _takes(leaf)])
        is_chinese = re.search(r"[\u4e00-\u9fff]", leaf.text) is not None
        value = _value(kind, random, is_chinese=is_chinese)
        sentence = value if is_bare else random.choice(_SENTENCES[kind][is_chinese]).replace("…", value)
        counts[is_bare][0] += 1
        counts[is_bare][1] += _is_found(kind, row, leaf, value, sentence, scanner, random)
    (worded, worded_found), (bare, bare_found) = counts
    return Recall(kind, worded + bare, worded_found + bare_found, bare, bare_found)


def _is_found(
    kind: str, row: dict[str, Any], leaf: Leaf, value: str, sentence: str, scanner: Scanner, random: Random
) -> bool:
    """Half of the value, at least, under its own kind."""
    borders = [0, *(found.end() for found in re.finditer(r"[.!?]\s|[。！？\n]", leaf.text)), len(leaf.text)]
    place = random.choice(borders)
    before, after = leaf.text[:place], leaf.text[place:]
    planted = f"{before}{'' if not before or before[-1].isspace() else ' '}{sentence}{' ' if after else ''}{after}"
    start = planted.index(sentence, len(before)) + sentence.index(value)
    found = scanner.find_in_row(with_leaves(row, {leaf: planted}))
    spans = [
        span
        for other, spans in found.items()
        if (other.path, other.inside) == (leaf.path, leaf.inside)
        for span in spans
    ]
    covered = sum(
        max(0, min(span.end, start + len(value)) - max(span.start, start)) for span in spans if span.kind == kind
    )  # fmt: skip
    return 2 * covered >= len(value)


# ---- values that look like people's ----------------------------------------------------------------


def _value(kind: str, random: Random, *, is_chinese: bool) -> str:
    return _MAKERS[kind](random, is_chinese)


def _digits(random: Random, count: int) -> str:
    return "".join(random.choices("0123456789", k=count))


def _name(random: Random, is_chinese: bool) -> str:
    if is_chinese:
        return random.choice(sorted(CHINESE_FAMILY)) + random.choice(_CHINESE_GIVEN_NAMES)
    return random.choice(_GIVEN_NAMES) + " " + random.choice(_FAMILY_NAMES)


# Of many nations, and not the detectors' own lists: some are in those, as some of anybody's are.
_GIVEN_NAMES: Final = (
    "James Mary Olivia Noah Emma Liam Charlotte Ethan Grace Samuel Priyanka Rohan Aditi Kwame Thandiwe Chinedu Oyelaran Fatou Yusra Bilal Nasrin "
    "Parisa Tuan Linh Minh Haruto Yuki Sakura Jisoo Minjun Xiulan Jianguo Siti Putu Dewi Aroha Tane Siobhan Niamh Eoghan Bronwyn Rhys Aneira Saoirse Pilar "
    "Iker Xavi Nuria Joaquim Ines Thiago Ximena Itzel Guðrún Åsa Øyvind Saga Eero Aino Jarek Zofia Miroslav Ljubica Anahit Tigran Levan Nino Elif Emre"
).split()  # fmt: skip
_FAMILY_NAMES: Final = (
    "Smith Jones Taylor Hughes Carter Blackwood Okafor Mensah Dlamini Nkosi Diallo Traoré Haddad Rahimi Farouk Iyer Banerjee Chowdhury Nguyen Tran Pham Sato Tanaka "
    "Kobayashi Park Choi Rahman Wijaya Santoso Parata MacLeod O'Brien Gallagher Llewellyn Etxeberria Ferrer Carvalho Quispe Huamán Lindqvist Halvorsen Virtanen "
    "Wiśniewska Horváth Dvořák Jovanović Petrosyan Beridze Yıldız Demir Vandenberghe Schneider Rossi Lefèvre"
).split()  # fmt: skip
_CHINESE_GIVEN_NAMES: Final = (
    "伟 建国 秀英 子轩 梓萱 浩宇 欣怡 志强 丽华 小红 大山 雨桐 俊熙 若曦 天佑 国栋 晓东 海燕 文博 静怡 一鸣 思源 佩琪 立 敏 楠 婉仪 嘉豪 咏梅 柏霖 永胜 素芬 铁柱 冬梅 展鹏 灵儿"
).split()  # fmt: skip


def _email(random: Random, is_chinese: bool) -> str:
    return f"{random.choice(sorted(GIVEN))}{random.choice('._-')}{_digits(random, 3)}@{random.choice(('gmail.com', 'qq.com', 'web.de', 'contoso.co.uk'))}"


def _phone(random: Random, is_chinese: bool) -> str:
    if is_chinese:
        return f"1{random.choice('3589')}{_digits(random, 9)}"
    return random.choice(
        (
            f"+44 7{_digits(random, 3)} {_digits(random, 6)}",
            f"({random.randint(201, 989)}) {random.randint(200, 989)}-{_digits(random, 4)}",
            f"0{random.randint(20, 99)} {random.randint(200, 999)} {_digits(random, 4)}",
        )
    )


def _address(random: Random, is_chinese: bool) -> str:
    if is_chinese:
        return f"{random.choice(('杭州市西湖区', '广东省深圳市南山区', '成都市'))}{random.choice(('解放', '人民', '长江'))}路{random.randint(1, 900)}号{random.randint(1, 30)}栋{random.randint(101, 2804)}室"
    return f"{random.randint(1, 9000)} {random.choice(('Maple', 'Oak Hill', 'Station', 'Mill'))} {random.choice(('Street', 'Ave', 'Road', 'Lane'))}"


def _card(random: Random, is_chinese: bool) -> str:
    body = (
        (random.choice(("622202", "621700")) + _digits(random, 12))
        if is_chinese
        else random.choice(("4532", "5412", "4929")) + _digits(random, 11)
    )
    return body + str(-luhn_sum(body + "0") % 10)


def _iban(random: Random, is_chinese: bool) -> str:
    body = "3704" + _digits(random, 14)
    return f"DE{98 - iban_remainder('DE00' + body):02d}{body}"


def _us_ssn(random: Random, is_chinese: bool) -> str:
    return f"{random.randint(100, 665)}-{random.randint(10, 99)}-{random.randint(1000, 9998)}"


def _cn_id(random: Random, is_chinese: bool) -> str:
    body = f"{random.choice(('110105', '310101', '440106'))}{random.randint(1950, 2005)}{random.randint(1, 12):02d}{random.randint(1, 28):02d}{_digits(random, 3)}"
    return body + cn_id_check(body)


def _passport(random: Random, is_chinese: bool) -> str:
    return random.choice("EGP") + _digits(random, 8)


def _birth_date(random: Random, is_chinese: bool) -> str:
    year, month, day = random.randint(1940, 2005), random.randint(1, 12), random.randint(2, 28)
    return f"{year}年{month}月{day}日" if is_chinese else f"{month}/{day}/{year}"


def _ip(random: Random, is_chinese: bool) -> str:
    return ".".join(str(random.randint(20, 220)) for _ in range(4))


def _secret(random: Random, is_chinese: bool) -> str:
    return "ghp_" + "".join(random.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=36))


def _folder(random: Random, is_chinese: bool) -> str:
    return f"/home/{random.choice(sorted(GIVEN))}{random.randint(1, 99)}"


_MAKERS: Final[dict[str, Callable[[Random, bool], str]]] = {
    "name": _name, "email": _email, "phone": _phone, "address": _address, "card": _card, "iban": _iban, "us_ssn": _us_ssn,
    "cn_id": _cn_id, "passport": _passport, "birth_date": _birth_date, "ip": _ip, "secret": _secret, "user_folder": _folder,
}  # fmt: skip
_SENTENCES: Final[dict[str, tuple[Sequence[str], Sequence[str]]]] = {
    "name": (("My name is ….", "Kind regards,\n…", "Please ask … about it.", "I spoke to … yesterday."), ("我叫…。", "请联系…先生。", "联系人：…", "昨天…来过。")),
    "email": (("You can write to ….", "E-mail: …"), ("请发到邮箱…，谢谢。", "邮箱：…")),
    "phone": (("Call me on ….", "Phone: …"), ("我的电话是…。", "手机号…，请联系我。")),
    "address": (("I live at ….", "Please send it to ….",), ("请寄到…。", "地址：…")),
    "card": (("My card number is ….", "Charge … please."), ("银行卡号是…。", "请打到…。")),
    "iban": (("Transfer it to ….", "IBAN: …"), ("账号是…。", "IBAN：…")),
    "us_ssn": (("My SSN is ….", "Social security number …"), ("社保号是…。", "SSN：…")),
    "cn_id": (("My Chinese id is ….", "ID: …"), ("身份证号是…。", "证件号码：…")),
    "passport": (("My passport number is ….", "Passport: …"), ("护照号…。", "护照号码：…")),
    "birth_date": (("I was born on ….", "Date of birth: …"), ("我的生日是…。", "出生日期：…")),
    "ip": (("The address … is blocked.", "I logged in from …."), ("从…登录。", "IP：…")),
    "secret": (("The token is ….", "It fails with … set."), ("密钥是…。", "令牌：…")),
    "user_folder": (("It is in …/notes.txt.", "See …/a.py"), ("文件在 …/notes.txt。", "见 …/a.py")),
}  # fmt: skip
