"""Made-up words and names, split in two halves that never meet.

One word in four is *reserved*: tasks that measure copying (the quickstart's questions) use reserved
words only, and the dialogues that the starter and its tokenizer learn from use free words only. So
whatever the starter does with a task's names, it cannot have seen them.
"""

from __future__ import annotations

import random
from functools import lru_cache
from hashlib import blake2b

ONSETS = (
    "b br c ch cl cr d dr f fl fr g gl gr h j k kl kr l m n p pl pr qu r s sh sk sl sm sn st str t th tr v w y z"
).split()
VOWELS = "a e i o u ai au ea ei ia ie io oa oo ou".split()
CODAS = [
    "",
    "",
    "",
    "l",
    "m",
    "n",
    "r",
    "s",
    "t",
    "ck",
    "ld",
    "lt",
    "nd",
    "ng",
    "nt",
    "rd",
    "rk",
    "rn",
    "sk",
    "st",
    "x",
]


@lru_cache(maxsize=1 << 18)
def is_reserved(word: str) -> bool:
    """Whether ``word`` belongs to the tasks; a pure function of its lower-case letters."""
    return blake2b(word.lower().encode(), digest_size=1).digest()[0] % 4 == 0


def free_word(rng: random.Random, syllables: int = 2) -> str:
    """A capitalised made-up word for the starter's dialogues."""
    while is_reserved(word := _word(rng, syllables)):
        pass
    return word


def reserved_word(rng: random.Random, syllables: int = 2) -> str:
    """A capitalised made-up word for a task's names; at least five letters, so that no short word is caught."""
    while not is_reserved(word := _word(rng, syllables)) or len(word) < 5:
        pass
    return word


def _word(rng: random.Random, syllables: int) -> str:
    choice = rng.choice
    return "".join(choice(ONSETS) + choice(VOWELS) + choice(CODAS) for _ in range(syllables)).capitalize()
