"""Tasks that nothing but their demonstrations tells, so that the starter learns to follow what stands before.

Takes the dice and a ``Tongue``; gives a talk whose first turns show one invented task 4 to 12 times and
whose last turn asks for it once more, with new names. What is thrown anew each time: the order of the fields,
their names, separators, wrappers, key words, which of the words are marked, masked, moved or renamed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tunesmith.starter.dice import Dice, fill
from tunesmith.starter.notations import BOUNDS, JOINERS, KEY_CASES, QUOTES, SIGNS, Notation
from tunesmith.starter.skills import Talk, Turn, spoken, values_of
from tunesmith.starter.tongue import Fact, Tongue

FEWEST, MOST = 4, 12


@dataclass(frozen=True)
class Task:
    """An invented task: ``throw`` makes one more case of kind 0 … ``kinds`` - 1, always by the same rules."""

    kinds: int
    throw: Callable[[int], Turn]


def few_shot(dice: Dice, tongue: Tongue) -> Talk:
    """4 to 12 demonstrations of one task, then a case to be done in the same way."""
    turns = demonstrated(dice, dice.pick(TASKS)(dice, tongue))
    roll = dice.roll()
    if roll < 0.4:
        return "", turns
    if roll < 0.7:
        system = dice.pick(("understand.task", "few.system", "few.system"))
        return tongue.say(dice, system), turns
    *shown, (asked, said) = turns
    left, _, right = dice.pick(tongue.phrases["understand.in"]).partition(" | ")
    gap, border = dice.pick(("\n", "\n", " ")), dice.pick(("\n", "\n\n"))
    examples = border.join(f"{left} {question}{gap}{right} {answer}" for question, answer in shown)
    if roll < 0.8:
        return f"{tongue.say(dice, 'understand.task')}\n{examples}", [(asked, said)]
    return "", [(f"{examples}{border}{left} {asked}{gap}{right}", said)]


def demonstrated(dice: Dice, task: Task) -> list[Turn]:
    """Cases of the task, the last one of a kind that stands among those before it, no question twice."""
    count = dice.number(FEWEST, MOST) if dice.chance(0.5) else dice.number(FEWEST, 7)
    kinds = dice.shuffled([*range(task.kinds), *(dice.number(0, task.kinds - 1) for _ in range(count - task.kinds))])
    turns: dict[str, str] = {}
    for kind in [*kinds, dice.number(0, task.kinds - 1)]:
        asked, said = task.throw(kind)
        while asked in turns:
            asked, said = task.throw(kind)
        turns[asked] = said
    return list(turns.items())


def _record(dice: Dice, tongue: Tongue) -> Task:
    """Sentences become records: which fields, in which order, under which names, between which signs."""
    facts = dice.sample(tongue.facts, 1 if dice.chance(0.65) else 2)
    write = _form(dice)
    heads = dice.some(dice.lower_word, len(facts)) if len(facts) > 1 or dice.chance(0.3) else [""]
    plans = [_fields(dice, fact) for fact in facts]

    def throw(kind: int) -> Turn:
        values = values_of(dice, tongue, facts[kind])
        sentence = fill(dice, dice.pick(facts[kind].sentences), {}, values)
        return sentence, write(heads[kind], [(name, values[slot]) for slot, name in plans[kind]])

    return Task(len(facts), throw)


def _fields(dice: Dice, fact: Fact) -> list[tuple[str, str]]:
    """Slots of the fact in a new order, each with the name that it gets."""
    slots = [slot for slot, _ in fact.slots]
    slots = dice.sample(slots, dice.number(min(2, len(slots)), len(slots)))
    made = dice.some(dice.lower_word, len(slots))
    roll = dice.roll()
    return list(zip(slots, slots if roll < 0.4 else made if roll < 0.75 else "abcdef", strict=False))


def _form(dice: Dice) -> Callable[[str, list[tuple[str, str]]], str]:
    """How a record is written: with names, by position, as tags, between fixed words, a field a line."""
    quote, case, sign, joiner = dice.pick(QUOTES), dice.pick(KEY_CASES[:6]), dice.pick(SIGNS)["="], dice.pick(JOINERS)
    (left, right), link = dice.pick(BOUNDS), dice.pick((" ", ": ", " | ", "/", " -> "))
    words = dice.some(dice.lower_word, 6)
    roll = dice.roll()

    def write(head: str, fields: list[tuple[str, str]]) -> str:
        lead = case(head) + link if head else ""
        if roll < 0.4:
            return left + lead + joiner.join(case(name) + sign + quote(value) for name, value in fields) + right
        if roll < 0.6:
            return left + lead + joiner.join(quote(value) for _, value in fields) + right
        if roll < 0.72:
            inside = "".join(f"<{name}>{value}</{name}>" for name, value in fields)
            return f"<{head}>{inside}</{head}>" if head else inside
        if roll < 0.82:
            return f"{head or words[5]}({', '.join(quote(value) for _, value in fields)})"
        if roll < 0.92:
            return " ".join([head] * bool(head) + [f"{words[at]} {v}" for at, (_, v) in enumerate(fields)])
        return "\n".join([head] * bool(head) + [f"{name}{sign}{value}" for name, value in fields])

    return write


def _marked(dice: Dice, tongue: Tongue) -> Task:
    """The sentence comes back with some of its parts marked, masked or in capitals."""
    fact = dice.pick(tongue.facts)
    slots = [slot for slot, _ in fact.slots]
    changes = {slot: _change(dice, tongue) if dice.chance(0.6) else str for slot in slots}
    changes[dice.pick(slots)] = _change(dice, tongue)

    def throw(kind: int) -> Turn:
        values = values_of(dice, tongue, fact)
        pattern = dice.pick(fact.sentences)
        changed = {slot: changes[slot](value) for slot, value in values.items()}
        return fill(dice, pattern, {}, values), fill(dice, pattern, {}, changed)

    return Task(1, throw)


def _change(dice: Dice, tongue: Tongue) -> Callable[[str], str]:
    left, right = dice.pick(MARKS)
    mask = dice.pick(("___", "XXX", "[?]", "***", dice.word().upper(), f"<{dice.lower_word()}>"))
    roll = dice.roll()
    if roll < 0.55:
        return lambda value: left + value + right
    if roll < 0.8 or tongue.name != "en":
        return lambda _: mask
    return str.upper


MARKS = (
    ("[", "]"), ("<", ">"), ("**", "**"), ("{", "}"), ("@", ""), ("#", ""), ("((", "))"), ("_", "_"), ("$", "$"),
    ("«", "»"), ("=", "="), ("", "!"), ("", "?"), ("^", ""), ("|", "|"), ("%", "%"), ("+", "+"),
)  # fmt: skip


def _moved(dice: Dice, tongue: Tongue) -> Task:
    """Values in a row come back in another order, with other separators."""
    makers = dice.sample(
        ("person", "place", "work", "code", "amount", "word", "small", "day", "org"), dice.number(2, 4)
    )
    inner, outer = dice.sample((", ", " | ", " / ", "; ", " - ", " ", ": ", " > ", ",", "=", " + ", " & ", "\n"), 2)
    order = dice.shuffled(range(len(makers)))[: dice.number(max(1, len(makers) - 1), len(makers))]
    quotes = [dice.pick(QUOTES) if dice.chance(0.5) else str for _ in order]
    (left, right) = dice.pick(BOUNDS)
    words = [dice.lower_word() + " " if dice.chance(0.25) else "" for _ in order]

    def throw(kind: int) -> Turn:
        values = [tongue.make(dice, maker) for maker in makers]
        cells = [word + quote(values[at]) for word, quote, at in zip(words, quotes, order, strict=True)]
        return inner.join(values), left + outer.join(cells) + right

    return Task(1, throw)


def _renamed(dice: Dice, tongue: Tongue) -> Task:
    """A key word has a new name here, which the demonstrations show; the rest is copied."""
    known = tongue.words[dice.pick(("colour", "animal", "fruit", "spot", "dayname", "weather", "season", "job"))]
    keys = dice.sample(known, dice.number(2, 5))
    roll = dice.roll()
    names = dice.some(dice.word if roll < 0.4 else dice.lower_word if roll < 0.8 else dice.code, len(keys))
    maker = dice.pick(("person", "place", "word", "amount", "code"))
    asked = dice.pick(("{k} {v}", "{v} {k}", "{v}: {k}", "{k}, {v}", "{k} ({v})", "{v} = {k}", "{k} & {v}"))
    said = dice.pick(("{v} {k}", "{k}: {v}", "{k}({v})", "{v} -> {k}", "[{k}] {v}", "{k}/{v}", "{k}", "{v}@{k}"))

    def throw(kind: int) -> Turn:
        value = tongue.make(dice, maker)
        return asked.format(k=keys[kind], v=value), said.format(k=names[kind], v=value)

    return Task(len(keys), throw)


def _labelled(dice: Dice, tongue: Tongue) -> Task:
    """Messages get one of a few labels, which need not be words."""
    topics = [topic.split(" | ") for topic in dice.sample(tongue.phrases["class.topics"], dice.number(2, 4))]
    roll = dice.roll()
    labels = [topic[0] for topic in topics] if roll < 0.3 else dice.some(dice.lower_word, len(topics))
    labels = list("ABCD"[: len(topics)]) if roll > 0.8 else labels
    left, right = dice.pick(BOUNDS)
    return Task(
        len(topics), lambda kind: (spoken(dice, tongue, dice.pick(topics[kind][1:])), left + labels[kind] + right)
    )


def _asked(dice: Dice, tongue: Tongue) -> Task:
    """Questions become queries of an invented notation; what they ask for stays, or is another thing each time."""
    shapes = dice.sample(tongue.shapes, dice.number(1, 4))
    steady = dice.chance(0.4)
    rows = [tongue.row(dice, shape) if steady or not shape.clear else None for shape in shapes]
    notation = Notation(dice)
    wrapped = dice.chance(0.25)

    def throw(kind: int) -> Turn:
        question, query = tongue.question(dice, shapes[kind], rows[kind])
        asked = tongue.say(dice, "few.wrapped", q=question) if wrapped and dice.chance(0.5) else question
        return asked, notation.write(query)

    return Task(len(shapes), throw)


def _chosen(dice: Dice, tongue: Tongue) -> Task:
    """One item of a list, always the one at the same place, or all but it, or the list turned round."""
    maker, count = dice.pick(("word", "lower_word", "place", "person", "amount", "code")), dice.number(3, 5)
    mark = dice.pick((", ", " / ", " | ", "; ", " "))
    mark = ", " if maker in ("place", "person") else mark
    place, task = dice.number(0, count - 1), dice.pick(("one", "one", "rest", "turn"))
    left, right = dice.pick(MARKS) if dice.chance(0.4) else ("", "")

    def throw(kind: int) -> Turn:
        items = dice.some(lambda: tongue.make(dice, maker), count)
        kept = {"one": items[place : place + 1], "rest": items[:place] + items[place + 1 :], "turn": items[::-1]}
        return mark.join(items), left + mark.join(kept[task]) + right

    return Task(1, throw)


def _operators(dice: Dice, tongue: Tongue) -> Task:
    """Made-up words for adding, taking away, the larger one, writing side by side."""
    rules = dice.sample(OPERATORS, dice.number(1, 2))
    signs = dice.some(dice.lower_word, len(rules)) if dice.chance(0.6) else dice.sample("@#$%&?", len(rules))

    def throw(kind: int) -> Turn:
        b = dice.number(1, 9)
        a = b + dice.number(1, 30)
        return f"{a} {signs[kind]} {b}", str(rules[kind](a, b))

    return Task(len(rules), throw)


OPERATORS: tuple[Callable[[int, int], int | str], ...] = (
    lambda a, b: a + b, lambda a, b: a - b, max, min, lambda a, b: f"{a}{b}"
)  # fmt: skip

TASKS: tuple[Callable[[Dice, Tongue], Task], ...] = (
    _record, _record, _record, _record, _marked, _marked, _moved, _moved, _moved, _renamed, _renamed, _renamed,
    _labelled, *(_asked,) * 5, _chosen, _operators,
)  # fmt: skip
