"""Each rule that the server's code can name has its words in the Studio, in both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tunesmith.data.content.rules import ADVICE
from tunesmith.data.fixes import FIXES
from tunesmith.data.personal.kinds import KINDS
from tunesmith.data.synthesis.judging import REASONS

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = ROOT / "src" / "tunesmith" / "data"
REPORT = ROOT / "studio" / "src" / "pages" / "data"
# They come to whoever calls Python, or asks about a prompt in the terminal.
NOT_HERE = {"importers/frames.py", "importers/documents.py"}
WITH_RULES = {"Left", "Refused", "Problem", "note", "add", "left", "_Missing", "_note", "Drop"}
NAME = re.compile(r"[a-z]+(_[a-z]+)*")


def test_rules_of_files_have_names_and_reasons() -> None:
    wanted = {*ADVICE, *of_modules([DATA / "leakage.py", DATA / "content" / "of_file.py"])}
    words = (REPORT / "report" / "ruleWords.ts").read_text(encoding="utf-8")
    for language in words.split("  zh: {"):
        assert wanted - set(re.findall(r"^ {4}(\w+): \{ name:", language, re.MULTILINE)) == set()


def test_rules_of_importers_have_names() -> None:
    modules = [path for path in (DATA / "importers").rglob("*.py") if path.relative_to(DATA).as_posix() not in NOT_HERE]
    assert "mailing_list" in of_modules(modules)
    assert "broken_quote" in of_modules(modules)
    reports = (REPORT / "report" / "ruleWords.ts").read_text(encoding="utf-8")
    names = (REPORT / "operations" / "ruleNames.ts").read_text(encoding="utf-8")
    for language, report in zip(names.split("  zh: {"), reports.split("  zh: {"), strict=True):
        named = {*re.findall(r"(\w+): \"", language), *re.findall(r"^ {4}(\w+): \{ name:", report, re.MULTILINE)}
        assert of_modules(modules) - named == set()


def test_kinds_of_personal_data_reasons_of_refusal_and_fixes_have_names() -> None:
    for wanted, page in ((KINDS, "personal"), (REASONS, "generate"), (FIXES, "history")):
        words = (REPORT / page / "words.ts").read_text(encoding="utf-8")
        for language in words.split("  zh: {")[:2]:
            assert wanted.keys() - set(re.findall(r"(\w+): \"", language)) == set()


def of_modules(paths: list[Path]) -> set[str]:
    return {rule for path in paths for rule in _rules(ast.parse(path.read_text(encoding="utf-8")))}


def _rules(tree: ast.AST) -> Iterator[str]:
    """Those that are handed to a finding, assigned to ``rule``, or stand before their sentence."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called), args=[*args]) if called in WITH_RULES:
                yield from (rule for each in args[:2] for rule in _names(each))
            case ast.Assign(targets=[ast.Name(id="rule")], value=value):
                yield from _names(value)
            case ast.Assign(targets=[ast.Tuple(elts=[ast.Name(id="rule"), *_])], value=ast.Tuple(elts=[value, *_])):
                yield from _names(value)
            case ast.Tuple(elts=[ast.Constant(value=str()) as rule, sentence]) if _is_sentence(sentence):
                yield from _names(rule)
            case _:
                pass


def _names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)) if NAME.fullmatch(text):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from _names(one)
            yield from _names(other)
        case _:
            pass


def _is_sentence(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.count(" ") >= 2
    )
