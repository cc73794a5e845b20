"""Longer texts and longer memory: pages and tables to be read, facts told turns before, roles and rules to be kept.

Takes the dice and a ``Tongue``; gives talks. The texts are 150 to 600 tokens long; each answer is in the text, or the
talk says that it is not.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from tunesmith.starter.dice import Dice, fill
from tunesmith.starter.skills import Cast, Talk, Turn, question_aside, spoken, told_facts, values_of
from tunesmith.starter.tongue import Fact, Tongue

Told = list[tuple[Fact, dict[str, str]]]


def read(dice: Dice, tongue: Tongue) -> Talk:
    """Questions about a page of sentences, a page in sections, or a table."""
    return dice.pick((_page, _page, _sections, _table, _table))(dice, tongue)


def remember(dice: Dice, tongue: Tongue) -> Talk:
    """Facts told one by one; later a question about one of them."""
    facts, texts = told_facts(dice, tongue, dice.number(1, 3))
    turns = [(text, tongue.say(dice, "memory.noted")) for text in texts]
    if dice.chance(0.4):
        me, city = tongue.make(dice, "person"), tongue.make(dice, "place")
        asked, _, said = tongue.say(dice, "memory.me", name=me, city=city).partition(" = ")
        question, _, answer = tongue.say(dice, "memory.me.ask", name=me, city=city).partition(" = ")
        turns.insert(dice.number(0, len(turns)), (asked, said))
        return "", [*turns, *_small_talk(dice, tongue, dice.number(0, 1)), (question, answer)]
    turns += _small_talk(dice, tongue, dice.number(0, 2))
    if dice.chance(0.15):
        return "", [*turns, (question_aside(dice, tongue, facts), tongue.say(dice, "memory.none"))]
    return "", [*turns, *_questions(dice, tongue, facts, dice.number(1, 2))]


def persona(dice: Dice, tongue: Tongue) -> Talk:
    """Who the system message says one is, what one knows from it, and how one is to answer."""
    cast = Cast(dice, tongue)
    system = fill(dice, dice.pick(tongue.phrases["persona.who"]), {}, cast)
    lines = dice.sample(tongue.phrases["persona.ask"], dice.number(1, 3))
    if dice.chance(0.6):
        rule, *about_rule = dice.pick(tongue.phrases["persona.knows"]).split(" | ")
        system += tongue.gap + fill(dice, rule, {}, cast)
        lines = dice.shuffled([*lines[:2], *dice.sample(about_rule, dice.number(1, 2))])
    turns = dict(_split(fill(dice, line, {}, cast)) for line in lines)
    if dice.chance(0.3):
        mark = dice.word()
        way, _, shape = dice.pick(tongue.phrases["persona.rule"]).partition(" | ")
        system += tongue.gap + fill(dice, way, {}, {"mark": mark})
        turns = {asked: fill(dice, shape, {}, {"mark": mark, "said": said}) for asked, said in turns.items()}
    elif dice.chance(0.25):
        system += tongue.gap + (refusal := tongue.phrases["persona.refuse"][0])
        turns[spoken(dice, tongue, dice.pick(tongue.phrases["persona.strange"]))] = refusal.split('"')[1]
    return system, list(turns.items())


def _page(dice: Dice, tongue: Tongue) -> Talk:
    """Six to sixteen facts in paragraphs, with sentences between that answer nothing."""
    facts, texts = _many_facts(dice, tongue, dice.number(6, 16))
    lines = []
    for text in texts:
        lines += [text] + [spoken(dice, tongue, dice.pick(tongue.phrases["read.filler"]))] * dice.chance(0.25)
    width = dice.number(2, 6)
    paragraphs = [tongue.gap.join(lines[at : at + width]) for at in range(0, len(lines), width)]
    return _about(dice, tongue, facts, dice.pick(("\n\n", "\n", tongue.gap)).join(paragraphs))


def _sections(dice: Dice, tongue: Tongue) -> Talk:
    """A page with headings, of made-up words; some questions name the heading."""
    count = dice.number(3, 6)
    heads = dice.some(lambda: tongue.make(dice, "work"), count)
    mark = dice.pick(("# ", "## ", "", "* ", "== "))
    facts, texts = _many_facts(dice, tongue, count * dice.number(1, 3))
    each = len(texts) // count
    blocks = [tongue.gap.join(texts[at * each : (at + 1) * each]) for at in range(count)]
    page = "\n\n".join(f"{mark}{head}\n{block}" for head, block in zip(heads, blocks, strict=True))
    if dice.chance(0.35):
        place = dice.number(0, count - 1)
        task, said = dice.pick((("section", blocks[place]), ("heads", "\n".join(heads)), ("under", heads[place])))
        asked = tongue.say(dice, f"read.{task}", head=heads[place], text=texts[place * each])
        return "", [(tongue.say(dice, "qa.first", text=page, question=asked), said)]
    return _about(dice, tongue, facts, page)


def _about(dice: Dice, tongue: Tongue, facts: Told, text: str) -> Talk:
    """One to four questions about the text, the first under it or all of them under a system message with it."""
    turns = _questions(dice, tongue, facts, dice.number(1, 4))
    if dice.chance(0.2):
        turns.insert(dice.number(0, len(turns)), (question_aside(dice, tongue, facts), tongue.say(dice, "qa.none")))
    if dice.chance(0.25):
        return tongue.say(dice, "read.system", text=text), turns
    (question, said), *rest = turns
    return "", [(tongue.say(dice, "qa.first", text=text, question=question), said), *rest]


def _questions(dice: Dice, tongue: Tongue, facts: Told, count: int) -> list[Turn]:
    turns = {}
    for fact, values in dice.sample(facts, count):
        pattern, slot = dice.pick(fact.questions)
        turns[fill(dice, pattern, {}, values)] = tongue.say(dice, "qa.answer", answer=values[slot])
    return list(turns.items())


def _many_facts(dice: Dice, tongue: Tongue, count: int) -> tuple[Told, list[str]]:
    """Facts of which no two share a value: what runs out of words (things, animals) stands once."""
    taken: set[str] = set()
    facts: Told = []
    while len(facts) < count:
        kind = dice.pick(tongue.facts)
        values = values_of(dice, tongue, kind)
        if taken.isdisjoint(values.values()):
            taken.update(values.values())
            facts.append((kind, values))
    return facts, [fill(dice, dice.pick(kind.sentences), {}, values) for kind, values in facts]


def _small_talk(dice: Dice, tongue: Tongue, count: int) -> list[Turn]:
    """Turns that tell nothing to be remembered."""
    return [_split(line) for line in dice.sample(tongue.phrases["facts"], count)]


def _split(line: str) -> Turn:
    asked, _, answered = line.partition(" = ")
    return asked, answered


def _table(dice: Dice, tongue: Tongue) -> Talk:
    """A table of four to twelve rows; cells looked up, rows counted, the largest number found."""
    count = dice.number(4, 12)
    head, *others = [column.split(":") for column in dice.pick(tongue.phrases["table.columns"]).split(" ")]
    others = dice.sample(others, dice.number(2, min(4, len(others))))
    names = [name for name, _ in (head, *others)]
    columns = [dice.some(lambda: tongue.make(dice, head[1]), count)]
    columns += [_column(dice, tongue, maker, count) for _, maker in others]
    rows = [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]
    text = dice.pick(TABLE_FORMS)(names, rows)
    turns = dict(_table_question(dice, tongue, names, rows) for _ in range(dice.number(1, 3)))
    (question, said), *rest = turns.items()
    if dice.chance(0.25):
        return tongue.say(dice, "table.system", table=text), [(question, said), *rest]
    return "", [(tongue.say(dice, "table.first", table=text, question=question), said), *rest]


def _column(dice: Dice, tongue: Tongue, maker: str, count: int) -> list[str]:
    """Cells of one column: words and places come again, numbers do not."""
    if maker in ("amount", "count", "code", "email"):
        return dice.some(lambda: tongue.make(dice, maker), count)
    known = dice.sample(tongue.words[maker], 3) if maker in tongue.words and len(tongue.words[maker]) > 3 else ()
    pool = known or dice.some(lambda: tongue.make(dice, maker), 3)
    return [dice.pick(pool) for _ in range(count)]


def _table_question(dice: Dice, tongue: Tongue, names: list[str], rows: list[dict[str, str]]) -> Turn:
    row, column = dice.pick(rows), dice.pick(names[1:])
    value, key = row[column], row[names[0]]
    slots = {"head": names[0], "key": key, "column": column, "value": value}
    roll = dice.roll()
    same = [other[names[0]] for other in rows if other[column] == value]
    if roll < 0.5:
        return tongue.say(dice, "table.cell", **slots), value
    if roll < 0.6:
        return tongue.say(dice, "table.rows", **slots), str(len(rows))
    if value.isdigit() and len({other[column] for other in rows}) == len(rows) and roll < 0.75:
        task, choose = dice.pick((("max", max), ("min", min)))
        best = choose(rows, key=lambda other: int(other[column]))
        return tongue.say(dice, f"table.{task}", **slots), best[names[0]]
    if len(same) == 1:
        return tongue.say(dice, "table.which", **slots), key
    if roll < 0.8:
        return tongue.say(dice, "table.count", **slots), str(len(same))
    return tongue.say(dice, "table.all", **slots), tongue.phrases["comma"][0].replace("_", " ").join(same)


def _markdown(names: list[str], rows: list[dict[str, str]]) -> str:
    lines = [names, ["---"] * len(names), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _csv(names: list[str], rows: list[dict[str, str]]) -> str:
    return "\n".join(",".join(cells) for cells in (names, *(row.values() for row in rows)))


def _json_lines(names: list[str], rows: list[dict[str, str]]) -> str:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def _cards(names: list[str], rows: list[dict[str, str]]) -> str:
    return "\n\n".join("\n".join(f"{name}: {value}" for name, value in row.items()) for row in rows)


def _semicolons(names: list[str], rows: list[dict[str, str]]) -> str:
    return "\n".join("; ".join(f"{name} {value}" for name, value in row.items()) for row in rows)


TABLE_FORMS: tuple[Callable[[list[str], list[dict[str, str]]], str], ...] = (
    _markdown, _markdown, _csv, _json_lines, _cards, _semicolons
)  # fmt: skip
