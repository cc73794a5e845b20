"""The prompt that a model is asked with: a text file that people may edit, with named places to be filled.

A template has two parts, each under a line of its own, ``[system]`` and ``[user]`` (the first may be absent), and names
in double braces: ``{{passage}}``. What is filled in is never read for names again, whatever a document says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

from tunesmith.core.errors import Problem, Problems, UserError
from tunesmith.data.synthesis.asking import Language

Mode = Literal["synthetic", "semi-synthetic", "documents"]

# Mode → the names that must stand in its prompt, and those that may.
_NEEDED: Final[Mapping[Mode, frozenset[str]]] = {
    "synthetic": frozenset({"examples", "count"}),
    "semi-synthetic": frozenset({"examples", "count"}),
    "documents": frozenset({"passage", "count"}),
}
_ALLOWED: Final[Mapping[Mode, frozenset[str]]] = {
    "synthetic": frozenset({"about"}),
    "semi-synthetic": frozenset({"about"}),
    "documents": frozenset({"about", "document", "heading"}),
}
_PLACE: Final = re.compile(r"\{\{\s{0,10}([^{}\n]{0,60}?)\s{0,10}\}\}")
_PART: Final = re.compile(r"^\[(system|user)\][ \t]*\r?\n", re.MULTILINE)
_LONGEST: Final = 1 << 16
ABOUT: Final[Mapping[Language, str]] = {"en": "the same task as the examples", "zh": "与示例相同的任务"}
ABOUT_DOCUMENTS: Final[Mapping[Language, str]] = {"en": "answering questions about it", "zh": "回答与之有关的问题"}


@dataclass(frozen=True, slots=True)
class Prompt:
    """``name`` says where it is from: a file, or ``built-in synthetic.en``."""

    name: str
    text: str
    system: str
    user: str

    @property
    def sha256(self) -> str:
        return sha256(self.text.encode()).hexdigest()

    def filled(self, values: Mapping[str, str]) -> tuple[str, str]:
        """System and user message."""
        return _filled(self.system, values), _filled(self.user, values)

    def instructions(self) -> str:
        """All that it says by itself."""
        return _PLACE.sub("\n", f"{self.system}\n{self.user}")


def built_in_prompt(mode: Mode, language: Language) -> Prompt:
    name = f"{mode}.{language}"
    folder = files("tunesmith.data.synthesis") / "templates"
    return read_prompt((folder / f"{name}.txt").read_text("utf-8"), f"built-in {name}", mode)


def prompt_file(path: Path, mode: Mode) -> Prompt:
    """Raises UserError where it cannot be read, Problems naming every place that cannot be filled."""
    try:
        content = path.read_bytes()
        if len(content) > _LONGEST:
            raise UserError(f"{path} is longer than {_LONGEST:,} bytes.", "a prompt is a page of text; name that file")
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.", "check the name") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is no UTF-8 text.", "save it as UTF-8") from None
    return read_prompt(text, str(path), mode)


def read_prompt(text: str, name: str, mode: Mode) -> Prompt:
    parts = _parts(text)
    problems = [*_part_problems(parts, name), *_place_problems(text, name, mode)]
    if problems:
        raise Problems(f"The prompt {name} cannot be used:", problems, "--save-prompt FILE writes one that can")
    by_name = dict(parts)
    return Prompt(name, text, by_name.get("system", "").strip(), by_name["user"].strip())


def _parts(text: str) -> list[tuple[str, str]]:
    """What stands before the first heading goes to no part, unless there is no heading at all."""
    found = list(_PART.finditer(text))
    if not found:
        return [("user", text)]
    ends = [*(part.start() for part in found[1:]), len(text)]
    before = [("", text[: found[0].start()])] if text[: found[0].start()].strip() else []
    return before + [(part[1], text[part.end() : end]) for part, end in zip(found, ends, strict=True)]


def _part_problems(parts: list[tuple[str, str]], name: str) -> list[Problem]:
    names = [part for part, _ in parts]
    found = []
    if "" in names:
        found.append(_problem("text_before_parts", "text stands before the first [system] or [user] line", name, 1))
    found += [
        _problem("part_twice", f"[{part}] stands {names.count(part)} times", name)
        for part in ("system", "user")
        if names.count(part) > 1
    ]
    if not any(part == "user" and text.strip() for part, text in parts):
        found.append(_problem("no_user_part", "there is nothing under [user]", name))
    return found


def _problem(rule: str, message: str, name: str, line: int | None = None) -> Problem:
    return Problem(
        rule, message, "write [system], then its text, then [user] and its text, once each", "error", name, line
    )


def _place_problems(text: str, name: str, mode: Mode) -> list[Problem]:
    known = _NEEDED[mode] | _ALLOWED[mode]
    problems = []
    for place in _PLACE.finditer(text):
        if place[1] not in known:
            line = text.count("\n", 0, place.start()) + 1
            column = place.start() - (text.rfind("\n", 0, place.start()) + 1) + 1
            close = get_close_matches(place[1], known, 1)
            hint = f"did you mean {{{{{close[0]}}}}}?" if close else f"known: {_listed(known)}"
            message = f"nothing is called {{{{{place[1]}}}}} in mode {mode}"
            problems.append(Problem("unknown_placeholder", message, hint, "error", name, line, column))
    missing = _NEEDED[mode] - {place[1] for place in _PLACE.finditer(text)}
    for place_name in sorted(missing):
        message = f"{{{{{place_name}}}}} is missing"
        problems.append(Problem("missing_placeholder", message, "say where it belongs", "error", name))
    return problems


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f"{{{{{name}}}}}" for name in sorted(names))


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values[place[1]], text)
