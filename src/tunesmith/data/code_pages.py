"""Text of one byte a character: which code page it is in, told by the letters that it would give.

Each language is the letters beyond ASCII that it writes, the frequent ones first. Bytes are read by every code page, and
the one wins by which they are the most likely letters of one of its languages. It is a guess, and to be told as one.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache
from typing import Final

_WEST: Final = (
    "’“”–‘—£…€é", "éèàêçùâôîûëïœ", "üäöß", "óíáéñúü¿¡", "ãçéáíõóêúâà", "àèéùòì", "äåöé", "åøæé", "äö", "ëéïóè", "àéóíèòçúïü",
    "áíðöóéþúýæ",
)  # fmt: skip
_MIDDLE: Final = (
    "łęóąśżćńź", "íáěéřčžýšůúňťóď", "áíčéžýšúľťôňäóďĺŕ", "áéöóőüíúű", "čšžćđ", "čšž", "ăîşţâ", "ăîșțâ",
)  # fmt: skip
_RUSSIAN: Final = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё"
_CYRILLIC: Final = (
    _RUSSIAN, "оанивтерсілкудмпяьзбгйчхжїцюєшщфґ", "аоиетнрсвлкдпмзуъгябчшцжщхйфю", "аоиетнсрјудквпмзлбгчћжшцхњђфљџ",
)  # fmt: skip
_LANGUAGES: Final = {
    "WINDOWS-1252": _WEST,
    "WINDOWS-1250": _MIDDLE,
    "WINDOWS-1251": _CYRILLIC,
    "WINDOWS-1254": ("ışğüçöâî",),
    "WINDOWS-1253": ("αοιετσνηυρπκμλςάίόγέδήύωθχφβώξζψ",),
    "WINDOWS-1255": ("יוהלאתרשםבמנדפקחעסןגזטכצךףץ",),
    "WINDOWS-1256": ("اليمنتروبعدسفهكقحجةطصخشأضىذغثزظءئؤإآ",),
    "WINDOWS-1257": ("ėųšįžąūčę", "āīēšņūļģžčķ", "äõüö"),
    "KOI8-R": (_RUSSIAN,),
    "KOI8-U": (_CYRILLIC[1],),
    "ISO-8859-2": _MIDDLE,
    "ISO-8859-5": (_RUSSIAN,),
    "IBM866": (_RUSSIAN,),
    "MACINTOSH": _WEST,
    "IBM850": _WEST,
    "IBM852": _MIDDLE,
}
# How much less likely a code page is than those that Windows writes, as a logarithm for each letter.
_SELDOM: Final = {
    "KOI8-U": 0.1, "ISO-8859-2": 0.2, "ISO-8859-5": 0.3, "IBM866": 0.3, "MACINTOSH": 0.8, "IBM850": 1.0, "IBM852": 1.0,
    "WINDOWS-1257": 0.2,
}  # fmt: skip
_SIGNS: Final = frozenset("’‘“”„«»‹›–—…€£°§·№º\xa0")
_SIGN, _OTHER_LETTER, _OTHER_SIGN, _NO_CHARACTER = map(math.log, (0.02, 5e-4, 2e-4, 1e-6))
_CAPITAL: Final = math.log(0.08)
_ODD_NEIGHBOURS: Final = 3.0
_MOST_BYTES: Final = 1 << 13
_BEYOND: Final = re.compile(r"[^\x00-\x7f]")
_HIGH: Final = re.compile(rb"[\x80-\xff]")


def code_page_of(content: bytes) -> str:
    """The likeliest; WINDOWS-1252 where several are as likely, or no byte tells."""
    first = _HIGH.search(content)
    if first is None:
        return "WINDOWS-1252"
    content = content[max(0, first.start() - 1) :][:_MOST_BYTES]
    counted = Counter(byte - 0x80 for byte in content if byte >= 0x80)
    return max(_LANGUAGES, key=lambda name: _likelihood(content, counted, name))


def _likelihood(content: bytes, counted: Counter[int], name: str) -> float:
    """The mean logarithm for each character beyond ASCII, by the best of the page's languages or by all of them mixed."""
    best = max(sum(count * logs[byte] for byte, count in counted.items()) for logs in _logs(name))
    num_odd = _num_oddly_placed(content.decode(name, errors="replace"))
    return (best - _ODD_NEIGHBOURS * num_odd) / counted.total() - _SELDOM.get(name, 0.0)


@cache
def _logs(name: str) -> list[list[float]]:
    """For each language, and all of them mixed, how likely each of the bytes from 0x80 on is."""
    characters = bytes(range(0x80, 0x100)).decode(name, errors="replace")
    tables = [_table(letters) for letters in _LANGUAGES[name]]
    return [
        [_log(one, table) for one in characters] for table in [*tables, *([_mixed(name)] if len(tables) > 1 else [])]
    ]


def _num_oddly_placed(text: str) -> int:
    """Capitals after small letters, and signs inside of words: bytes that are other letters."""
    padded, num = f" {text} ", 0
    for match in _BEYOND.finditer(padded, 1, len(padded) - 1):
        before, character, after = padded[match.start() - 1], match[0], padded[match.end()]
        if character.isalpha():
            num += character.isupper() and before.islower()
            num += character.islower() and "A" <= after <= "Z"
        elif character != "’":
            num += before.isalpha() and after.isalpha()
    return num


@cache
def _table(letters: str) -> dict[str, float]:
    weights = [1 / (rank + 3) for rank in range(len(letters))]
    return {letter: math.log(weight / sum(weights)) for letter, weight in zip(letters, weights, strict=True)}


@cache
def _mixed(name: str) -> dict[str, float]:
    """Several languages in one file; a single one explains its letters better."""
    languages = _LANGUAGES[name]
    shares: dict[str, float] = {}
    for letters in languages:
        for letter, log in _table(letters).items():
            shares[letter] = shares.get(letter, 0.0) + math.exp(log) / len(languages) / 2
    return {letter: math.log(share) for letter, share in shares.items()}


def _log(character: str, table: dict[str, float]) -> float:
    if character in table:
        return table[character]
    small = "ı" if character == "İ" else character.lower()
    if small in table:
        return table[small] + _CAPITAL
    if character in _SIGNS:
        return _SIGN
    if character == "\ufffd" or character < "\xa0":
        return _NO_CHARACTER
    return _OTHER_LETTER if character.isalpha() else _OTHER_SIGN
