"""What each kind of operation on data files gives: told to people who read the documentation, and checked by a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class About:
    """What people are told of a kind: what it makes, and what ``result`` and each item of its list hold, by name."""

    makes: str
    result: Mapping[str, str]
    items: Mapping[str, str]


ABOUT: Final[Mapping[str, About]] = {
    "preview_import": About(
        "no file: what the first rows would be",
        {
            "format": "what the rows are",
            "reason": "why",
            "is_sure": "false where somebody should look",
            "notes": "what was noticed",
            "columns": "of a table",
            "mapping": "column by column, as convert takes it",
            "mapping_reason": "why",
            "holder": "what kind of file it is: delimited, excel, lines …",
            "delimiter": "that parts the cells of a CSV",
            "has_header": "whether its first row names the columns",
            "open_names": "names left open, such as {{name}}, in the first 100 rows: name, written, num_rows",
        },
        {
            "record": "as it stood",
            "row": "what it becomes",
            "place": "file and line",
            "left": "why it gives no row: rule, message, hint",
        },
    ),
    "convert": About(
        "one file of training data",
        {
            "file_format": "what the rows are",
            "notes": "what was noticed",
            "open_names": "names that stay open, such as {{name}}: name, written, num_rows",
            "sources": "of each file: name, format, reason, made",
        },
        {},
    ),
    "find_personal_data": About(
        "no file: every place, to be accepted or rejected",
        {
            "num_found": "how many places",
            "num_rows": "in how many rows",
            "kinds": "how many of each kind",
            "left_as_nobodys": "of each kind, tags and values that are nobody's: clean leaves them",
            "num_not_listed": "places beyond the first 100,000",
            "not_covered": "what is not looked for",
        },
        {
            "id": "of this place",
            "value_id": "of all places of this value",
            "kind": "name, email …",
            "line": "of the file",
            "path": "within the row",
            "before": "some text before it",
            "value": "what was found",
            "after": "some text after it",
            "confidence": "from 0 to 1",
            "source": "what found it",
            "is_nobodys": "whether clean leaves it: a tag, an invented value, one of a range kept for examples",
        },
    ),
    "measure_recall": About(
        "no file: how many planted values are found again, kind by kind",
        {"kinds": "of each: what was planted, what was found"},
        {},
    ),
    "clean": About(
        "one file, `NAME.clean.jsonl`",
        {
            "rows_read": "how many",
            "rows_changed": "how many",
            "rows_dropped": "how many",
            "rows_written": "how many",
            "found": "places of each kind",
            "replaced": "places of each kind",
            "left_as_nobodys": "of each kind, tags and values that are nobody's: they stay",
            "left_as_decided": "what somebody rejected, of each kind",
            "not_covered": "what is not looked for",
        },
        {},
    ),
    "find_duplicates": About(
        "no file: groups of rows that say the same",
        {
            "num_rows": "that were read",
            "num_groups": "of two rows or more",
            "num_removable": "rows that deduplicate drops",
            "num_not_listed": "groups beyond the first 100,000",
        },
        {
            "id": "of the group",
            "similarity": "the least in it",
            "num_rows": "in it",
            "is_exact": "whether all of them are the same, letter by letter",
            "rows": "the one that is kept, then copies: line, is_kept, similarity, row",
        },
    ),
    "deduplicate": About("one file, `NAME.distinct.jsonl`", {}, {}),
    "split": About(
        "two files, `NAME.train.jsonl` and `NAME.validation.jsonl`",
        {
            "num_rows": "that were read",
            "num_validation": "of them held back",
            "num_groups": "of rows that stay together",
            "num_exact": "rows that repeat an earlier one",
            "num_joined": "rows joined for saying nearly the same",
            "num_ungrouped": "rows without the key of `by_group`",
            "labels": "of each value of `stratify`: rows in training, rows in validation",
        },
        {},
    ),
    "compare": About(
        "no file: what the second file has changed",
        {
            "same": "rows",
            "moved": "rows, otherwise the same",
            "added": "rows",
            "removed": "rows",
            "changed": "rows",
        },
        {
            "change": "changed, removed, added",
            "line": "in the second file",
            "other_line": "in the first",
            "row": "in the second",
            "before": "the row in the first",
            "differences": "of a changed row, text by text",
        },
    ),
    "find_person": About(
        "no file: rows that speak of a person; `/affected` says where they went",
        {"rows_of_inputs": "how many, file by file"},
        {"input": "which file, from 0", "file": "its name", "line": "of the file", "places": "where in the row"},
    ),
    "erase_person": About(
        "one file, `NAME.erased.jsonl`",
        {"lines_with_a_part": "the first lines that stay though a given or a family name of the person stands in them"},
        {},
    ),
    "preview_generation": About(
        "no file: the first request, word for word, and what all of them would take",
        {
            "model": "that would be asked",
            "is_own": "whether it is of this installation",
            "messages": "the first request's",
            "prompt": "with its places in braces",
            "num_seeds": "examples to learn from",
            "num_passages": "of a document",
            "num_requests": "that are expected",
            "prompt_tokens": "that are expected",
            "completion_tokens": "that are expected",
            "most_requests": "after which it ends",
            "most_tokens": "after which it ends",
        },
        {},
    ),
    "generate_examples": About(
        "no file: drafts, to be approved, rewritten or rejected",
        {
            "model": "that was asked",
            "is_own": "whether it is of this installation",
            "num_drafts": "how many",
            "num_refused": "how many",
            "refused": "of each reason",
            "ended": "why it ended, in a word",
            "ended_because": "in a sentence",
            "is_stopped": "whether the model stopped answering",
            "diversity": "of the drafts",
            "num_requests": "that were sent and answered",
            "num_unheard": "that were sent by a process that ended before the answer came; counted at the most that they cost",
            "prompt_tokens": "that were paid for",
            "completion_tokens": "that were paid for",
        },
        {
            "id": "of the draft",
            "question": "as the model wrote it",
            "answer": "null where a person shall write it",
            "provenance": "synthetic, semi-synthetic",
            "seeds": "that were shown, with their lines",
            "passage": "of a document",
            "similarity": "to the most alike question before",
            "support": "the share of the answer that its passage holds",
            "metadata": "for the row that becomes of it",
        },
    ),
    "add_examples": About(
        "one file: the input's rows, then those that were approved; `NAME.questions.jsonl` has these alone", {}, {}
    ),
}
