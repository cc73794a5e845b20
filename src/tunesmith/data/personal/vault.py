"""Surrogates and their originals, and the way back of each row, in one encrypted file that is only made when asked for.

A surrogate alone does not always tell its original: two values may share one, a birthday becomes a date that anybody may
write, a key becomes a tag. So the vault also holds, under a digest of each cleaned row, what is to be put back where.

The passphrase becomes a key by scrypt; AES-256-GCM encrypts the entries and authenticates the head. Needs the extra
``vault``.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import msgspec

from tunesmith.core import durable
from tunesmith.core.errors import UserError
from tunesmith.data.findings import Row, RowPath

FORMAT: Final = 2
"""1 held surrogates alone, as JSON; it is read still."""
_COST, _BLOCK, _LANES = 1 << 15, 8, 1
_HIGHEST_COST: Final = 1 << 20
_LONGEST_FILE_BYTES: Final = 1 << 30


TextEdits = tuple[RowPath, list[tuple[int, int, str]]]
"""Of the text at a path: where, in the text as it was cleaned, and what stood there."""


_NO_EDITS: Final = msgspec.msgpack.encode([])
_AS_IT_WAS: Final = (_NO_EDITS,)


@dataclass(slots=True)
class Vault:
    """``entries``: surrogate → kind and every original that it stands for: two people may, rarely, share one.
    ``rows``: digest of a cleaned row → its edits, packed; several where different rows came out the same. Rows that were left
    as they are stand there too, without edits: what looks like a surrogate in one of them is none."""

    entries: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    rows: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)

    def remember(self, kind: str, surrogate: str, original: str) -> None:
        _, originals = self.entries.setdefault(surrogate, (kind, []))
        if original not in originals:
            originals.append(original)

    def remember_row(self, cleaned: Row, edits: list[TextEdits]) -> None:
        self._remember_packed(_digest(cleaned), msgspec.msgpack.encode(edits) if edits else _NO_EDITS)

    def add(self, other: Vault) -> None:
        for surrogate, (kind, originals) in other.entries.items():
            for original in originals:
                self.remember(kind, surrogate, original)
        for digest, ways in other.rows.items():
            for way in ways:
                self._remember_packed(digest, way)

    def _remember_packed(self, digest: bytes, packed: bytes) -> None:
        ways = self.rows.get(digest)
        if ways is None:
            self.rows[digest] = _AS_IT_WAS if packed == _NO_EDITS else (packed,)
        elif packed not in ways:
            self.rows[digest] = (*ways, packed)

    def originals(self, surrogate: str) -> tuple[str, ...]:
        return tuple(self.entries.get(surrogate, ("", []))[1])

    def certain(self) -> dict[str, str]:
        """Those that stand for one value only, and that nobody writes by chance."""
        return {
            surrogate: originals[0]
            for surrogate, (kind, originals) in self.entries.items()
            if len(originals) == 1 and kind != "birth_date"
        }

    def ways_back(self, cleaned: Row) -> list[list[TextEdits]]:
        """None for a row that was not cleaned under this vault, or was changed since."""
        packed = self.rows.get(_digest(cleaned), ())
        return [msgspec.msgpack.decode(each, type=list[TextEdits]) for each in packed]


def edit_between(now: str, was: str) -> tuple[int, int, str]:
    """The one stretch in which two texts differ."""
    shorter = min(len(now), len(was))
    start = next((place for place in range(shorter) if now[place] != was[place]), shorter)
    most = shorter - start
    end = 0
    while end < most and now[-1 - end] == was[-1 - end]:
        end += 1
    return start, len(now) - end, was[start : len(was) - end]


def _digest(row: Row) -> bytes:
    try:
        content = msgspec.json.encode(row)
    except (ValueError, OverflowError):  # half a pair of UTF-16, or a number of more than 64 bits
        content = json.dumps(row).encode()
    return blake2b(content, digest_size=12).digest()


class _Head(msgspec.Struct, forbid_unknown_fields=True):
    kdf: str
    cost: int
    block: int
    lanes: int
    salt: str
    cipher: str
    nonce: str
    format: int = FORMAT


class _File(msgspec.Struct, forbid_unknown_fields=True):
    head: _Head
    content: str


class _Content(msgspec.Struct, array_like=True):
    entries: dict[str, tuple[str, list[str]]]
    rows: dict[bytes, tuple[bytes, ...]]


def write_vault(path: Path, vault: Vault, passphrase: str) -> None:
    head = _Head("scrypt", _COST, _BLOCK, _LANES, _text(os.urandom(16)), "AES-256-GCM", _text(os.urandom(12)))
    content = msgspec.msgpack.encode(_Content(vault.entries, vault.rows))
    sealed = _cipher(head, passphrase).encrypt(b64decode(head.nonce), content, msgspec.json.encode(head))
    durable.write_bytes(path, msgspec.json.encode(_File(head, _text(sealed))) + b"\n")
    path.chmod(0o600)


def read_vault(path: Path, passphrase: str) -> Vault:
    """Raises UserError where it is no vault, or the passphrase is not its own."""
    file = _read(path)
    try:
        opened = _cipher(file.head, passphrase).decrypt(
            b64decode(file.head.nonce), b64decode(file.content), msgspec.json.encode(file.head)
        )
    except ValueError:
        raise _no_vault(path, "its content is damaged") from None
    except _invalid_tag() as error:
        raise UserError(
            f"{path} does not open: the passphrase is not its own, or the file was changed.",
            "set TUNESMITH_VAULT_PASSPHRASE to the passphrase that it was made with",
        ) from error
    if file.head.format == 1:
        return Vault(msgspec.json.decode(opened, type=dict[str, tuple[str, list[str]]]))
    content = msgspec.msgpack.decode(opened, type=_Content)
    return Vault(content.entries, content.rows)


def _read(path: Path) -> _File:
    try:
        if path.stat().st_size > _LONGEST_FILE_BYTES:
            raise _no_vault(path, "it is larger than a gibibyte")
        file = msgspec.json.decode(path.read_bytes(), type=_File)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.", "check the path") from None
    except msgspec.DecodeError as error:
        raise _no_vault(path, str(error)) from None
    head = file.head
    is_known = head.format in (1, FORMAT) and head.kdf == "scrypt" and head.cipher == "AES-256-GCM"
    if not is_known or not 1 < head.cost <= _HIGHEST_COST or head.block != _BLOCK or head.lanes != _LANES:
        raise _no_vault(path, f"its format {head.format} is not one that this version reads")
    return file


def _no_vault(path: Path, why: str) -> UserError:
    return UserError(f"{path} is no vault: {why}.", "name a file that --vault has written")


def _cipher(head: _Head, passphrase: str) -> Any:
    _, aead, scrypt = _cryptography()
    if not passphrase:
        raise UserError("The vault's passphrase is empty.", "set TUNESMITH_VAULT_PASSPHRASE")
    key = scrypt(salt=b64decode(head.salt), length=32, n=head.cost, r=head.block, p=head.lanes).derive(
        passphrase.encode()
    )
    return aead(key)


def _invalid_tag() -> type[Exception]:
    found: type[Exception] = _cryptography()[0]
    return found


def _cryptography() -> tuple[Any, Any, Any]:
    try:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
    except ImportError:
        raise UserError("A vault needs the package cryptography.", "pip install 'tunesmith[vault]'") from None
    return InvalidTag, AESGCM, Scrypt


def _text(content: bytes) -> str:
    return b64encode(content).decode()


def restored(text: str, originals: Mapping[str, str], automaton: Any) -> str:
    """The text with every whole surrogate replaced by its original."""
    changed, end = "", 0
    for last, surrogate in automaton.iter_long(text):
        start = last - len(surrogate) + 1
        if start >= end and _is_whole(text, start, last + 1):
            changed += text[end:start] + originals[surrogate]
            end = last + 1
    return changed + text[end:]


def automaton_of(surrogates: Iterable[str]) -> Any:
    from ahocorasick import Automaton

    automaton = Automaton()
    for surrogate in surrogates:
        automaton.add_word(surrogate, surrogate)
    automaton.make_automaton()
    return automaton


def _is_whole(text: str, start: int, end: int) -> bool:
    """Letters and digits of Latin script do not go on beyond it."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isascii() and before.isalnum() and text[start].isascii()) and not (
        after.isascii() and after.isalnum() and text[end - 1].isascii()
    )
