"""What the starter practises: one function per skill, each gives a talk in one tongue.

Takes the dice and a ``Tongue``; gives a ``Talk``: the system message (may be empty) and the turns, each a
user's text and the assistant's answer. Every answer is right by construction.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from tunesmith.starter.dice import MAKERS, Dice, fill
from tunesmith.starter.lexicon_en import VERBS
from tunesmith.starter.lexicon_twins import FRAMES, NOUNS, SINGLES
from tunesmith.starter.notations import Notation
from tunesmith.starter.tongue import Fact, Shape, Tongue

Turn = tuple[str, str]
Talk = tuple[str, list[Turn]]


def greet(dice: Dice, tongue: Tongue) -> Talk:
    """Greetings, thanks, small talk, who are you."""
    return "", [_pair(dice, tongue, dice.pick(tongue.phrases["greet"])) for _ in range(1 + dice.chance(0.3))]


def prose(dice: Dice, tongue: Tongue) -> Talk:
    """Short stories, descriptions, notes, facts of daily life."""
    roll = dice.roll()
    if roll < 0.17:
        return "", [_pair(dice, tongue, dice.pick(tongue.phrases["facts"]))]
    if roll < 0.25:
        return "", [_opposite(dice, tongue)]
    if roll < 0.55:
        return "", [_pair(dice, tongue, dice.pick(tongue.phrases["describe"]))]
    return "", [_story(dice, tongue)]


def answer(dice: Dice, tongue: Tongue) -> Talk:
    """Questions about a short text of made-up facts."""
    if dice.chance(0.15):
        return "", [_two_steps(dice, tongue)]
    facts, texts = told_facts(dice, tongue, dice.number(1, 4))
    none = dice.pick(tongue.phrases["qa.none"])
    strict = dice.chance(0.3)
    turns: list[Turn] = []
    asked = set()
    text = tongue.gap.join(texts)
    for _ in range(1 if dice.chance(0.6) else dice.number(2, 3)):
        if dice.chance(0.1):
            question = question_aside(dice, tongue, facts)
            said = none if strict else tongue.say(dice, "qa.none")
        else:
            fact, values = dice.pick(facts)
            pattern, slot = dice.pick(fact.questions)
            question = fill(dice, pattern, {}, values)
            said = values[slot] if strict else tongue.say(dice, "qa.answer", answer=values[slot])
        if question not in asked:
            asked.add(question)
            turns.append((question if turns else tongue.say(dice, "qa.first", text=text, question=question), said))
    return tongue.say(dice, "qa.system", none=none) if strict else "", turns


def lookup(dice: Dice, tongue: Tongue) -> Talk:
    """A list of keys and values, then questions about single entries."""
    count = dice.number(2, 6)
    keys = dice.some(_maker(dice, tongue, ("person", "word", "place", "code", "lower_word", "work", "thing")), count)
    values = dice.some(
        _maker(dice, tongue, ("code", "count", "word", "place", "person", "work", "email", "day")), count
    )
    pattern = dice.pick(tongue.phrases["lookup.row"])
    pairs = dict(zip(keys, values, strict=True))
    rows = "\n".join(fill(dice, pattern, {}, {"key": key, "value": value}) for key, value in pairs.items())
    turns: list[Turn] = []
    for key in dice.sample(keys, 1 if dice.chance(0.6) else dice.number(2, 3)):
        if dice.chance(0.25) and key not in pairs.values():
            question, said = tongue.say(dice, "lookup.back", value=pairs[key]), key
        else:
            question, said = tongue.say(dice, "lookup.ask", key=key), pairs[key]
        turns.append((question if turns else tongue.say(dice, "lookup.text", rows=rows, question=question), said))
    return "", turns


def extract(dice: Dice, tongue: Tongue) -> Talk:
    """Names, numbers, dates, places, addresses, quoted titles out of a text."""
    return "", [dice.pick((_slot, _slot, _slot, _names, _inside, _inside, _tagged))(dice, tongue)]


def records(dice: Dice, tongue: Tongue) -> Talk:
    """Sentences, lists and lines to JSON and back."""
    roll = dice.roll()
    if roll < 0.5:
        return _json_facts(dice, tongue)
    if roll < 0.6:
        items = _items(dice, tongue)
        return "", [(tongue.say(dice, "json.list", items=_joined(dice, tongue, items)), dump(items))]
    if roll < 0.72:
        return "", [_json_pairs(dice, tongue)]
    return "", [_json_get(dice, tongue) if roll < 0.86 else _json_back(dice, tongue)]


def lists(dice: Dice, tongue: Tongue) -> Talk:
    """Sort, reverse, number, count, join, pick from a list."""
    turns = [_list_task(dice, tongue) for _ in range(1 + dice.chance(0.15))]
    return "", turns


def rewrite(dice: Dice, tongue: Tongue) -> Talk:
    """Replace, swap, change the case, the tense, the kind of sentence."""
    if tongue.name != "en" or dice.chance(0.45):
        return "", [dice.pick((_replace, _replace, _swap, _start))(dice, tongue)]
    return "", [_sentence_change(dice, tongue)]


def copy(dice: Dice, tongue: Tongue) -> Talk:
    """Say the same again: sentences, codes, names, with or without something around."""
    roll = dice.roll()
    if roll < 0.2:
        return tongue.say(dice, "copy.system"), [(it, it) for it in things_to_copy(dice, tongue, dice.number(1, 3))]
    if roll < 0.55:
        return "", [(tongue.say(dice, "copy.ask", it=it), it) for it in things_to_copy(dice, tongue, 1)]
    return "", [_copy_changed(dice, tongue)]


def arithmetic(dice: Dice, tongue: Tongue) -> Talk:
    """Small sums, comparisons, letters and words counted, days and months."""
    tasks: tuple[Callable[[Dice, Tongue], Turn], ...] = (_sum, _sum, _compare, _counting, _calendar, _calendar)
    return "", [dice.pick(tasks)(dice, tongue) for _ in range(1 + dice.chance(0.15))]


def classify(dice: Dice, tongue: Tongue) -> Talk:
    """Labels given in the message or in the system message, sometimes renamed to made-up ones."""
    topics = dice.sample(tongue.phrases["class.topics"], dice.number(2, 4))
    samples = {parts[0]: parts[1:] for parts in (topic.split(" | ") for topic in topics)}
    names = {topic: topic for topic in samples}
    renamed = dice.chance(0.3)
    if renamed:
        made = dice.some(dice.word, len(names)) if dice.chance(0.6) else list("ABCD"[: len(names)])
        names = dict(zip(names, made, strict=True))
    texts = [(topic, spoken(dice, tongue, dice.pick(samples[topic]))) for topic in dice.sample(list(samples), 3)]
    labels = dice.pick((", ", " / ", " | ")).join(names.values())
    if renamed:
        pattern = dice.pick(tongue.phrases["class.map"])
        system = "\n".join(
            fill(dice, pattern, {}, {"label": names[it], "topic": it}) for it in dice.shuffled(list(names))
        )
        if dice.chance(0.5):
            return "", [(f"{system}\n{texts[0][1]}", names[texts[0][0]])]
        return system, [(text, names[topic]) for topic, text in texts[: dice.number(1, 3)]]
    if dice.chance(0.5):
        return "", [(tongue.say(dice, "class.ask", labels=labels, text=texts[0][1]), names[texts[0][0]])]
    return tongue.say(dice, "class.system", labels=labels), [
        (it, names[topic]) for topic, it in texts[: dice.number(1, 3)]
    ]


def understand(dice: Dice, tongue: Tongue) -> Talk:
    """Questions to small structured records in a notation that the prompt alone tells."""
    shapes = dice.sample(tongue.shapes, dice.number(1, 3))
    roll = dice.roll()
    if roll < 0.5:
        return _by_examples(dice, tongue, shapes)
    return _by_rules(dice, tongue, shapes)


def translate(dice: Dice, tongue: Tongue) -> Talk:
    """Words and phrases in the other tongue, names kept as they are."""
    turns = []
    for _ in range(1 if dice.chance(0.75) else 2):
        pair = dice.pick(FRAMES if dice.chance(0.6) else NOUNS + SINGLES)
        twin = dice.pick(NOUNS)
        names = {"a": dice.word(), "b": dice.word(), "n": dice.small()}
        english, chinese = (fill(dice, text, {}, {**names, "t": noun}) for text, noun in zip(pair, twin, strict=True))
        ours, theirs = (english, chinese) if tongue.name == "en" else (chinese, english)
        turns.append((tongue.say(dice, "translate.to", text=ours), theirs))
    return "", turns


def _pair(dice: Dice, tongue: Tongue, line: str) -> Turn:
    """A line ``asked = answered`` with the same names on both sides."""
    asked, _, answered = spoken(dice, tongue, line).partition(" = ")
    return asked, answered


class Cast(dict[str, str]):
    """Slots of one text: each is thrown when it is first met and stays the same."""

    def __init__(self, dice: Dice, tongue: Tongue, fixed: dict[str, str] | None = None) -> None:
        super().__init__(fixed or {})
        self.dice, self.tongue = dice, tongue

    def __contains__(self, slot: object) -> bool:
        return True

    def __missing__(self, slot: str) -> str:
        dice, tongue = self.dice, self.tongue
        maker = {"name": "person", "other": "person", "city": "place"}.get(slot, slot)
        if slot == "answer":
            made = self["place"]
        elif slot == "thing_cap":
            made = self["thing"].capitalize()
        elif maker in tongue.words:
            made = fill(dice, dice.pick(tongue.words[maker]), tongue.words, {})
        else:
            made = tongue.make(dice, maker)
        self[slot] = made
        return made


def spoken(dice: Dice, tongue: Tongue, template: str) -> str:
    return fill(dice, template, {}, Cast(dice, tongue))


def _opposite(dice: Dice, tongue: Tongue) -> Turn:
    a, _, b = dice.pick(tongue.phrases["opposites"]).partition(" = ")
    a, b = (a, b) if dice.chance(0.5) else (b, a)
    return tongue.say(dice, "opposite", a=a), b


def _story(dice: Dice, tongue: Tongue) -> Turn:
    cast = Cast(dice, tongue)
    middle = dice.sample(tongue.phrases["prose.middle"], dice.number(1, 4))
    lines = [dice.pick(tongue.phrases["prose.open"]), *middle, dice.pick(tongue.phrases["prose.end"])]
    asked = fill(dice, dice.pick(tongue.phrases["prose.ask"]), {}, cast)
    return asked, tongue.gap.join(fill(dice, line, {}, cast) for line in lines)


def told_facts(dice: Dice, tongue: Tongue, count: int) -> tuple[list[tuple[Fact, dict[str, str]]], list[str]]:
    """Facts with their values, and the sentences that tell them."""
    kinds = [dice.pick(tongue.facts)] * count if dice.chance(0.3) else dice.sample(tongue.facts, count)
    taken: set[str] = set()
    facts = []
    for kind in kinds:
        values = values_of(dice, tongue, kind)
        while not taken.isdisjoint(values.values()):
            values = values_of(dice, tongue, kind)
        taken.update(values.values())
        facts.append((kind, values))
    return facts, [fill(dice, dice.pick(kind.sentences), {}, values) for kind, values in facts]


def _two_steps(dice: Dice, tongue: Tongue) -> Turn:
    """Two facts hang together; the question needs both. Other pairs of the same kind stand around."""
    told, _, question = dice.pick(tongue.phrases["chain"]).partition(" | ")
    casts = [Cast(dice, tongue) for _ in range(dice.number(1, 3))]
    sentences = [fill(dice, sentence, {}, cast) for cast in casts for sentence in told.split(" & ")]
    wanted = dice.pick(casts)
    asked = fill(dice, question, {}, wanted)
    text = tongue.gap.join(dice.shuffled(sentences))
    return tongue.say(dice, "qa.first", text=text, question=asked), wanted["answer"]


def question_aside(dice: Dice, tongue: Tongue, facts: list[tuple[Fact, dict[str, str]]]) -> str:
    """A question about something that the facts say nothing of."""
    taken = {value for _, values in facts for value in values.values()}
    while True:
        kind = dice.pick(tongue.facts)
        values = values_of(dice, tongue, kind)
        if taken.isdisjoint(values.values()):
            return fill(dice, dice.pick(kind.questions)[0], {}, values)


def values_of(dice: Dice, tongue: Tongue, fact: Fact) -> dict[str, str]:
    made = {}
    for slot, maker in fact.slots:
        made[slot] = MAKERS[maker](dice) if maker in MAKERS else tongue.fill(dice, dice.pick(tongue.words[maker]))
    return made


def a_fact(dice: Dice, tongue: Tongue) -> tuple[Fact, dict[str, str], str]:
    """A fact, values for it and one of its sentence frames."""
    ((fact, values),), _ = told_facts(dice, tongue, 1)
    return fact, values, dice.pick(fact.sentences)


def _maker(dice: Dice, tongue: Tongue, kinds: tuple[str, ...]) -> Callable[[], str]:
    """A maker of strings of one kind, a made-up or an ordinary word."""
    kind = dice.pick(kinds)
    words = tongue.words.get(kind)
    if words and len(words) >= 8:
        return lambda: dice.pick(words)
    return lambda: tongue.make(dice, kind)


def things_to_copy(dice: Dice, tongue: Tongue, count: int) -> list[str]:
    """Something to copy: a sentence, a code, a name, odd words."""
    made = []
    for _ in range(count):
        roll = dice.roll()
        if roll < 0.35:
            made.append(tongue.fill(dice, dice.pick(tongue.words["plain"])))
        elif roll < 0.55:
            made.append(" ".join(dice.code() for _ in range(dice.number(1, 4))))
        elif roll < 0.75:
            made.append(" ".join(tongue.make(dice, "word").lower() for _ in range(dice.number(1, 6))))
        else:
            made.append(tongue.make(dice, dice.pick(("person", "place", "work", "email", "day", "org", "title"))))
    return made


def _slot(dice: Dice, tongue: Tongue) -> Turn:
    _, values, pattern = a_fact(dice, tongue)
    slot = dice.pick(list(values))
    return tongue.say(dice, "extract.slot", slot=slot, text=fill(dice, pattern, {}, values)), values[slot]


def _names(dice: Dice, tongue: Tongue) -> Turn:
    people = dice.some(lambda: tongue.make(dice, "person"), dice.number(1, 3))
    cast = Cast(dice, tongue, dict(zip("abc", people, strict=False)))
    text = fill(dice, dice.pick(tongue.phrases[f"people.{len(people)}"]), {}, cast)
    comma = tongue.phrases["comma"][0].replace("_", " ")
    return tongue.say(dice, "extract.names", text=text), comma.join(people)


def _inside(dice: Dice, tongue: Tongue) -> Turn:
    kind, maker = dice.pick((("quote", "work"), ("quote", "plain"), ("mail", "email"), ("number", "count")))
    it = tongue.fill(dice, dice.pick(tongue.words["plain"])) if maker == "plain" else tongue.make(dice, maker)
    it = it.replace('"', "'")
    text = fill(dice, dice.pick(tongue.phrases[f"{kind}.text"]), {}, Cast(dice, tongue, {"it": it}))
    return tongue.say(dice, f"extract.{kind}", text=text), it


def _tagged(dice: Dice, tongue: Tongue) -> Turn:
    _, values, pattern = a_fact(dice, tongue)
    slot = dice.pick(list(values))
    left, right = dice.pick(TAG_MARKS)
    asked = tongue.say(dice, "tag.ask", slot=slot, left=left, right=right, text=fill(dice, pattern, {}, values))
    return asked, fill(dice, pattern, {}, {**values, slot: left + values[slot] + right})


TAG_MARKS = (("[", "]"), ("<", ">"), ("**", "**"), ("{", "}"), ("<b>", "</b>"), ("((", "))"), ("_", "_"))


def _json_facts(dice: Dice, tongue: Tongue) -> Talk:
    """The same keys for each sentence; sometimes nested, sometimes several turns."""
    fact, _, _ = a_fact(dice, tongue)
    keys = dice.sample([slot for slot, _ in fact.slots], dice.number(2, 3))
    names = {key: key if dice.chance(0.8) else dice.lower_word() for key in keys}
    said = ", ".join(f"{names[key]} ({key})" if names[key] != key else key for key in keys)
    outer = dice.pick(("fact", "item", "record", "data")) if dice.chance(0.15) else ""
    turns, system = [], dice.chance(0.4)
    for _ in range(dice.number(1, 3) if system else 1):
        values = values_of(dice, tongue, fact)
        sentence = fill(dice, dice.pick(fact.sentences), {}, values)
        record: dict[str, object] = {names[key]: plain(values[key]) for key in keys}
        shown = f"{outer} > {said}" if outer else said
        asked = sentence if system else tongue.say(dice, "json.from", keys=shown, text=sentence)
        turns.append((asked, dump({outer: record} if outer else record)))
    return tongue.say(dice, "json.system", keys=f"{outer} > {said}" if outer else said) if system else "", turns


def _json_pairs(dice: Dice, tongue: Tongue) -> Turn:
    _, values, _ = a_fact(dice, tongue)
    equals = dice.pick((": ", " = ", "="))
    pairs = dice.pick(("\n", "; ")).join(key + equals + value for key, value in values.items())
    return tongue.say(dice, "json.pairs", pairs=pairs), dump({key: plain(value) for key, value in values.items()})


def _json_get(dice: Dice, tongue: Tongue) -> Turn:
    _, values, _ = a_fact(dice, tongue)
    key = dice.pick(list(values))
    record = dump({name: plain(value) for name, value in values.items()})
    return tongue.say(dice, "json.get", json=record, key=key), str(plain(values[key]))


def _json_back(dice: Dice, tongue: Tongue) -> Turn:
    """The wanted sentence is shown with another record's values."""
    fact, values, pattern = a_fact(dice, tongue)
    record = dump({name: plain(value) for name, value in values.items()})
    shown = fill(dice, pattern, {}, values_of(dice, tongue, fact))
    return tongue.say(dice, "json.back", json=record, pattern=shown), fill(dice, pattern, {}, values)


def plain(value: str) -> int | str:
    return int(value) if value.isdigit() and not value.startswith("0") else value


def dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _items(dice: Dice, tongue: Tongue) -> list[str]:
    kinds = ("word", "lower_word", "person", "place", "fruit", "animal", "thing", "food", "amount", "code", "work")
    return dice.some(_maker(dice, tongue, kinds), dice.number(2, 6))


def _joined(dice: Dice, tongue: Tongue, items: list[str]) -> str:
    return dice.pick([mark.replace("_", " ") for mark in tongue.phrases["comma"]] + ["; ", "\n", " | "]).join(items)


def _list_task(dice: Dice, tongue: Tongue) -> Turn:
    items = _items(dice, tongue)
    task = dice.pick(LIST_TASKS if tongue.name == "en" else LIST_TASKS[1:])
    if task == "sort":
        items = dice.some(_maker(dice, tongue, ("fruit", "lower_word", "lower_word", "animal")), len(items))
    elif task == "sortnum":
        items = dice.some(dice.amount, len(items))
    it, n = dice.pick(items), dice.number(1, len(items))
    if task == "add" or (task == "has" and dice.chance(0.5)):
        it = _maker(dice, tongue, ("word", "person", "place"))()
    if task == "after":
        it = dice.pick(items[:-1])
    sep = dice.pick((" - ", ", ", " / ", "; ", " + ", " & ", "|", " > ", "_"))
    shown = dice.shuffled(items + [it] * dice.number(1, 2)) if task == "dedupe" else items
    mark = dice.pick([mark.replace("_", " ") for mark in tongue.phrases["comma"]] + ["; ", "\n"])
    said = _list_answer(task, shown, it, n, sep, mark)
    if said in ("Yes", "No"):
        said = dice.pick(tongue.phrases[said.lower()])
    return tongue.say(dice, f"list.ask.{task}", items=mark.join(shown), it=it, n=str(n), sep=sep), said


LIST_TASKS = ("sort", "sortnum", "reverse", "bullets", "numbered", "count", "first", "last", "nth", "dedupe", "join",
              "without", "add", "has", "after")  # fmt: skip


def _list_answer(task: str, items: list[str], it: str, n: int, sep: str, mark: str) -> str:
    single = {"first": items[0], "last": items[-1], "nth": items[n - 1], "count": str(len(items))}
    if task in single:
        return single[task]
    if task == "has":
        return "Yes" if it in items else "No"
    if task == "after":
        return items[items.index(it) + 1]
    if task == "bullets":
        return "\n".join(f"- {item}" for item in items)
    if task == "numbered":
        return "\n".join(f"{place}. {item}" for place, item in enumerate(items, 1))
    changed = {
        "sort": sorted(items),
        "sortnum": sorted(items, key=lambda item: int(item) if item.isdigit() else 0),
        "reverse": items[::-1],
        "dedupe": list(dict.fromkeys(items)),
        "without": [item for item in items if item != it],
        "add": [*items, it],
        "join": items,
    }
    return (sep if task == "join" else mark).join(changed[task])


def _replace(dice: Dice, tongue: Tongue) -> Turn:
    fact, values, pattern = a_fact(dice, tongue)
    slot = dice.pick(list(values))
    new = values_of(dice, tongue, fact)[slot]
    asked = tongue.say(dice, "rewrite.replace", old=values[slot], new=new, text=fill(dice, pattern, {}, values))
    return asked, fill(dice, pattern, {}, {**values, slot: new})


def _swap(dice: Dice, tongue: Tongue) -> Turn:
    a, b = dice.some(lambda: tongue.make(dice, "person"), 2)
    pattern = dice.pick(tongue.phrases["people.2"])
    cast = Cast(dice, tongue, {"a": a, "b": b})
    text = fill(dice, pattern, {}, cast)
    cast["a"], cast["b"] = b, a
    swapped = fill(dice, pattern, {}, cast)
    first, second = (a, b) if dice.chance(0.5) else (b, a)
    return tongue.say(dice, "rewrite.swap", a=first, b=second, text=text), swapped


def _start(dice: Dice, tongue: Tongue) -> Turn:
    lead = dice.pick(tongue.phrases["leads"])
    if tongue.suffix:
        _, values, pattern = a_fact(dice, tongue)
        sentence = fill(dice, pattern, {}, values)
    else:
        sentence = f"{dice.person()} {_act(dice, tongue)[1]}."
    return tongue.say(dice, "rewrite.start", lead=lead, text=sentence), lead + tongue.gap + sentence


def _act(dice: Dice, tongue: Tongue) -> tuple[str, str, str]:
    """An act in present, past and base form."""
    now, past, base, rest = dice.pick(VERBS)
    rest = fill(dice, rest, {}, Cast(dice, tongue))
    return f"{now} {rest}", f"{past} {rest}", f"{base} {rest}"


def _sentence_change(dice: Dice, tongue: Tongue) -> Turn:
    who, (now, past, base) = dice.person(), _act(dice, tongue)
    task = dice.pick(("upper", "lower", "past", "ask", "state", "polite", "not", "short"))
    request = base[0].upper() + base[1:] + "."
    extra = f"{who} {past} {dice.pick(tongue.words['manner'])}, because it was {dice.pick(tongue.words['weather'])}."
    changes = {
        "upper": (f"{who} {now}.", f"{who} {now}.".upper()),
        "lower": (f"{who} {now}.", f"{who} {now}.".lower()),
        "past": (f"{who} {now}.", f"{who} {past}."),
        "ask": (f"{who} {now}.", f"Does {who} {base}?"),
        "state": (f"Does {who} {base}?", f"{who} {now}."),
        "polite": (request, f"Could you please {base}?"),
        "not": (f"{who} {now}.", f"{who} does not {base}."),
        "short": (extra, f"{who} {past}."),
    }
    text, said = changes[task]
    return tongue.say(dice, f"rewrite.{task}", text=text), said


def _copy_changed(dice: Dice, tongue: Tongue) -> Turn:
    (it,) = things_to_copy(dice, tongue, 1)
    task = dice.pick(("wrap", "wrap", "twice", "thrice", "spell", "affix", "line", "line"))
    if task == "spell":
        it = dice.word()
        return tongue.say(dice, "copy.spell", it=it), "-".join(it.upper() if dice.chance(0.5) else it)
    if task == "line":
        rows = dice.some(lambda: things_to_copy(dice, tongue, 1)[0], dice.number(2, 4))
        n = dice.number(1, len(rows))
        return tongue.say(dice, "copy.line", n=str(n), rows="\n".join(rows)), rows[n - 1]
    if task == "wrap":
        name, _, marks = dice.pick(tongue.phrases["wraps"]).partition(" = ")
        left, _, right = marks.partition("_")
        return tongue.say(dice, "copy.wrap", what=name, it=it), left + it + right
    if task == "affix":
        left, right = dice.lower_word(), dice.lower_word()
        return tongue.say(dice, "copy.affix", left=left, right=right, it=it), f"{left} {it} {right}"
    return tongue.say(dice, f"copy.{task}", it=it), f"{it} {it}" if task == "twice" else f"{it}, {it}, {it}"


def _sum(dice: Dice, tongue: Tongue) -> Turn:
    line, _, sign = dice.pick(tongue.phrases["arith.add"]).rpartition(" = ")
    top = 12 if sign == "*" else dice.pick((10, 20, 100))
    a, b = dice.number(2, top), dice.number(2, top)
    if sign == "-":
        a, b = max(a, b) + 1, min(a, b)
    result = {"+": a + b, "-": a - b, "*": a * b}[sign]
    return fill(dice, line, {}, Cast(dice, tongue, {"a": str(a), "b": str(b)})), str(result)


def _compare(dice: Dice, tongue: Tongue) -> Turn:
    line, _, sign = dice.pick(tongue.phrases["arith.compare"]).rpartition(" = ")
    a, b = dice.number(2, 99), dice.number(2, 99)
    b += a == b
    slots = Cast(dice, tongue, {"a": str(a), "b": str(b)})
    first = (a > b) == (sign[0] == ">")
    asked = fill(dice, line, {}, slots)
    return asked, slots["name" if first else "other"] if len(sign) > 1 else slots["a" if first else "b"]


def _counting(dice: Dice, tongue: Tongue) -> Turn:
    task = dice.pick(("words", "letters", "letter", "firstletter", "lastletter"))
    if task == "words":
        words = [dice.lower_word() for _ in range(dice.number(2, 7))]
        return tongue.say(dice, "arith.words", text=" ".join(words)), str(len(words))
    word = dice.lower_word()
    letter = dice.pick(word)
    counts = {"letters": str(len(word)), "letter": str(word.count(letter))}
    ends = {"firstletter": word[0], "lastletter": word[-1]}
    return tongue.say(dice, f"arith.{task}", word=word, letter=letter), (counts | ends)[task]


def _calendar(dice: Dice, tongue: Tongue) -> Turn:
    task = dice.pick(("day", "month", "year", "series"))
    if task == "year":
        a = dice.number(1900, 2020)
        b = a + dice.number(1, 60)
        line = dice.pick(tongue.phrases["arith.year"])
        return fill(dice, line, {}, Cast(dice, tongue, {"a": str(a), "b": str(b)})), str(b - a)
    if task == "series":
        start, step = dice.number(1, 40), dice.number(1, 10)
        series = ", ".join(str(start + step * place) for place in range(4))
        return tongue.say(dice, "arith.series", series=series), str(start + step * 4)
    names = tongue.words["dayname" if task == "day" else "month"]
    line, _, step_text = dice.pick(tongue.phrases[f"arith.{task}"]).rpartition(" = ")
    place = dice.number(0, len(names) - 1)
    return fill(dice, line, {}, {task: names[place]}), names[(place + int(step_text)) % len(names)]


MARKS = ("person", "place", "work", "year", "org", "amount", "small", "day", "time", "email", "code", "word")


def _by_examples(dice: Dice, tongue: Tongue, shapes: list[Shape]) -> Talk:
    """One to four worked examples, then a question of a kind that one of them shows."""
    notation = Notation(dice)
    order = (shapes + [dice.pick(shapes)] * dice.number(0, 2))[:4]
    rows = {id(shape): tongue.row(dice, shape) for shape in shapes}
    steady = dice.chance(0.3)

    def throw(shape: Shape) -> Turn:
        question, query = tongue.question(dice, shape, rows[id(shape)] if steady or not shape.clear else None)
        return question, notation.write(query)

    examples = [throw(shape) for shape in order]
    asked, said = throw(dice.pick(shapes))
    roll = dice.roll()
    task = tongue.say(dice, "understand.task")
    if roll < 0.2:
        return task if dice.chance(0.5) else "", [*examples, (asked, said)]
    left, _, right = dice.pick(tongue.phrases["understand.in"]).partition(" | ")
    gap = dice.pick(("\n", "\n", " "))
    shown = "\n".join(f"{left} {question}{gap}{right} {record}" for question, record in examples)
    if roll < 0.5:
        return f"{task}\n{shown}", [(asked, said), *(throw(dice.pick(shapes)) for _ in range(dice.number(0, 2)))]
    if roll < 0.8:
        return "", [(f"{task}\n{shown}\n{left} {asked}{gap}{right}", said)]
    return "", [(f"{shown}\n\n{tongue.say(dice, 'understand.now', q=asked)}", said)]


def _by_rules(dice: Dice, tongue: Tongue, shapes: list[Shape]) -> Talk:
    """Patterns with place holders, one per kind of question; the answer fills the right one."""
    marks = dict(zip(MARKS, dice.pick(tongue.phrases["marks"]).split(" "), strict=True))
    notation = Notation(dice, (marks["year"], marks["amount"], marks["small"]))
    rows = {id(shape): tongue.row(dice, shape) for shape in shapes}
    link = dice.pick((" -> ", " => ", ": ", "\n  ", " = ", " | ", " becomes "))
    lines = []
    for shape in shapes:
        question, query = tongue.question(dice, shape, rows[id(shape)], marks)
        lines.append("- " * (link != "\n  ") + question + link + notation.write(query))
    rules = tongue.say(dice, "understand.rules") + "\n" + "\n".join(lines)
    turns: list[Turn] = []
    for _ in range(1 if dice.chance(0.6) else dice.number(2, 3)):
        shape = dice.pick(shapes)
        question, query = tongue.question(dice, shape, rows[id(shape)])
        turns.append((question, notation.write(query)))
    if dice.chance(0.55):
        return rules, turns
    turns[0] = (f"{rules}\n\n{tongue.say(dice, 'understand.now', q=turns[0][0])}", turns[0][1])
    return "", turns
