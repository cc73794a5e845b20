"""Names that nobody has: closed lists, so that a surrogate is known for one wherever it stands.

A word of a name always becomes the same word under the same key: "Ann Lee", "Ann" and "Ms. Lee" stay one person. English
ones are made of two parts that never meet in a real name; Chinese ones of family names that have all but died out and
given names of characters that nobody is given.
"""

from __future__ import annotations

import re
from typing import Final

_GIVEN_STARTS: Final = "arv bexi corv drel elv fenn gral hesk ilv jorv kelv lorv mirv norv orv pell quor rosk selv tarv ulv vexi wenn yorv zelv".split()
_GIVEN_ENDS: Final = {"she": "issa ella wynne ethe onna esse".split(), "he": "drik voran bram vald drin gar".split()}
_FAMILY_STARTS: Final = "brack drax fosk grun hask jasp krell lusk morv nesk oxter plov quill rusk skarn tusk ulver vand wex yarn zell thrim glast brisk crump dwill flenn gorst hurl knap".split()
_FAMILY_ENDS: Final = "holm moor wick stead combe ditch gard marsh vale stow thwaite mere croft beck fell garth".split()

LATIN_WORD: Final = re.compile(
    rf"(?<![^\W_])(?:{'|'.join(_GIVEN_STARTS)})(?:{'|'.join(end for ends in _GIVEN_ENDS.values() for end in ends)})(?![^\W_])"
    rf"|(?<![^\W_])(?:{'|'.join(_FAMILY_STARTS)})(?:{'|'.join(_FAMILY_ENDS)})(?![^\W_])"
)
TOWN: Final = "Exampleton"
TOWN_CHINESE: Final = "虚构市示例区"

_CHINESE_FAMILY: Final = "亓仉佴妫厍禤敖笪郐郄璩钭夔蹇昝綦乜逄酆僪鄢郗郏郜郇麴隗殳苻虢郯鄣"
_CHINESE_GIVEN: Final = "砚榭舫磬畹菖蓼苇蘅箬筇篁簃簪缶罍罨羿耒耜聿臬舸艟芡芰荇莳菡蒹蔹藜蘩蛩蜃螭衮裒觚鞮耨耖耥耦觯觥觳豸貔貅赭跬踔蹀轺轸辂辎醅醴镗镝阈隰雉霰鞯韪飧骖骎鲂鳜鸩鹳麂黍黻龠笊筚篌簋籴粢糁纛绨绶缁缛罘羝翎耧"
CHINESE_WHOLE: Final = re.compile(f"[{_CHINESE_FAMILY}][{_CHINESE_GIVEN}]{{1,2}}")
CHINESE_FAMILY_ALONE: Final = re.compile(f"[{_CHINESE_FAMILY}]")

_FEMININE_ENDS: Final = ("a", "ia", "ine", "elle", "ette", "een", "lyn", "beth", "ie", "ice")
_FEMININE: Final = frozenset(
    "ann anne alice jane joan mary susan karen helen carol ruth sarah rachel judith margaret dorothy janet emily amy kate claire grace hannah".split()
)
_MASCULINE_A: Final = frozenset("luca andrea nikola joshua ezra noah mika nikita".split())


def given_name(word: str, drawn: int) -> str:
    """For a given name in small letters; ``drawn`` is a large number drawn for it."""
    shape = "she" if word in _FEMININE or (word.endswith(_FEMININE_ENDS) and word not in _MASCULINE_A) else "he"
    ends = _GIVEN_ENDS[shape]
    return (_GIVEN_STARTS[drawn % len(_GIVEN_STARTS)] + ends[drawn // 1009 % len(ends)]).capitalize()


def family_name(drawn: int) -> str:
    return (_FAMILY_STARTS[drawn % len(_FAMILY_STARTS)] + _FAMILY_ENDS[drawn // 1009 % len(_FAMILY_ENDS)]).capitalize()


def chinese_family_name(drawn: int) -> str:
    return _CHINESE_FAMILY[drawn % len(_CHINESE_FAMILY)]


def chinese_given_name(length: int, drawn: int) -> str:
    return "".join(_CHINESE_GIVEN[drawn // 1009**place % len(_CHINESE_GIVEN)] for place in range(length))
