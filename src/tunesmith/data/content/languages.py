"""In which language a text is: by its script, and for Latin letters by the small words that every sentence needs.

A table of our own, small on purpose: it tells a question's language from its answer's, and says "not known" of what is
short, or holds no sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain, repeat
from typing import Final

_READ: Final = 600
_FEWEST_WORDS: Final = 2
_LEAST_SHARE: Final = 0.1

_SCRIPTS: Final = (
    ("kana", re.compile("[\u3041-\u30ff]")),
    ("han", re.compile("[\u3400-\u9fff]")),
    ("ko", re.compile("[\uac00-\ud7af\u1100-\u11ff]")),
    ("cyrillic", re.compile("[\u0400-\u04ff]")),
    ("arabic", re.compile("[\u0620-\u06ff]")),
    ("he", re.compile("[\u05d0-\u05ea]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("bn", re.compile("[\u0980-\u09ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("el", re.compile("[\u0370-\u03ff]")),
)
_LATIN: Final = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_WORD: Final = re.compile("[a-z\u00df-\u024f\u1e00-\u1eff]+(?:'[a-z]+)?")
_WORDS: Final = {
    "en": "the of and to is in that it for was with are this you have not be on as by at from they we what how which a an i do my can",
    "de": "der die das und ist nicht ein eine zu den von mit sich auf für dem im sie es auch wie wir ich werden oder",
    "fr": "le la les des et est une dans que pour qui sur pas au vous avec ce il sont du par plus nous être ou",
    "es": "el los las y es una que en por con para del se no su al como más lo pero está qué son esta",
    "it": "il di che è per una con non del della sono nel gli si le da come più anche questo dei alla ma",
    "pt": "o os que e é uma um para com não do da em no na se por mais dos como mas são você ao",
    "nl": "de het een en van is dat niet in op te voor met zijn aan er ook als maar bij wordt naar",
    "sv": "och att det som en är på för av med inte den till har ett om jag kan från var",
    "da": "og at det som en er på for af med ikke den til har et om jeg kan fra var der",
    "pl": "i w na z nie się do to jest że jak o po co dla ale od za być przez czy są",
    "cs": "a v na se je že s z do to o pro jako ale jsou které nebo od za být by si",
    "tr": "ve bir bu için ile da de olarak çok daha olan gibi ne var mı değil ama sonra kadar",
    "ro": "și de la în cu este un o pe nu că din pentru sunt care mai se ce sau fi",
    "fi": "ja on ei se että hän oli mutta kun niin ovat tai joka myös kuin voi olla sen",
    "vi": "và của là có không được cho một các những trong với để này người đã khi từ",
    "id": "yang dan di untuk dengan ini dari itu tidak pada adalah dalam akan atau saya ke bisa oleh",
}  # fmt: skip
_LANGUAGES_OF: Final[dict[str, tuple[str, ...]]] = {}
for _language, _words in _WORDS.items():
    for _word in _words.split():
        _LANGUAGES_OF[_word] = (*_LANGUAGES_OF.get(_word, ()), _language)


def language_of(text: str) -> str | None:
    """A code of ISO 639-1; None where it cannot be said."""
    head = text[:_READ]
    if head.isascii():
        return _latin_language(head)
    counts = {name: len(pattern.findall(head)) for name, pattern in _SCRIPTS}
    script = max(counts, key=lambda name: counts[name])
    # One ideograph says about as much as a Latin word of three letters.
    if 3 * (counts["han"] + counts["kana"]) + counts["ko"] < len(_LATIN.findall(head)) and counts[script] < 20:
        return _latin_language(head)
    match script:
        case _ if counts[script] < 2:
            return _latin_language(head)
        case "kana" | "han":
            return "ja" if 20 * counts["kana"] > counts["han"] else "zh"
        case "cyrillic":
            return "uk" if re.search("[іїєґ]", head) else "ru"
        case "arabic":
            return "fa" if re.search("[پچژگ]", head) else "ar"
        case _:
            return script


def _latin_language(text: str) -> str | None:
    words = _WORD.findall(text.lower())
    counts = Counter(chain.from_iterable(map(_LANGUAGES_OF.get, words, repeat(()))))
    if len(words) < _FEWEST_WORDS or not counts:
        return None
    (best, most), *others = counts.most_common(2)
    second = others[0][1] if others else 0
    enough = most >= _FEWEST_WORDS and most >= _LEAST_SHARE * len(words)
    return best if enough and most > second else None
