"""UTF-16 and UTF-32 told from the bytes: by a byte order mark, by the first characters, or by where the zeros stand."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

BOMS: Final = (
    (b"\xff\xfe\0\0", "UTF-32LE"),
    (b"\0\0\xfe\xff", "UTF-32BE"),
    (b"\xff\xfe", "UTF-16LE"),
    (b"\xfe\xff", "UTF-16BE"),
)
_STARTS: Final = (
    (re.compile(rb"[\[{ \t\r\n]\0\0\0"), "UTF-32LE"),
    (re.compile(rb"\0\0\0[\[{ \t\r\n]"), "UTF-32BE"),
    (re.compile(rb"[\[{ \t\r\n]\0[^\0]\0"), "UTF-16LE"),
    (re.compile(rb"\0[\[{ \t\r\n]\0[^\0]"), "UTF-16BE"),
)
_NARROW_ROW: Final = re.compile(rb"[ \t\r\n]*+[\[{][ \t\r\n]*+[\"{\[]")
"""How JSON begins in bytes of one character: as wide text that would be two characters that begin none."""
_LEAST_BYTES: Final = 8
_MOST_STRAY_ZEROS: Final = 0.35
_LEAST_BYTES_TO_TELL_BY: Final = 12
_EAST_ASIAN: Final = re.compile("[\t\n\r -~\u4e00-\u9fa5\u3000-\u30ff\uff01-\uff9f\u2018-\u201d]")
_ODD_CONTROLS: Final = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f]")
_FREQUENT: Final = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然"
    "家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把"
    "请问什怎吗呢，。？！、：；（）“”這個們來為國說時會對後過發經動請問麼嗎"
    "ぁあいうえおかがきぎくけこさざしすせそただちっつてでとどなにのはばひふへほまみむめもやゆよらりるれろわをんアイスタトルンー"
)


def wide_encoding(head: bytes) -> str | None:
    """UTF-16 or UTF-32, where the file begins like it."""
    for bom, name in BOMS:
        if head.startswith(bom):
            return name
    if _NARROW_ROW.match(head):
        return None
    by_start = next((name for start, name in _STARTS if start.match(head)), None)
    return by_start or (_by_zeros(head) if len(head) >= _LEAST_BYTES else None)


def wide_by_script(head: bytes) -> str | None:
    """UTF-16 with hardly any ASCII, where hardly a character is outside of Chinese and Japanese. For what is no other encoding
    of them: bytes of those may read so too."""
    if len(head) < _LEAST_BYTES_TO_TELL_BY:
        return None
    for codec in ("UTF-16LE", "UTF-16BE"):
        text = _decoded(head, codec, 2)
        if len(_EAST_ASIAN.findall(text)) * 100 >= len(text) * 97:
            return codec
    return None


def is_binary(head: bytes) -> bool:
    """Whether bytes that are no wide text have more zeros than text that a few of them strayed into."""
    zeros = head.count(0)
    return zeros * 100 > len(head) + 400 or (zeros > 0 and len(_ODD_CONTROLS.findall(head)) * 100 > len(head) + 400)


def _by_zeros(head: bytes) -> str | None:
    """ASCII and Latin letters have a zero as every other byte; text without any is UTF-16 where it reads as Chinese or Japanese."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if even + odd == 0:
        return _without_ascii(head)
    if head[0::4].count(0) + head[1::4].count(0) + head[2::4].count(0) + head[3::4].count(0) > len(head) * 0.45:
        for codec in ("UTF-32LE", "UTF-32BE"):
            if _is_plausible(_decoded(head, codec, 4)):
                return codec
    if _is_text_with_stray_zeros(head, even + odd):
        return None
    if min(even, odd) > max(even, odd) * _MOST_STRAY_ZEROS:
        return wide_by_script(head)
    codec = "UTF-16LE" if odd > even else "UTF-16BE"
    return codec if _is_plausible(_decoded(head, codec, 2)) else None


def _is_text_with_stray_zeros(head: bytes, num_zeros: int) -> bool:
    if num_zeros > len(head) * 0.3:
        return False
    rest = head.replace(b"\0", b"")
    controls = len(_ODD_CONTROLS.findall(rest)) + max(0, rest.count(b"\t") - len(rest) // 5)
    try:
        rest[: len(rest) - 3].decode()
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return num_zeros * 100 <= len(head) and _is_mostly_ascii(rest)
    return controls * 50 <= len(rest)


def _is_mostly_ascii(content: bytes) -> bool:
    """Of a legacy encoding of Europe; half of the bytes of wide Chinese, Russian or Greek text are anything."""
    return sum(map(content.count, b" etaoinrsl,.;\n")) * 4 > len(content)


def _without_ascii(head: bytes) -> str | None:
    if head.isascii() or _is_utf8(head):
        return None
    for codec in ("UTF-16LE", "UTF-16BE"):
        text = _decoded(head, codec, 2)
        if _is_plausible(text) and sum(map(_FREQUENT.__contains__, text)) * 5 >= len(text):
            return codec
    return None


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True


def _decoded(head: bytes, codec: str, width: int) -> str:
    return head[: len(head) // width * width].decode(codec, errors="replace")


def _is_plausible(text: str) -> bool:
    """Hardly any character is one that nobody writes: the wrong order of bytes gives many."""
    odd = sum(unicodedata.category(character) in ("Cc", "Cn", "Co", "Cs") for character in text)
    odd += text.count("\ufffd") - sum(map(text.count, "\t\r\n"))
    return odd * 50 <= len(text)
