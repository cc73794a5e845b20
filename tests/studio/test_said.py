"""The sentences that the Studio says again in Chinese are those that the server's code can say.

``studio/src/i18n/said/sentences.json`` has every sentence of the files below, read from their source, with ``{}`` for
what is filled in; a test of the Studio wants a Chinese form for each. After a change of the server's words:

    python tests/studio/test_said.py
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FIXTURE = ROOT / "studio" / "src" / "i18n" / "said" / "sentences.json"
SOURCES = {
    "specs": "data_operations fine_tune resolve wire_job",
    "data": "array_elements chat_rows encoding file_rows formats leakage over_length preference_rows reinforcement_rows"
    " render report_file row_measures row_shapes split strict_json template tokenizer tool_calls validate words content/characters content/judge"
    " content/of_file content/rules content/texts clean_row cleaning derived duplicates generation import_operations judge operation_kinds"
    " operation_outputs personal_operations row_file split_file",
    "data/importers": "archives arrow_tables checked column_guess continue_dev continue_rows conversations convert detect documents"
    " elements excel json_records lines making mapped_source mapping opened opening pairs placeholders plain_chat preferences previewing reading"
    " reinforcement row_sources source table_header tables text_records tool_texts unpacking",
    "data/importers/mail": "drops importing letters mail_files mailboxes options ours pairs threads",
    "data/personal": "coverage decisions person scan",
    "data/synthesis": "asking crew endpoint plan prompts synthesize",
    "train": "fine_tune loop validation_note",
    "worker": "askable_models asked_model border check_files data_child data_operation endings endpoint file_certificates"
    " fine_tune fitting judging metrics model_certificates preparing process",
    "store": "idempotency jobs keys members operations projects queue",
    "serve": "answering artifacts certify residents run",
    "api": "auth bodies chat chat_request checkpoint_permissions content data_affected data_operation_items data_operations edge errors"
    " file_reports file_revisions file_rows files findings fine_tuning job_certificates job_creation job_figures job_preview job_request job_wire"
    " lineage live models multipart organization rate_limits renderers report_maker report_process serving_client"
    " stored_chats uploads webhooks",
    "core": "outbound",
}
# Nobody reads these in the Studio: they go to logs, name fields or routes, or speak to programmers.
FOR_NOBODY = re.compile(
    r"%[sd]|^[A-Z_]+ [A-Z_]+ |^\\s\*|^\^|^address article aside |^gmail\.com |^card cn_id us_ssn |^passport driver_licence |^\.jsonl \.json "
    r"|^role content name |^POST |^What is the capital|^attachment;|^a chat failed|^file's name"
    r"|^The range asked for"
    r"|^a base model, with its own|^conversations whose tokens|^largest change by|^mean difference of"
    r"|^A serving process listens|^stop that one first|^The preset administrator's key|^use \{\} or more, at random"
)


def test_sentences_in_the_studio_are_those_of_the_server() -> None:
    assert json.loads(FIXTURE.read_text(encoding="utf-8")) == collected(), "python tests/studio/test_said.py mends it"


def test_sentences_are_read_with_their_choices_and_holes() -> None:
    source = "f\"{n:,} row{'s are' if n > 1 else ' is'} longer than {limit} tokens\"\nlog.info(\"not one of %s\")"
    assert list(sentences_of(f"x = {source}")) == [
        "{} rows are longer than {} tokens",
        "{} row is longer than {} tokens",
    ]


def collected() -> list[str]:
    files = [
        ROOT / "src" / "tunesmith" / folder / f"{name}.py"
        for folder, names in SOURCES.items()
        for name in names.split()
    ]
    return sorted({sentence for file in files for sentence in sentences_of(file.read_text(encoding="utf-8"))})


def sentences_of(source: str) -> Iterator[str]:
    """Texts of three words or more. One that begins with a blank or a comma is a part of another, which has a hole there."""
    tree = ast.parse(source)
    for text in _texts(tree):
        sentence = re.sub(r"(\{\})+", "{}", text)
        plain = sentence.replace("{}", "")
        num_words = len(re.findall(r"[A-Za-z]+", plain))
        is_prose = num_words >= 3 and re.search(r"[a-z]{2}", plain) and " " in plain.strip() and "\n" not in plain
        if is_prose and sentence[0] not in " ,;" and not FOR_NOBODY.search(sentence):
            yield sentence.strip()


def _texts(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Call(func=ast.Name("NoId")):
            return  # a docstring, a label of the API's own
        case ast.Constant(value=str()) | ast.JoinedStr() | ast.IfExp():
            yield from (text for text in _spellings(node) if text != "{}")
        case _:
            pass
    for child in ast.iter_child_nodes(node):
        # Choices that are spelled out above are not read again on their own.
        inner = child.value if isinstance(node, ast.JoinedStr) and isinstance(child, ast.FormattedValue) else child
        if not isinstance(node, ast.JoinedStr | ast.IfExp) or not isinstance(
            inner, ast.Constant | ast.JoinedStr | ast.IfExp
        ):
            yield from _texts(inner)


def _spellings(node: ast.AST) -> list[str]:
    """Each way in which the text can come out."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=values):
            return ["".join(parts) for parts in product(*map(_spellings, values))]
        case ast.FormattedValue(value=ast.IfExp() as choice):
            return _spellings(choice)
        case ast.IfExp(body=one, orelse=other):
            return _spellings(one) + _spellings(other)
        case _:
            return ["{}"]


if __name__ == "__main__":
    FIXTURE.write_text(json.dumps(collected(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
