"""Passwords, keys and tokens: those whose maker marked them, and those that the words before them give away."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from math import log2
from typing import Final

from tunesmith.data.personal.spans import Span

# (a mark that is in every such text, who gives these, their shape)
_MARKED: Final = tuple(
    (mark, giver, re.compile(pattern))
    for mark, giver, pattern in (
        ("AKIA", "AWS", r"\bAKIA[0-9A-Z]{16}\b"),
        ("ASIA", "AWS", r"\bASIA[0-9A-Z]{16}\b"),
        ("ghp_", "GitHub", r"\bghp_[A-Za-z0-9]{30,255}\b"),
        ("gho_", "GitHub", r"\bgho_[A-Za-z0-9]{30,255}\b"),
        ("ghs_", "GitHub", r"\bghs_[A-Za-z0-9]{30,255}\b"),
        ("ghu_", "GitHub", r"\bghu_[A-Za-z0-9]{30,255}\b"),
        ("github_pat_", "GitHub", r"\bgithub_pat_[A-Za-z0-9_]{30,255}\b"),
        ("glpat-", "GitLab", r"\bglpat-[A-Za-z0-9_-]{18,64}"),
        ("sk-", "OpenAI", r"(?<![A-Za-z0-9])sk-(?=[A-Za-z-]{0,160}[0-9])(?:proj-|ant-|svcacct-|or-)?[A-Za-z0-9_-]{20,200}"),
        ("xox", "Slack", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,200}"),
        ("hooks.slack.com", "Slack", r"hooks\.slack\.com/services/[A-Za-z0-9/_-]{20,120}"),
        ("AIza", "Google", r"\bAIza[A-Za-z0-9_-]{35}"),
        ("ya29.", "Google", r"\bya29\.[A-Za-z0-9_-]{20,500}"),
        ("hf_", "Hugging Face", r"\bhf_[A-Za-z]{2}[A-Za-z0-9]{28,60}\b"),
        ("npm_", "npm", r"\bnpm_[A-Za-z0-9]{36}\b"),
        ("pypi-", "PyPI", r"\bpypi-[A-Za-z0-9_-]{50,300}"),
        ("SG.", "SendGrid", r"\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}"),
        ("k_live_", "Stripe", r"\b[rsp]k_live_[A-Za-z0-9]{16,200}"),
        ("k_test_", "Stripe", r"\b[rsp]k_test_[A-Za-z0-9]{16,200}"),
        ("LTAI", "Alibaba Cloud", r"\bLTAI[A-Za-z0-9]{12,26}\b"),
        ("AKID", "Tencent Cloud", r"\bAKID[A-Za-z0-9]{30,36}\b"),
        ("eyJ", "JWT", r"\beyJ[A-Za-z0-9_-]{8,4000}\.eyJ[A-Za-z0-9_-]{4,8000}\.[A-Za-z0-9_-]{8,2000}"),
        ("PRIVATE KEY", "PEM", r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----[^-]{16,20000}(?:-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?"),
        ("AccountKey=", "Azure", r"(?<=AccountKey=)[A-Za-z0-9+/]{40,100}={0,2}"),
        ("://", "address with a password", r"(?<=://)[^\s:/@\"'<>]{1,100}:[^\s/@\"'<>]{3,200}(?=@)"),
    )
)  # fmt: skip


_BY_SIGN: Final = tuple((sign, tuple(entry for entry in _MARKED if sign in entry[0])) for sign in "_-:.")
_WITHOUT_SIGN: Final = tuple(entry for entry in _MARKED if not set(entry[0]) & set("_-:."))


def secrets(text: str) -> Iterator[Span]:
    for mark, giver, pattern in _WITHOUT_SIGN:
        if mark in text:
            for found in pattern.finditer(text):
                yield Span("secret", found.start(), found.end(), giver, 0.98)
    for sign, marked in _BY_SIGN:
        if sign in text:
            for mark, giver, pattern in marked:
                if mark in text:
                    for found in pattern.finditer(text):
                        yield Span("secret", found.start(), found.end(), giver, 0.98)
    yield from _after_words(text, text.lower())


_ASCII_STEMS: Final = ("passw", "pwd", "passphrase", "secret", "token", "key", "bearer")
_STEMS: Final = (*_ASCII_STEMS, "密码", "口令", "密钥", "令牌")
_ASSIGNED: Final = re.compile(
    r"""(?ix) (?: password | passwd | passphrase | pwd | secret(?:[_ -]?(?:access[_ -]?)?key)? | key | token | bearer | 密码 | 口令 | 密钥 | 令牌 )
        ["']? (?: \s{0,3} (?: [:=：] | => | :=) \s{0,3} | \s{1,3} is \s{1,3} | \s? (?:是|为) \s? | (?<=earer)\s )
        ["'`「“]? (?P<value> [^\s"'`「」“”，。；、<>]{6,400} )"""
)
_KIND_OF_KEY: Final = re.compile(
    r"(?i)(?:api|access|auth|private|secret|encryption|account|license|aws|shared|client)[_ -]?\Z"
)
_NO_SECRET: Final = re.compile(
    r"[\[{$%]|\.{3}|x{4,}|\*{3,}|(?:your|my|the|some)[_-]|none\b|null\b|true\b|false\b|os\.|env|process\.|get|self\.|config|string|str\b|secret\b",
    re.IGNORECASE,
)


def _after_words(text: str, lower: str) -> Iterator[Span]:
    """A password may be short and easy, so long as it is no word; a key has to look drawn at random."""
    for stem in _ASCII_STEMS if text.isascii() else _STEMS:
        place = lower.find(stem)
        while place >= 0:
            found = _ASSIGNED.match(text, place)
            if found and (stem != "key" or _KIND_OF_KEY.search(text, max(0, place - 14), place)):
                value = found["value"].rstrip(".,;:!?)]}")
                is_secret = _is_password if stem in _OF_PEOPLE else _is_random
                if is_secret(value) and not _NO_SECRET.match(value):
                    yield Span("secret", found.start("value"), found.start("value") + len(value), "words before", 0.85)
            place = lower.find(stem, place + len(stem))


_OF_PEOPLE: Final = frozenset(("passw", "pwd", "passphrase", "密码", "口令"))


def _is_password(value: str) -> bool:
    groups = (str.isdigit, str.isupper, str.islower, lambda sign: not sign.isalnum() and sign not in "_.()")
    return len(value) >= 6 and sum(any(map(group, value)) for group in groups) >= 2 and "(" not in value


def _is_random(value: str) -> bool:
    """16 signs or more, letters and digits, at least three bits of entropy a sign."""
    if len(value) < 16 or not any(map(str.isdigit, value)) or not any(map(str.isalpha, value)) or "(" in value:
        return False
    counts = Counter(value)
    return -sum(count / len(value) * log2(count / len(value)) for count in counts.values()) >= 3.0
