"""The dice that the starter's dialogues are thrown with: random picks, made-up names, filled sentence frames.

Takes a seed and an index; gives the same throws for the same pair on every Python. All names are made of
free words (see ``names``), so none of them can occur in a task that is kept for measuring.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from tunesmith.starter.names import free_word, is_reserved

T = TypeVar("T")

Blocks = dict[str, tuple[str, ...]]


def free(words: str) -> tuple[str, ...]:
    """The words of a blank-separated list that may stand in names."""
    return tuple(word for word in words.split() if not is_reserved(word))


def blocks(text: str) -> Blocks:
    """Read a table: a line at the margin names a block, the indented lines under it are its entries."""
    found: dict[str, list[str]] = {}
    entries: list[str] = []
    for line in filter(str.strip, text.split("\n")):
        if line.startswith(" "):
            entries.append(line.strip().replace("\\n", "\n"))
        else:
            entries = found.setdefault(line.strip(), [])
    return {key: tuple(lines) for key, lines in found.items()}


FIRST_NAMES = free(
    "Anna Ben Clara David Emma Frank Grace Henry Iris Jack Kate Leo Maria Nina Oscar Paul Rosa Sam Tina Victor Wendy "
    "Yusuf Zoe Amir Lena Omar Priya Chen Ivan Julia Karl Lucy Marco Nora Peter Ruth Simon Tara Hugo Elena Ravi Mei"
)
PLACE_FRONTS = free("Port North South East West New Old Lake Mount Upper Lower Saint Fort Great Little")
PLACE_BACKS = free("City Falls Bay Hill Valley Harbour Bridge Springs Island Park Town Coast Forest River Heights")
ORG_BACKS = free("Labs Works Group Foods Motors Systems Books Studio Energy Bank Tools Press Airlines Media Partners")
TITLE_HEADS = free(
    "Silent Golden Broken Blue Last First Hidden Long Distant Little Red Lost Quiet Winter Summer Frozen Burning Empty "
    "Green White Black Bright Secret Paper Glass Iron Stone Sweet Wild Open Endless Second Seven Nine Lonely Crooked"
)
TITLE_NOUNS = free(
    "River Garden House Night Road Sea Mountain Letter Bird Moon Song Window Mirror Storm Island Door Clock Forest Star "
    "Bridge Lantern Ship Train Shadow Dream Tower Wolf Market Kitchen Harvest Orchard Voyage Promise Stranger Machine"
)
TITLE_LINKS = free("in from under near for and beyond with without over")
SURNAMES_ZH = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚"
GIVEN_ZH = (
    "明芳华丽强静磊洋勇艳杰娟涛超霞平刚桂英文辉玲建国红春梅志伟晓东海云飞雪琳佳欣怡思远天宇浩然子涵雨桐梓睿博诗琪若曦安宁乐"
    "青松柏竹兰清荷月星辰朗阳凡舟帆岚峰岩泉溪川沐林森木禾谷"
)
PLACE_ZH = "青云石龙白安平清宁长临东南西北新阳河山泉林海江湖沙金银玉凤鹤松柳桥口关岭源溪浦岩丰永和兴泰嘉文"
PLACE_ENDS_ZH = "市县镇村城州"
TITLE_ZH = (
    "风月山海雪夜星河灯火故乡归途远方时光旧梦春秋花影长路孤舟晨雾秘密花园钟声迷宫镜子稻田信使候鸟沉默月台边城老街"
)
ORG_ENDS_ZH = ("公司", "集团", "书店", "工厂", "银行", "科技", "学校", "医院", "餐厅", "工作室")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"


class Dice:
    """A stream of throws that depends on nothing but the seed and the index."""

    def __init__(self, seed: int, index: int, attempt: int = 0) -> None:
        self.rng = random.Random(f"{seed}:{index}:{attempt}" if attempt else f"{seed}:{index}")
        self.roll = self.rng.random

    def chance(self, probability: float) -> bool:
        return self.roll() < probability

    def number(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + int(self.roll() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        return options[int(self.roll() * len(options))]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        items = list(options)
        for last in range(len(items) - 1, 0, -1):
            other = int(self.roll() * (last + 1))
            items[last], items[other] = items[other], items[last]
        return items

    def sample(self, options: Sequence[T], count: int) -> list[T]:
        """``count`` different entries (fewer where there are not so many) in any order."""
        if count * 4 >= len(options):
            return self.shuffled(options)[:count]
        places: dict[int, None] = {}
        while len(places) < count:
            places[int(self.roll() * len(options))] = None
        return [options[place] for place in places]

    def some(self, maker: Callable[[], str], count: int) -> list[str]:
        """``count`` different strings from a maker."""
        made: dict[str, None] = {}
        while len(made) < count:
            made[maker()] = None
        return list(made)

    def word(self) -> str:
        """A capitalised made-up word of one to three syllables."""
        roll = self.roll()
        return free_word(self.rng, 1 if roll < 0.2 else 2 if roll < 0.82 else 3)

    def lower_word(self) -> str:
        return self.word().lower()

    def person(self) -> str:
        roll = self.roll()
        if roll < 0.2:
            return self.word()
        if roll < 0.62:
            return f"{self.word()} {self.word()}"
        if roll < 0.8:
            return f"{self.pick(FIRST_NAMES)} {self.word()}"
        if roll < 0.86:
            return f"{self.word()} {self.pick(LETTERS).upper()}. {self.word()}"
        if roll < 0.91:
            return f"{self.word()} {self.word()}-{self.word()}"
        if roll < 0.96:
            return f"{self.word()} {self.word()} {self.word()}"
        return f"{self.lower_word()} {self.lower_word()}"

    def place(self) -> str:
        roll = self.roll()
        if roll < 0.55:
            return self.word()
        if roll < 0.68:
            return f"{self.pick(PLACE_FRONTS)} {self.word()}"
        if roll < 0.82:
            return f"{self.word()} {self.pick(PLACE_BACKS)}"
        if roll < 0.92:
            return f"{self.word()} {self.word()}"
        return f"{self.word()}-{self.word()}" if roll < 0.97 else self.lower_word()

    def org(self) -> str:
        roll = self.roll()
        if roll < 0.4:
            return f"{self.word()} {self.pick(ORG_BACKS)}"
        if roll < 0.7:
            return self.word()
        return f"{self.word()} & {self.word()}" if roll < 0.78 else f"{self.word()} {self.word()}"

    def work(self) -> str:
        """The title of a book, a film, a song …"""
        roll = self.roll()
        if roll < 0.2:
            return self.word()
        if roll < 0.42:
            return f"{self.word()} {self.word()}"
        if roll < 0.54:
            return f"{self.pick(TITLE_HEADS)} {self.word()}"
        if roll < 0.66:
            return f"{self.word()} {self.pick(TITLE_NOUNS)}"
        if roll < 0.74:
            return f"The {self.pick(TITLE_HEADS)} {self.pick(TITLE_NOUNS)}"
        if roll < 0.81:
            return f"{self.pick(TITLE_NOUNS)} {self.pick(TITLE_LINKS)} {self.word()}"
        if roll < 0.87:
            return f"{self.word()} {self.number(2, 99)}"
        if roll < 0.92:
            return f"{self.word()} {self.word()} {self.word()}"
        return f"{self.lower_word()} {self.lower_word()}" if roll < 0.97 else f"{self.word()}-{self.number(2, 2000)}"

    def title(self) -> str:
        """A title as it stands in a sentence: bare or quoted."""
        roll = self.roll()
        return self.work() if roll < 0.6 else f'"{self.work()}"' if roll < 0.85 else f"'{self.work()}'"

    def year(self) -> str:
        return str(self.number(1900, 2030) if self.chance(0.75) else self.number(1100, 2099))

    def count(self) -> str:
        """A whole number of any size, small ones more often."""
        return str(self.number(2, 10 ** self.number(1, 4)))

    def size(self) -> str:
        """How high, how long, how many people: never a handful."""
        return str(self.number(60, 10 ** self.number(2, 5)))

    def amount(self) -> str:
        return str(self.number(2, 99) if self.chance(0.6) else self.number(100, 9999))

    def small(self) -> str:
        return str(self.number(2, 12))

    def day(self) -> str:
        """A date of one of three common spellings."""
        month, day, year = self.number(1, 12), self.number(1, 28), self.number(1950, 2040)
        roll = self.roll()
        if roll < 0.4:
            return f"{year}-{month:02d}-{day:02d}"
        return f"{day} {MONTHS[month - 1]} {year}" if roll < 0.8 else f"{MONTHS[month - 1]} {day}, {year}"

    def time(self) -> str:
        return f"{self.number(0, 23)}:{self.number(0, 11) * 5:02d}"

    def email(self) -> str:
        name = self.lower_word() if self.chance(0.5) else f"{self.lower_word()}.{self.lower_word()}"
        return f"{name}@{self.lower_word()}.{self.pick(('com', 'org', 'net', 'io', 'example'))}"

    def code(self) -> str:
        """A string without meaning: letters, digits, now and then a mark between."""
        roll = self.roll()
        if roll < 0.3:
            return self.letters(2).upper() + self.pick(("-", "", "_", "/")) + self.digits(self.number(2, 5))
        if roll < 0.55:
            return "".join(self.pick(LETTERS + DIGITS) for _ in range(self.number(4, 12)))
        if roll < 0.75:
            return self.digits(self.number(4, 10))
        return self.pick("-_.#").join(self.pick((self.letters(3), self.digits(3))) for _ in range(self.number(2, 4)))

    def letters(self, count: int) -> str:
        return "".join(self.pick(LETTERS) for _ in range(count))

    def digits(self, count: int) -> str:
        return "".join(self.pick(DIGITS) for _ in range(count))

    def person_zh(self) -> str:
        roll = self.roll()
        if roll < 0.18:
            return self.word()
        return self._free_zh(lambda: self.pick(SURNAMES_ZH) + self._chars(GIVEN_ZH, 1 if roll < 0.45 else 2))

    def place_zh(self) -> str:
        if self.chance(0.15):
            return self.word()
        return self._free_zh(lambda: self._chars(PLACE_ZH, 2) + self.pick(PLACE_ENDS_ZH))

    def stem_zh(self) -> str:
        """A name without the word for what it names: a river's, a bridge's."""
        return self._free_zh(lambda: self._chars(PLACE_ZH, 2))

    def country_zh(self) -> str:
        return self._free_zh(lambda: self._chars(PLACE_ZH, 2) + "国")

    def org_zh(self) -> str:
        return self._free_zh(lambda: self._chars(PLACE_ZH + TITLE_ZH, 2) + self.pick(ORG_ENDS_ZH))

    def work_zh(self) -> str:
        """A bare Chinese title, without the marks around it."""
        roll = self.roll()
        if roll < 0.15:
            return f"{self.word()} {self.word()}"
        return self._free_zh(lambda: self._chars(TITLE_ZH, self.number(2, 5)))

    def day_zh(self) -> str:
        return f"{self.number(1950, 2040)}年{self.number(1, 12)}月{self.number(1, 28)}日"

    def _chars(self, alphabet: str, count: int) -> str:
        return "".join(self.pick(alphabet) for _ in range(count))

    def _free_zh(self, maker: Callable[[], str]) -> str:
        while is_reserved(name := maker()):
            pass
        return name


MAKERS: dict[str, Callable[[Dice], str]] = {
    "word": Dice.word, "lower_word": Dice.lower_word, "person": Dice.person, "place": Dice.place, "org": Dice.org,
    "work": Dice.work, "title": Dice.title, "year": Dice.year, "count": Dice.count, "amount": Dice.amount, "size": Dice.size,
    "small": Dice.small, "day": Dice.day, "time": Dice.time, "email": Dice.email, "code": Dice.code,
    "person_zh": Dice.person_zh, "place_zh": Dice.place_zh, "org_zh": Dice.org_zh, "work_zh": Dice.work_zh,
    "day_zh": Dice.day_zh, "stem_zh": Dice.stem_zh, "country_zh": Dice.country_zh,
}  # fmt: skip


@lru_cache(maxsize=1 << 14)
def pieces(template: str) -> tuple[str, ...]:
    """Literal text and slot names by turns, the text first."""
    return tuple(re.split(r"\{(\w+)\}", template))


def fill(dice: Dice, template: str, words: Mapping[str, Sequence[str]], fixed: Mapping[str, str]) -> str:
    """The template with every ``{slot}`` replaced: by the fixed value, by a word of that list, by a made-up name."""
    parts = pieces(template)
    if len(parts) == 1:
        return template
    return "".join(_slot(dice, part, words, fixed) if place % 2 else part for place, part in enumerate(parts))


def _slot(dice: Dice, slot: str, words: Mapping[str, Sequence[str]], fixed: Mapping[str, str]) -> str:
    if slot in fixed:
        return fixed[slot]
    if slot in words:
        return fill(dice, dice.pick(words[slot]), words, fixed)
    return MAKERS[slot](dice)
