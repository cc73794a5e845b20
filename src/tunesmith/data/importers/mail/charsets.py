"""Bytes of a mail to its text: by the charset that was declared, or another where that is wrong or missing.

Only charsets that mail is written in are ever looked up, whatever a header asks for. Never raises: what no charset can
read becomes U+FFFD.
"""

from __future__ import annotations

import re
from typing import Final

# What mail says → the superset that Python reads it by. Web and mail programs say the left and write the right.
_CODECS: Final = {
    "usascii": "utf-8", "ascii": "utf-8", "utf8": "utf-8", "utf7": "utf-7", "unicode11utf7": "utf-7", "utf8mb4": "utf-8",
    "utf16": "utf-16", "utf16le": "utf-16-le", "utf16be": "utf-16-be",
    "iso88591": "cp1252", "latin1": "cp1252", "windows1252": "cp1252", "cp1252": "cp1252", "iso885915": "iso8859-15",
    "iso88592": "iso8859-2", "iso88593": "iso8859-3", "iso88594": "iso8859-4", "iso88595": "iso8859-5",
    "iso88596": "iso8859-6", "iso88597": "iso8859-7", "iso88598": "iso8859-8", "iso88598i": "iso8859-8",
    "iso88599": "cp1254", "iso885910": "iso8859-10", "iso885913": "iso8859-13", "iso885914": "iso8859-14",
    "windows1250": "cp1250", "cp1250": "cp1250", "windows1251": "cp1251", "cp1251": "cp1251", "windows1253": "cp1253",
    "windows1254": "cp1254", "windows1255": "cp1255", "windows1256": "cp1256", "windows1257": "cp1257",
    "windows1258": "cp1258", "windows874": "cp874", "tis620": "cp874", "koi8r": "koi8-r", "koi8u": "koi8-u",
    "ibm850": "cp850", "cp850": "cp850", "ibm866": "cp866", "cp866": "cp866", "cp437": "cp437", "macintosh": "mac-roman",
    "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "cp936": "gb18030", "xgbk": "gb18030", "hzgb2312": "hz",
    "big5": "big5hkscs", "big5hkscs": "big5hkscs", "cp950": "cp950",
    "iso2022jp": "iso2022_jp_ext", "shiftjis": "cp932", "sjis": "cp932", "xsjis": "cp932", "cp932": "cp932",
    "windows31j": "cp932", "eucjp": "euc_jp", "euckr": "cp949", "ksc56011987": "cp949", "cp949": "cp949", "ksc5601": "cp949",
    "iso2022kr": "iso2022_kr",
}  # fmt: skip
_HIGH_RUN: Final = re.compile(rb"[\x80-\xff]+")
_UNWANTED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SAMPLE_BYTES: Final = 1 << 16


def decoded(data: bytes, declared: str | None) -> str:
    """The text, line breaks as they are, control signs removed."""
    codec = _CODECS.get(re.sub(r"[^a-z0-9]", "", declared.casefold()[:40])) if declared else None
    for name in dict.fromkeys((codec or "utf-8", "utf-8")):
        try:
            return _clean(data.decode(name))
        except UnicodeError:
            continue
    text = data.decode(codec, "replace") if codec else ""
    is_mostly_right = codec and text.count("\ufffd") <= 2 + len(text) // 50
    return _clean(text if is_mostly_right else data.decode(_guessed(data), "replace"))


def _clean(text: str) -> str:
    return _UNWANTED.sub("", text.removeprefix("\ufeff"))


def _guessed(data: bytes) -> str:
    """For text that is no UTF-8: its bytes above 127 come in pairs in Chinese, in words in Cyrillic, alone in Latin."""
    sample = data[:_SAMPLE_BYTES]
    if b"\x1b$" in sample:
        return "iso2022_jp_ext"
    runs = [len(run) for run in _HIGH_RUN.findall(sample)]
    high = sum(runs)
    if not high:
        return "utf-8"
    if sum(run for run in runs if run % 2 == 0) >= 0.9 * high:
        return "gb18030"
    if high >= 3 * len(runs):
        return "cp1251" if len(re.findall(rb"[\xe0-\xff]", sample)) * 2 >= high else "koi8-r"
    return "cp1252"
