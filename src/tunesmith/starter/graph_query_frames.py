"""The English of the graph questions: relations and their words, and the sentence frames of each split.

Takes a relation, a direction and the text of the thing asked about; gives the pieces ("did Mara direct",
"directed by Mara") that fill a frame. A frame is an opening, a core and a closing. Apart from an empty
opening or closing, the training split and the held-out split have none of the three in common.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

SHAPES = ("forward", "backward", "two_hops", "count", "year", "both")
SLOT = re.compile(r"\{\w+\}")


@dataclass(frozen=True)
class Phrase:
    """One way to say a relation; ``form`` is the past, the third person or, after "be", the participle."""

    tense: str
    base: str
    form: str
    by: str = ""
    nouns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Relation:
    """An edge of the graph, from ``subject`` to ``object``, and the phrases that mean it."""

    label: str
    subject: str
    object: str
    phrases: tuple[Phrase, ...]
    unseen: tuple[Phrase, ...] = ()
    many_subjects: bool = False
    many_objects: bool = True
    dated: str = ""


@dataclass(frozen=True)
class Frames:
    """Cores by shape family and mode, with the openings and closings that go around them by mode."""

    cores: Mapping[str, Mapping[str, tuple[str, ...]]]
    openings: Mapping[str, tuple[str, ...]]
    closings: tuple[str, ...]


@dataclass(frozen=True)
class Thing:
    """What a question asks about, as the sentence says it: a name, two names or a description."""

    text: str
    plural: bool = False


def compose(frames: Frames, shape: str, slots: Mapping[str, str], rng: random.Random) -> tuple[str, str]:
    """A frame of ``shape`` that ``slots`` can fill, and the sentence it makes."""
    family = frames.cores["hop" if shape in ("forward", "backward", "two_hops", "both") else shape]
    fitting = {mode: [core for core in cores if _fits(core, slots)] for mode, cores in family.items()}
    mode = rng.choice([mode for mode, cores in fitting.items() if cores])
    core = rng.choice(fitting[mode])
    opening = rng.choice([opening for opening in frames.openings[mode] if _reads_well(opening, core)])
    closing = rng.choice(_closings(frames, opening, mode))
    frame = _join(opening, core, closing, mode)
    sentence = frame.format(**slots)
    return frame, sentence[0].upper() + sentence[1:]


def slots_for(relation: Relation, phrase: Phrase, forward: bool, thing: Thing, rng: random.Random) -> dict[str, str]:
    """The pieces of a question that goes along (``forward``) or against the edge from ``thing``."""
    if forward:
        return _object_slots(relation, phrase, thing, rng)
    return _subject_slots(relation, phrase, thing, rng)


def description(relation: Relation, phrase: Phrase, forward: bool, name: str, rng: random.Random) -> str:
    """The one thing at the other end of an edge: "the director of X", "the company that N runs"."""
    if forward:
        noun = rng.choice(KINDS[relation.object])[0]
        return f"the {noun} {rng.choice(['', 'that '])}{_stated(phrase, Thing(name))}"
    choices = [f"the {noun} {name}" for noun in phrase.nouns]
    noun = rng.choice(KINDS[relation.subject])[0]
    choices.append(f"the {noun} {_that(relation)} {_done(phrase, name, plural=False)}")
    return rng.choice(choices)


def _closings(frames: Frames, opening: str, mode: str) -> list[str]:
    """One "please" is enough, and a question that is no sentence needs it."""
    if mode == "noun" and not opening:
        return [", please{end}"]
    return [closing for closing in frames.closings if not ("please" in opening and "please" in closing)]


def _join(opening: str, core: str, closing: str, mode: str) -> str:
    asks = mode == "ask" or opening.split(" ")[0] in ("can", "could", "do", "would")
    return f"{opening} {core}{closing}".lstrip().replace("{end}", "?" if asks else ".")


def _fits(core: str, slots: Mapping[str, str]) -> bool:
    return all(name in slots for _, name, _, _ in Formatter().parse(core) if name)


def _reads_well(opening: str, core: str) -> bool:
    """Nobody lists a number or names a name."""
    return not (opening.endswith(("list", "name")) and re.match(r"(a|the) (\{?name|list|total|number|count)", core))


def _object_slots(relation: Relation, phrase: Phrase, thing: Thing, rng: random.Random) -> dict[str, str]:
    one, many = rng.choice(KINDS[relation.object])
    plural = relation.many_objects
    slots = {
        "x": many if plural else one,
        "is": "are" if plural else "is",
        "name": "names" if plural else "name",
        "asked": _asked(phrase, thing),
        "rel": _stated(phrase, thing),
    }
    if plural:
        slots |= {"xs": many, "x1": one}
    if phrase.by:
        slots |= {"part": f"{phrase.by} {thing.text}", "be_part": f"{_be(phrase, plural)} {phrase.by} {thing.text}"}
    if phrase.base.endswith(" in"):
        slots |= {"in_asked": slots["asked"].removesuffix(" in"), "in_rel": slots["rel"].removesuffix(" in")}
        if relation.object == "city":
            slots |= {"where_asked": slots["in_asked"], "where_rel": slots["in_rel"]}
    return slots


def _subject_slots(relation: Relation, phrase: Phrase, thing: Thing, rng: random.Random) -> dict[str, str]:
    one, many = rng.choice(KINDS[relation.subject])
    plural = relation.many_subjects
    slots = {
        "s": many if plural else one,
        "vp": _done(phrase, thing.text, plural),
        "s1": one,
        "vp1": _done(phrase, thing.text, plural=False),
        "ss": many,
        "vps": _done(phrase, thing.text, plural=True),
        "that": _that(relation),
        "be": "are" if plural else "is",
        "name": "names" if plural else "name",
    }
    if relation.subject == "person":
        slots |= {"who": "who"}
    if phrase.nouns:
        noun = rng.choice(phrase.nouns)
        first, _, rest = noun.partition(" ")
        slots |= {"noun": f"{first}s {rest} {thing.text}" if plural else f"{noun} {thing.text}"}
    if phrase.by:
        slots |= {"passive": f"{_be(phrase, thing.plural)} {thing.text} {phrase.by}"}
    if phrase.tense.startswith("be"):
        slots |= {"reduced": f"{phrase.form} {thing.text}"}
    return slots


def _that(relation: Relation) -> str:
    return "who" if relation.subject == "person" else "that"


def _asked(phrase: Phrase, thing: Thing) -> str:
    if phrase.tense == "past":
        return f"did {thing.text} {phrase.base}"
    if phrase.tense == "present":
        return f"{'do' if thing.plural else 'does'} {thing.text} {phrase.base}"
    return f"{_be(phrase, thing.plural)} {thing.text} {phrase.form}"


def _stated(phrase: Phrase, thing: Thing) -> str:
    return f"{thing.text} {_verb(phrase, thing.plural)}"


def _done(phrase: Phrase, text: str, plural: bool) -> str:
    return f"{_verb(phrase, plural)} {text}"


def _verb(phrase: Phrase, plural: bool) -> str:
    if phrase.tense.startswith("be"):
        return f"{_be(phrase, plural)} {phrase.form}"
    return phrase.base if plural and phrase.tense == "present" else phrase.form


def _be(phrase: Phrase, plural: bool) -> str:
    if phrase.tense.endswith("past"):
        return "were" if plural else "was"
    return "are" if plural else "is"


def _past(base: str, form: str, by: str = "", *nouns: str) -> Phrase:
    return Phrase("past", base, form, by, nouns)


def _present(base: str, form: str, by: str = "", *nouns: str) -> Phrase:
    return Phrase("present", base, form, by, nouns)


def _was(form: str) -> Phrase:
    return Phrase("be_past", form, form)


def _is(form: str) -> Phrase:
    return Phrase("be_present", form, form)


KINDS: dict[str, tuple[tuple[str, str], ...]] = {
    "person": (("person", "people"),),
    "film": (("film", "films"), ("movie", "movies")),
    "book": (("book", "books"), ("novel", "novels")),
    "song": (("song", "songs"), ("tune", "tunes")),
    "company": (("company", "companies"), ("firm", "firms")),
    "city": (("city", "cities"), ("town", "towns")),
}

RELATIONS = (
    Relation(
        "directed", "person", "film", dated="forward",
        phrases=(_past("direct", "directed", "directed by", "director of"),),
        unseen=(_past("helm", "helmed", "helmed by"),),
    ),
    Relation(
        "acted", "person", "film", many_subjects=True, dated="forward",
        phrases=(
            _past("act in", "acted in", "", "actor in"),
            _past("star in", "starred in", "", "star of"),
            _past("play in", "played in"),
        ),
        unseen=(_past("appear in", "appeared in"), _past("feature in", "featured in")),
    ),
    Relation(
        "wrote", "person", "book", dated="forward",
        phrases=(_past("write", "wrote", "written by", "writer of", "author of"),),
        unseen=(_past("pen", "penned", "penned by"),),
    ),
    Relation(
        "translated", "person", "book", dated="forward",
        phrases=(_past("translate", "translated", "translated by", "translator of"),),
    ),
    Relation(
        "sang", "person", "song", dated="forward",
        phrases=(
            _past("sing", "sang", "sung by", "singer of"),
            _past("perform", "performed", "performed by", "performer of"),
        ),
        unseen=(_past("voice", "voiced", "voiced by", "vocalist of"),),
    ),
    Relation(
        "composed", "person", "song", dated="forward",
        phrases=(_past("compose", "composed", "composed by", "composer of"),),
        unseen=(_past("create", "created", "created by", "creator of"),),
    ),
    Relation(
        "founded", "person", "company", dated="forward",
        phrases=(
            _past("found", "founded", "founded by", "founder of"),
            _past("start", "started", "started by"),
        ),
        unseen=(_past("establish", "established", "established by"),),
    ),
    Relation(
        "runs", "person", "company",
        phrases=(
            _present("run", "runs", "run by", "head of", "boss of"),
            _present("lead", "leads", "led by", "leader of"),
        ),
        unseen=(_present("manage", "manages", "managed by", "manager of"),),
    ),
    Relation(
        "works", "person", "company", many_subjects=True,
        phrases=(
            _present("work for", "works for", "", "worker at", "employee of"),
            _present("work at", "works at", "", "worker at", "employee of"),
        ),
        unseen=(_is("employed by"),),
    ),
    Relation(
        "owns", "person", "company",
        phrases=(_present("own", "owns", "owned by", "owner of"),),
        unseen=(_present("possess", "possesses", "possessed by", "proprietor of"),),
    ),
    Relation(
        "born", "person", "city", many_subjects=True, many_objects=False, dated="backward",
        phrases=(_was("born in"), _present("come from", "comes from")),
        unseen=(_present("hail from", "hails from"),),
    ),
    Relation(
        "lives", "person", "city", many_subjects=True, many_objects=False,
        phrases=(
            _present("live in", "lives in", "", "resident of"),
            _present("have a home in", "has a home in"),
        ),
        unseen=(_present("reside in", "resides in"), _present("dwell in", "dwells in")),
    ),
    Relation(
        "based", "company", "city", many_subjects=True, many_objects=False,
        phrases=(_is("based in"), _present("have a main office in", "has a main office in")),
        unseen=(_is("headquartered in"),),
    ),
    Relation(
        "produced", "company", "film", dated="forward",
        phrases=(
            _past("produce", "produced", "produced by", "producer of"),
            _past("pay for", "paid for", "paid for by"),
        ),
        unseen=(_past("finance", "financed", "financed by"),),
    ),
    Relation(
        "published", "company", "book", dated="forward",
        phrases=(
            _past("publish", "published", "published by", "publisher of"),
            _past("print", "printed", "printed by", "printer of"),
        ),
        unseen=(_past("issue", "issued", "issued by"),),
    ),
    Relation(
        "released", "company", "song", dated="forward",
        phrases=(
            _past("release", "released", "released by"),
            _past("put out", "put out", "put out by"),
        ),
        unseen=(_past("launch", "launched", "launched by"),),
    ),
    Relation(
        "filmed", "film", "city", many_subjects=True, many_objects=False, dated="backward",
        phrases=(_was("filmed in"), _was("shot in")),
    ),
)  # fmt: skip

COMPARISONS = (("after", ">"), ("later than", ">"), ("before", "<"), ("earlier than", "<"))

TRAINING = Frames(
    cores={
        "hop": {
            "ask": (
                "which {x} {asked}",
                "what {is} the {x} that {rel}",
                "what are the {xs} {part}",
                "which {x} {be_part}",
                "in which {x} {in_asked}",
                "where {where_asked}",
                "{rel} which {x}",
                "which {s} {vp}",
                "{who} {vp1}",
                "{who} {be} the {noun}",
                "{who} {passive}",
                "{who} is it that {vp1}",
                "which {s1} {passive}",
            ),
            "clause": (
                "which {x} {rel}",
                "what {x} {rel}",
                "which {x} {be_part}",
                "in which {x} {in_rel}",
                "where {where_rel}",
                "which {s} {vp}",
                "{who} {vp1}",
                "{who} the {noun} {be}",
            ),
            "noun": (
                "all {xs} that {rel}",
                "every {x1} that {rel}",
                "every {x1} {part}",
                "all the {xs} {part}",
                "the {x} {rel}",
                "the {x} that {rel}",
                "a list of {xs} {part}",
                "the {name} of the {x} that {rel}",
                "the {x} where {where_rel}",
                "the name of the place where {where_rel}",
                "the {s} {that} {vp}",
                "all {ss} {that} {vps}",
                "every {s1} {that} {vp1}",
                "the {noun}",
                "the {name} of the {noun}",
                "the name of each {s1} {that} {vp1}",
                "all {ss} {reduced}",
            ),
        },
        "count": {
            "ask": (
                "how many {xs} {asked}",
                "how many {xs} {be_part}",
                "what is the number of {xs} that {rel}",
                "what is the number of {xs} {part}",
                "how many {ss} {vps}",
                "what is the number of {ss} {that} {vps}",
                "how many different {xs} {asked}",
                "how many different {ss} {vps}",
                "how many {ss} in all {vps}",
            ),
            "clause": (
                "how many {xs} {rel}",
                "how many {xs} {be_part}",
                "how many {ss} {vps}",
                "how many different {xs} {rel}",
                "how many different {ss} {vps}",
                "how many {xs} there are that {rel}",
                "how many {ss} there are {that} {vps}",
            ),
            "noun": (
                "the number of {xs} that {rel}",
                "the number of {xs} {part}",
                "the number of {ss} {that} {vps}",
                "the number of {ss} {reduced}",
                "a count of the {xs} that {rel}",
                "a count of the {ss} {that} {vps}",
                "the total number of {xs} {rel}",
                "the total number of {ss} {that} {vps}",
            ),
        },
        "year": {
            "ask": (
                "which {xs} {asked} {when}",
                "which {xs} {be_part} {when}",
                "what are the {xs} that {rel} {when}",
                "{when}, which {xs} {asked}",
                "what are the {xs} from {from_when} {part}",
                "which {ss} {vps} {when}",
                "{who} {vp1} {when}",
                "{when}, which {ss} {vps}",
            ),
            "clause": (
                "which {xs} {rel} {when}",
                "what {xs} {rel} {when}",
                "which {xs} {be_part} {when}",
                "which {ss} {vps} {when}",
                "{who} {vp1} {when}",
            ),
            "noun": (
                "all {xs} that {rel} {when}",
                "the {xs} from {from_when} that {rel}",
                "all {xs} from {from_when} {part}",
                "every {x1} that {rel} {when}",
                "all the {xs} {part} {when}",
                "every {x1} {part} {when}",
                "the {xs} {rel} {when}",
                "a list of {xs} {part} {when}",
                "all {ss} {that} {vps} {when}",
                "every {s1} {that} {vp1} {when}",
                "all {ss} {reduced} {when}",
            ),
        },
    },
    openings={
        "ask": ("", "", "", "quick question:", "here is my question:", "please tell me,", "I have one question:"),
        "clause": (
            "tell me",
            "please tell me",
            "can you tell me",
            "could you tell me",
            "do you know",
            "I'd like to know",
            "I want to know",
            "I need to know",
            "I am trying to find out",
            "find out",
            "let me know",
            "we would like to know",
            "we want to know",
            "help me find out",
            "can you say",
        ),
        "noun": (
            "",
            "list",
            "show me",
            "give me",
            "name",
            "find",
            "look up",
            "get me",
            "tell me",
            "I need",
            "I want",
            "I'd like to see",
            "I am looking for",
            "we want",
            "please list",
            "please show me",
            "can you list",
            "could you find",
            "would you look up",
        ),
    },
    closings=(
        "{end}",
        "{end}",
        "{end}",
        ", please{end}",
        "{end} Thanks.",
        "{end} Thanks a lot.",
        "{end} Thank you very much.",
    ),
)

HELD_OUT = Frames(
    cores={
        "hop": {
            "ask": (
                "which {is} the {x} that {rel}",
                "which are the {xs} {part}",
                "what {x} {be_part}",
                "in what {x} {in_asked}",
                "{rel} what {x}",
                "what is the name of the {x} where {where_rel}",
                "what {s} {vp}",
                "which {be} the {s} {that} {vp}",
                "what {be} the {name} of the {noun}",
                "which {s1} is it that {vp1}",
            ),
            "clause": (
                "what {x} {be_part}",
                "in what {x} {in_rel}",
                "which {x} it is that {rel}",
                "{who} it is that {vp1}",
                "which {s} {be} the {noun}",
                "which {s1} it is that {vp1}",
            ),
            "noun": (
                "each {x1} that {rel}",
                "each {x1} {part}",
                "the {xs} {part}",
                "the names of all {xs} that {rel}",
                "the place where {where_rel}",
                "the {name} of the {x} {rel}",
                "each {s1} {that} {vp1}",
                "a list of the {ss} {that} {vps}",
                "the names of all {ss} {that} {vps}",
                "the {ss} {reduced}",
            ),
        },
        "count": {
            "ask": (
                "how many {xs} are there that {rel}",
                "how many {xs} are there {part}",
                "what is the total number of {xs} {part}",
                "how many {ss} are there {that} {vps}",
                "what is the total number of {ss} {that} {vps}",
            ),
            "clause": (
                "how many {xs} in all {rel}",
                "how many {xs} there are {part}",
                "how many different {ss} there are {that} {vps}",
                "how many {ss} there are in all {that} {vps}",
            ),
            "noun": (
                "the total number of {xs} that {rel}",
                "a count of {xs} {part}",
                "the number of different {xs} {rel}",
                "a count of all {ss} {that} {vps}",
                "the number of different {ss} {that} {vps}",
            ),
        },
        "year": {
            "ask": (
                "{when}, what {xs} {asked}",
                "what {xs} {be_part} {when}",
                "which are the {xs} that {rel} {when}",
                "which {xs} from {from_when} {be_part}",
                "{when}, what {ss} {vps}",
                "what {ss} {vps} {when}",
            ),
            "clause": (
                "what {xs} {be_part} {when}",
                "what {xs} from {from_when} {be_part}",
                "what {ss} {vps} {when}",
            ),
            "noun": (
                "each {x1} that {rel} {when}",
                "each {x1} {part} {when}",
                "the {xs} that {rel} {when}",
                "the names of all {xs} {part} {when}",
                "each {s1} {that} {vp1} {when}",
                "the {ss} {reduced} {when}",
            ),
        },
    },
    openings={
        "ask": ("", "", "here is a question:", "one quick question:"),
        "clause": (
            "I would like to find out",
            "please let me know",
            "can you let me know",
            "we need to know",
            "please find out",
            "could you say",
            "we are trying to find out",
        ),
        "noun": (
            "please give me",
            "could you show me",
            "can you name",
            "I would like",
            "we need",
            "help me find",
            "we are looking for",
            "please look up",
            "let me see",
        ),
    },
    closings=("{end}", "{end}", "{end} Thank you.", "{end} Thanks very much."),
)
