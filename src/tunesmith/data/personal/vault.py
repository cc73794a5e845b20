"""Surrogates and their originals, in one encrypted file that is only made when asked for.

The passphrase becomes a key by scrypt; AES-256-GCM encrypts the entries and authenticates the head. Needs the extra
``vault``.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from tunesmith.core import durable
from tunesmith.core.errors import UserError

FORMAT: Final = 1
_COST, _BLOCK, _LANES = 1 << 15, 8, 1
_HIGHEST_COST: Final = 1 << 20
_LONGEST_FILE_BYTES: Final = 1 << 30


@dataclass(slots=True)
class Vault:
    """surrogate → kind and every original that it stands for: two people may, rarely, share one."""

    entries: dict[str, tuple[str, list[str]]] = field(default_factory=dict)

    def remember(self, kind: str, surrogate: str, original: str) -> None:
        _, originals = self.entries.setdefault(surrogate, (kind, []))
        if original not in originals:
            originals.append(original)

    def originals(self, surrogate: str) -> tuple[str, ...]:
        return tuple(self.entries.get(surrogate, ("", []))[1])

    def certain(self) -> dict[str, str]:
        """Those that stand for one value only."""
        return {surrogate: originals[0] for surrogate, (_, originals) in self.entries.items() if len(originals) == 1}


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


def write_vault(path: Path, vault: Vault, passphrase: str) -> None:
    head = _Head("scrypt", _COST, _BLOCK, _LANES, _text(os.urandom(16)), "AES-256-GCM", _text(os.urandom(12)))
    content = msgspec.json.encode(vault.entries)
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
    return Vault(msgspec.json.decode(opened, type=dict[str, tuple[str, list[str]]]))


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
    is_known = head.format == FORMAT and head.kdf == "scrypt" and head.cipher == "AES-256-GCM"
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


def automaton_of(surrogates: Mapping[str, str]) -> Any:
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
