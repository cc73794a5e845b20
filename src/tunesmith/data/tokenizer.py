"""A model's tokenizer, able to keep typed text apart from control tokens.

Takes a folder with ``tokenizer.json`` (and ``tokenizer_config.json``); gives token ids. What a user
typed is encoded with special-token parsing off, so ``<|im_start|>`` in a message stays text; only the
template makes control tokens. Where no control token was typed, the ids equal those of the
tokenizer run over the whole text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from operator import not_
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from tokenizers import Tokenizer as RustTokenizer

from tunesmith.core.errors import UserError
from tunesmith.data.word_borders import ascii_pieces, cuts_before_words
from tunesmith.data.words import Encode, Encoder, Words, by_pieces

Start = Literal["first", "section", "inner"]
"""Where a text begins: at the very start, behind a control token, or behind running text."""
_STARTS: Final[tuple[Start, ...]] = ("first", "section", "inner")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of rendered text. ``is_control``: written by the template, so control tokens in it count."""

    text: str
    is_control: bool


@dataclass(frozen=True, slots=True)
class ControlToken:
    """``strips_left``, ``strips_right``: it swallows the blanks on that side of it."""

    id: int
    text: str
    strips_left: bool
    strips_right: bool


class Tokenizer:
    """Encodes pieces and decodes ids. Build it with ``Tokenizer.load``; ``settings`` is tokenizer_config.json."""

    def __init__(self, source: str, settings: dict[str, Any], where: str) -> None:
        self.source, self.settings, self.where = source, settings, where
        raw = msgspec.json.decode(source)
        self._control = {token.text: token for token in _control_tokens(raw)}
        self._control_ids = frozenset(token.id for token in self._control.values())
        self._is_byte_level = '"ByteLevel"' in json.dumps(raw.get("decoder"))
        self._plain, self._encoders = _encoders(raw, where)
        self._split = re.compile(
            "|".join(re.escape(t) for t in sorted(self._control, key=len, reverse=True)) or r"(?!)"
        )
        self.bos_token = self._special("bos_token")
        self.eos_token = self._special("eos_token")
        self.bos_id = self.token_id(self.bos_token) if self.bos_token else None
        self.eos_id = self.token_id(self.eos_token) if self.eos_token else None
        may_add = self.bos_id is not None and raw.get("post_processor") is not None
        self.adds_bos = may_add and self._whole.encode("a").ids[:1] == [self.bos_id]

    @classmethod
    def load(cls, folder: Path) -> Tokenizer:
        path = folder / "tokenizer.json"
        try:
            source = path.read_bytes()
        except FileNotFoundError:
            raise UserError(
                f"{path} is missing: a model without a fast tokenizer cannot be used.",
                "save one into the folder with transformers: AutoTokenizer.from_pretrained(…).save_pretrained(…)",
            ) from None
        settings = _settings(folder / "tokenizer_config.json")
        try:
            return cls(source.decode(), settings, str(folder))
        except UserError:
            raise
        except Exception as error:  # the tokenizers library raises bare Exception on a file it cannot read
            raise UserError(
                f"{path} is not a readable tokenizer: {error}.", "copy the tokenizer's files again"
            ) from error

    @cached_property
    def _whole(self) -> RustTokenizer:
        """The tokenizer as it stands in the file: made when it is first wanted, for rows are encoded without it."""
        try:
            whole = RustTokenizer.from_str(self.source)
        except Exception as error:  # the library raises bare Exception on a file it cannot read
            raise UserError(
                f"{self.where}: tokenizer.json is not a readable tokenizer: {error}.",
                "copy the tokenizer's files again",
            ) from error
        whole.no_truncation()
        whole.no_padding()
        return whole

    @property
    def vocab_size(self) -> int:
        return self._whole.get_vocab_size(with_added_tokens=True)

    def check_fits(self, num_embeddings: int) -> str | None:
        """Whether every id has its row in the embedding. Raises UserError where one lies beyond; → a remark
        where rows are left over, which models have as padding."""
        vocabulary = self._whole.get_vocab(with_added_tokens=True)
        if not vocabulary:
            raise UserError(f"{self.where}: the tokenizer has no tokens.", "copy the tokenizer's files again")
        text, top = max(vocabulary.items(), key=lambda entry: entry[1])
        if top >= num_embeddings:
            raise UserError(
                f"{self.where}: the tokenizer has ids up to {top:,} ({text[:40]!r}), and the model's embedding has "
                f"{num_embeddings:,} rows, the last for id {num_embeddings - 1:,}.",
                "use the tokenizer that came with the model, or a model whose embedding was resized for this tokenizer",
            )
        if top + 1 < num_embeddings:
            return f"The embedding has {num_embeddings:,} rows and the tokenizer {top + 1:,} ids: the rest is padding."
        return None

    @property
    def control_tokens(self) -> tuple[str, ...]:
        return tuple(self._control)

    def token_id(self, text: str) -> int | None:
        if (control := self._control.get(text)) is not None:
            return control.id
        token: int | None = self._plain.token_to_id(text)
        return token

    def control_id(self, text: str) -> int | None:
        token = self._control.get(text)
        return token.id if token else None

    def first_control_token(self, text: str) -> tuple[str, int] | None:
        """The first control token in ``text`` and the place where it ends."""
        match = self._split.search(text)
        return (match.group(), match.end()) if match else None

    def encode_whole(self, text: str) -> list[int]:
        """What the plain tokenizer gives for the whole text, control tokens parsed everywhere."""
        ids: list[int] = self._whole.encode(text, add_special_tokens=False).ids
        return ids

    def encode(self, pieces: Sequence[Piece], *, is_start: bool = True) -> list[int]:
        """Pieces in a row → ids. ``is_start`` is False where earlier tokens precede in the same text."""
        return self.encode_groups([pieces], is_start=is_start)[0]

    def encode_groups(self, groups: Sequence[Sequence[Piece]], *, is_start: bool = True) -> list[list[int]]:
        """One list of ids a group. No token reaches over the border between two groups."""
        encoded: list[list[int]] = []
        start: Start = "first" if is_start else "inner"
        strips = False
        for group in groups:
            ids: list[int] = []
            text = ""
            for part in self._parts(group):
                fresh = part if isinstance(part, str) else ""
                text += fresh.lstrip() if strips else fresh
                strips = strips and not text
                if isinstance(part, ControlToken):
                    ids += self.encode_text(text.rstrip() if part.strips_left else text, start)
                    ids.append(part.id)
                    text, start, strips = "", "section", part.strips_right
            if text:
                ids += self.encode_text(text, start)
                start = "inner"
            encoded.append(ids)
        return encoded

    def encode_text(self, text: str, start: Start) -> list[int]:
        """Text in which nothing is a control token."""
        return self._encoders[start].ids(text) if text else []

    def count_text(self, text: str, start: Start) -> int:
        """How many tokens ``encode_text`` makes of it."""
        return self._encoders[start].count(text) if text else 0

    def decode(self, ids: Sequence[int], *, show_control: bool = False) -> str:
        text: str = self._whole.decode(list(ids), skip_special_tokens=not show_control)
        return text

    def token_text(self, token_id: int) -> str:
        """One token as the vocabulary spells it (for display only)."""
        text: str | None = self._whole.id_to_token(token_id)
        return text if text is not None else f"<{token_id}>"

    def token_bytes(self, token_id: int) -> bytes | None:
        """The bytes of text that one token stands for; None for a control token, and where the vocabulary
        does not spell bytes."""
        spelled: str | None = self._whole.id_to_token(token_id)
        if spelled is None or token_id in self._control_ids:
            return None
        if self._is_byte_level and all(letter in _BYTE_OF_LETTER for letter in spelled):
            return bytes(_BYTE_OF_LETTER[letter] for letter in spelled)
        if byte := _BYTE_TOKEN.fullmatch(spelled):
            return bytes([int(byte[1], 16)])
        return spelled.replace("\u2581", " ").encode()

    def control_parts(self, text: str) -> Iterator[str | ControlToken]:
        """What a template wrote: the control tokens in it, and the text (perhaps empty) around them."""
        position = 0
        for match in self._split.finditer(text):
            yield text[position : match.start()]
            yield self._control[match.group()]
            position = match.end()
        yield text[position:]

    def _parts(self, pieces: Sequence[Piece]) -> Iterator[str | ControlToken]:
        """Text as typed, and the control tokens that the template wrote between it."""
        for piece in pieces:
            if piece.is_control:
                yield from self.control_parts(piece.text)
            else:
                yield piece.text

    def _special(self, key: str) -> str | None:
        value = self.settings.get(key)
        if isinstance(value, dict):
            value = value.get("content")
        if value is None:
            return None
        if not isinstance(value, str) or self.token_id(value) is None:
            raise UserError(f"{self.where}: {key} {value!r} is not in the vocabulary.", "mend tokenizer_config.json")
        return value


def _byte_letters() -> dict[str, int]:
    """How byte-level vocabularies spell bytes: the printable ones of Latin-1 as themselves, the rest from U+0100 on
    (Radford et al. 2019, GPT-2)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + place): byte for place, byte in enumerate(rest)}


_BYTE_OF_LETTER = _byte_letters()
_BYTE_TOKEN = re.compile(r"<0x([0-9A-F]{2})>")


class TextStream:
    """Turns a growing list of ids into text, never splitting a character."""

    def __init__(self, tokenizer: Tokenizer, prompt_ids: Sequence[int] = ()) -> None:
        self._tokenizer = tokenizer
        self._ids = list(prompt_ids[-8:])
        self._num_context = len(self._ids)
        self._shown = len(tokenizer.decode(self._ids))

    def push(self, token_id: int) -> str:
        """The text that this token makes final; empty while a character is still incomplete."""
        self._ids.append(token_id)
        text = self._tokenizer.decode(self._ids)
        if text.endswith("\ufffd") and len(self._ids) - self._num_context < 64:
            return ""
        return self._take(text)

    def finish(self) -> str:
        return self._take(self._tokenizer.decode(self._ids))

    def _take(self, text: str) -> str:
        fresh = text[self._shown :]
        self._ids = self._ids[-16:]
        self._num_context = len(self._ids)
        self._shown = len(self._tokenizer.decode(self._ids))
        return fresh


def _settings(path: Path) -> dict[str, Any]:
    try:
        settings = json.loads(path.read_bytes()) if path.is_file() else {}
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not readable: {error}.", "copy the tokenizer's files again") from error
    return settings if isinstance(settings, dict) else {}


def _control_tokens(raw: dict[str, Any]) -> Iterator[ControlToken]:
    for token in raw.get("added_tokens", ()):
        if token["content"] and not _is_blank(token):
            yield ControlToken(int(token["id"]), token["content"], bool(token["lstrip"]), bool(token["rstrip"]))


def _is_blank(token: dict[str, Any]) -> bool:
    """Runs of blanks were added to some vocabularies (GPT-NeoX, Phi-2): text is made of them, they control nothing."""
    return not token["special"] and not token["content"].strip()


def _encoders(raw: dict[str, Any], where: str) -> tuple[RustTokenizer, dict[Start, Encoder]]:
    """The tokenizer without its control tokens, and how it encodes text at the very start (``first``), after a
    control token (``section``), or in the middle of running text (``inner``, which never gets a leading blank)."""
    added = raw.get("added_tokens") or []
    blanks, model = [token for token in added if _is_blank(token)], dict(raw["model"])
    _hide(model, {token["content"] for token in added if not _is_blank(token)})
    if isinstance(vocab := model.get("vocab"), dict):  # so that they keep their ids
        model["vocab"] = vocab | {token["content"]: token["id"] for token in blanks}
    unused = dict.fromkeys(("post_processor", "truncation", "padding"))
    plain = {**raw, **unused, "model": model, "added_tokens": blanks}
    made: dict[bytes, RustTokenizer] = {}
    variants: dict[Start, RustTokenizer] = {}
    for start in _STARTS:
        steps = {key: _without_leading_blank(raw.get(key), start) for key in ("normalizer", "pre_tokenizer")}
        key = msgspec.json.encode(steps)
        variants[start] = made.get(key) or made.setdefault(key, _made(plain | steps))
    encodes = {start: _encode(variants[start]) for start in _STARTS}
    if len(made) > 1 or not cuts_before_words(plain):
        return variants["first"], {start: Encoder.of(encode) for start, encode in encodes.items()}
    encode, pieces = encodes["inner"], ascii_pieces(plain)
    word = Encoder.of(encode)
    if pieces is not None:
        word = by_pieces(pieces, _piece_encoder(variants["inner"]), word)
    words = Words(encode, word, where)
    return variants["first"], dict.fromkeys(_STARTS, Encoder(words.ids, words.count))


def _made(raw: dict[str, Any]) -> RustTokenizer:
    return RustTokenizer.from_buffer(msgspec.json.encode(raw))


def _piece_encoder(made: RustTokenizer) -> Encoder:
    """What the model makes of an ASCII piece, spelled in the letters that stand for bytes."""
    tokenize = made.model.tokenize
    letters = {byte: letter for letter, byte in _BYTE_OF_LETTER.items() if byte < 128}
    return Encoder(
        lambda piece: [token.id for token in tokenize(piece.translate(letters))],
        lambda piece: len(tokenize(piece.translate(letters))),
    )


def _encode(made: RustTokenizer) -> Encode:
    def ids(text: str) -> list[int]:
        found: list[int] = made.encode(text, add_special_tokens=False).ids
        return found

    return ids


def _hide(model: dict[str, Any], control: set[str]) -> None:
    """Trainers write control tokens into the model's own vocabulary too: spell them there as nobody can type them."""
    vocab = model.get("vocab")
    if isinstance(vocab, list):  # Unigram: [text, score], by id
        model["vocab"] = [[_hidden(text) if text in control else text, score] for text, score in vocab]
    elif isinstance(vocab, dict):
        model["vocab"] = {text: token_id for text, token_id in vocab.items() if text not in control}
        model["vocab"] |= {_hidden(text): vocab[text] for text in control if text in vocab}
        if model.get("unk_token") in control:
            model["unk_token"] = _hidden(model["unk_token"])
        if merges := model.get("merges"):
            pairs = [merge.split(" ", 1) if isinstance(merge, str) else merge for merge in merges]
            spelled = [left + right in control or left in control or right in control for left, right in pairs]
            model["merges"] = list(compress(pairs, map(not_, spelled))) if any(spelled) else pairs


def _hidden(text: str) -> str:
    return f"\ufdd0{text}\ufdd1"


def _without_leading_blank(step: dict[str, Any] | None, start: Start) -> dict[str, Any] | None:
    if step is None or start == "first":
        return step
    kind = step.get("type")
    if kind == "Sequence":
        key = "normalizers" if "normalizers" in step else "pretokenizers"
        return {**step, key: [kept for one in step[key] if (kept := _without_leading_blank(one, start)) is not None]}
    if kind == "Prepend" and start == "inner":
        return None
    if kind == "Metaspace" and (start == "inner" or step.get("prepend_scheme") == "first"):
        return {key: value for key, value in step.items() if key != "add_prefix_space"} | {"prepend_scheme": "never"}
    if kind == "ByteLevel" and start == "inner":
        return {**step, "add_prefix_space": False}
    return step
