"""The same thing said in another form: dates, hours, units, numbers in words, names, cases, counts.

Takes the dice and a ``Tongue``; gives talks of one to three turns. Each answer is worked out, none is looked up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from tunesmith.starter.dice import MONTHS, Dice
from tunesmith.starter.skills import Talk, Turn
from tunesmith.starter.tongue import Tongue


def change_form(dice: Dice, tongue: Tongue) -> Talk:
    """Dates, hours, units, numbers, names and words in another form."""
    task = dice.pick(TASKS)
    turns = dict(task(dice, tongue) for _ in range(1 if dice.chance(0.7) else dice.number(2, 3)))
    return "", list(turns.items())


def _date(dice: Dice, tongue: Tongue) -> Turn:
    year, month, day = dice.number(1950, 2040), dice.number(1, 12), dice.number(1, 28)
    asked, said = dice.sample(DATES[tongue.name], 2)
    forms = {name: write(year, month, day) for name, write in DATE_FORMS.items()}
    return tongue.say(dice, f"change.date.{said}", date=forms[asked]), forms[said]


DATE_FORMS: dict[str, Callable[[int, int, int], str]] = {
    "iso": lambda y, m, d: f"{y}-{m:02d}-{d:02d}",
    "long": lambda y, m, d: f"{d} {MONTHS[m - 1]} {y}",
    "american": lambda y, m, d: f"{MONTHS[m - 1]} {d}, {y}",
    "dots": lambda y, m, d: f"{d:02d}.{m:02d}.{y}",
    "slashes": lambda y, m, d: f"{y}/{m:02d}/{d:02d}",
    "zh": lambda y, m, d: f"{y}年{m}月{d}日",
}
DATES = {"en": ("iso", "long", "american", "dots", "slashes"), "zh": ("iso", "dots", "slashes", "zh", "zh", "zh")}


def _hour(dice: Dice, tongue: Tongue) -> Turn:
    hour, minute = dice.number(1, 23), dice.number(0, 11) * 5
    digits = f"{hour:02d}:{minute:02d}"
    if tongue.name == "zh":
        half = "上午" if hour < 12 else "下午"
        spoken = f"{half}{(hour - 1) % 12 + 1}点" + (f"{minute}分" if minute else "")
    else:
        spoken = f"{(hour - 1) % 12 + 1}:{minute:02d} {'am' if hour < 12 else 'pm'}"
    if dice.chance(0.5):
        return tongue.say(dice, "change.hour.24", time=spoken), digits
    return tongue.say(dice, "change.hour.12", time=digits), spoken


def _unit(dice: Dice, tongue: Tongue) -> Turn:
    small, large, factor = dice.pick(tongue.phrases["change.units"]).split(" ")
    count = dice.number(2, 12) if int(factor) < 100 else dice.number(2, 60)
    if dice.chance(0.3):
        return tongue.say(dice, "change.unit", count=str(count * int(factor)), old=small, new=large), str(count)
    return tongue.say(dice, "change.unit", count=str(count), old=large, new=small), str(count * int(factor))


def _number(dice: Dice, tongue: Tongue) -> Turn:
    number = dice.number(1, 99) if dice.chance(0.8) else dice.number(100, 999)
    words = _zh_number(number) if tongue.name == "zh" else _en_number(number)
    if dice.chance(0.5):
        return tongue.say(dice, "change.digits", words=words), str(number)
    return tongue.say(dice, "change.words", number=str(number)), words


ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
ONES_ZH = "零一二三四五六七八九"


def _en_number(number: int) -> str:
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10 - 2] + (f"-{ONES[number % 10]}" if number % 10 else "")
    return f"{ONES[number // 100]} hundred" + (f" and {_en_number(number % 100)}" if number % 100 else "")


def _zh_number(number: int, inside: bool = False) -> str:
    """``inside``: after the hundreds, where ten is 一十 and a missing ten is 零."""
    if number < 10:
        return "零" * inside + ONES_ZH[number]
    if number < 100:
        ten = "" if number < 20 and not inside else ONES_ZH[number // 10]
        return ten + "十" + (ONES_ZH[number % 10] if number % 10 else "")
    return ONES_ZH[number // 100] + "百" + (_zh_number(number % 100, True) if number % 100 else "")


def _letters(dice: Dice, tongue: Tongue) -> Turn:
    """Capitals, small letters, words joined in the ways that programs join them."""
    words = [dice.lower_word() for _ in range(dice.number(2, 4))]
    form = dice.pick(tuple(LETTER_FORMS))
    text = " ".join(word.capitalize() if dice.chance(0.3) else word for word in words)
    return tongue.say(dice, f"change.letters.{form}", text=text), LETTER_FORMS[form](words)


LETTER_FORMS: dict[str, Callable[[list[str]], str]] = {
    "upper": lambda words: " ".join(words).upper(),
    "lower": lambda words: " ".join(words),
    "title": lambda words: " ".join(word.capitalize() for word in words),
    "snake": "_".join,
    "kebab": "-".join,
    "camel": lambda words: words[0] + "".join(word.capitalize() for word in words[1:]),
    "initials": lambda words: "".join(word[0] for word in words).upper(),
    "backwards": lambda words: " ".join(reversed(words)),
}


def _name(dice: Dice, tongue: Tongue) -> Turn:
    first, last = dice.some(dice.word, 2)
    form, said = dice.pick((("comma", f"{last}, {first}"), ("short", f"{first[0]}. {last}"), ("last", last)))
    return tongue.say(dice, f"change.name.{form}", first=first, last=last), said


def _tally(dice: Dice, tongue: Tongue) -> Turn:
    """How often one item stands in a list, or which stands there most often."""
    kinds = dice.sample(tongue.words[dice.pick(("fruit", "animal", "colour", "thing"))], dice.number(2, 4))
    items = dice.shuffled([kind for kind in kinds for _ in range(dice.number(1, 4))])
    counts = Counter(items)
    mark = tongue.phrases["comma"][0].replace("_", " ")
    (most, top), *others = counts.most_common()
    if all(count < top for _, count in others) and dice.chance(0.4):
        return tongue.say(dice, "change.most", items=mark.join(items)), most
    it = dice.pick(kinds)
    return tongue.say(dice, "change.tally", items=mark.join(items), it=it), str(counts[it])


def _extreme(dice: Dice, tongue: Tongue) -> Turn:
    numbers = [int(it) for it in dice.some(dice.amount, dice.number(3, 6))]
    task = dice.pick(("largest", "smallest", "down", "total"))
    if task == "total":
        numbers = [dice.number(1, 9) for _ in range(dice.number(2, 4))]
    down = ", ".join(map(str, sorted(numbers, reverse=True)))
    said = {"largest": max(numbers), "smallest": min(numbers), "down": down, "total": sum(numbers)}[task]
    return tongue.say(dice, f"change.{task}", items=", ".join(map(str, numbers))), str(said)


TASKS: tuple[Callable[[Dice, Tongue], Turn], ...] = (
    _date, _date, _hour, _unit, _number, _letters, _letters, _name, _tally, _extreme
)  # fmt: skip
