"""Text with delimiters: rows with their lines, and every broken one told."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.core.errors import UserError
from tunesmith.data.importers import tables
from tunesmith.data.importers.rows import Left, Record
from tunesmith.data.importers.tables import guess_dialect, read_delimited


def read(text: str | bytes, **options: str) -> list[Record | Left]:
    content = text.encode() if isinstance(text, str) else text
    return list(read_delimited(io.BytesIO(content), "t.csv", **options))  # type: ignore[arg-type]


def values(text: str | bytes, **options: str) -> list[dict[str, object]]:
    return [found.value for found in read(text, **options) if isinstance(found, Record)]


def faults(text: str | bytes, **options: str) -> list[tuple[str, int | None]]:
    return [(found.rule, found.place.line) for found in read(text, **options) if isinstance(found, Left)]


@pytest.mark.parametrize(
    ("delimiter", "text"),
    [
        (",", "question,answer\nHi; there,Yo\n"),
        ("\t", "question\tanswer\nHi, there; you\tYo\n"),
        (";", 'question;answer\n"Hi, there; you";Yo\n'),
        ("|", "question|answer\nHi, there; you|Yo\n"),
    ],
)
def test_delimiter_is_guessed_and_said(delimiter: str, text: str) -> None:
    dialect = guess_dialect(text.encode())
    assert (dialect.delimiter, dialect.columns) == (delimiter, ("question", "answer"))
    assert "parted by" in dialect.reason


def test_place_is_the_line_that_a_row_begins_at() -> None:
    found = read('question,answer\n"two\nlines",a\nq,b\n')
    assert [one.place.line for one in found] == [2, 4]
    assert values('question,answer\n"two\nlines",a\n') == [{"question": "two\nlines", "answer": "a"}]


def test_row_with_more_or_fewer_cells_is_left_out_and_not_shifted() -> None:
    text = "question,answer\na,b\nc\nd,e,f\ng,h\n"
    assert faults(text) == [("changing_columns", 3), ("changing_columns", 4)]
    assert values(text) == [{"question": "a", "answer": "b"}, {"question": "g", "answer": "h"}]


def test_quote_that_is_never_closed_costs_its_row_alone() -> None:
    text = 'question,answer\na,b\nc,"d\ne,f\ng,h\n'
    assert faults(text) == [("broken_quote", 3)]
    assert [value["question"] for value in values(text)] == ["a", "e", "g"]


def test_text_after_a_closed_quote_is_told_at_its_line() -> None:
    assert faults('question,answer\na,"b" c\nd,e\n') == [("broken_quote", 2)]


def test_quotes_that_mislead_again_and_again_end_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LONGEST_ROW", 1_000)
    monkeypatch.setattr(tables, "_MOST_READ_AGAIN", 5_000)
    found = read("question,answer\n" + 'x""","""\n' * 10_000)
    assert isinstance(found[-1], Left)
    assert "not read" in found[-1].message
    assert len(found) < 20


def test_line_that_is_too_long_is_left_out_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LONGEST_ROW", 1_000)
    text = "question,answer\n" + "x" * 5_500 + "\na,b\n"
    assert faults(text) == [("row_too_long", 2)]
    assert values(text) == [{"question": "a", "answer": "b"}]


def test_duplicate_and_empty_names_are_made_usable_and_noted() -> None:
    dialect = guess_dialect(b"question,answer,answer,\n1,2,3,4\n")
    assert dialect.columns == ("question", "answer", "answer (2)", "column 4")
    assert len(dialect.notes) == 2


@pytest.mark.parametrize("first", ["What is a GPU?,A processor.", "卡在哪里？,在路上。", "12,34"])
def test_first_row_that_reads_like_data_is_no_header(first: str) -> None:
    found = values(f"{first}\nc,d\n")
    assert len(found) == 2
    assert list(found[0]) == ["column 1", "column 2"]


def test_cell_that_stands_again_below_is_no_name() -> None:
    assert not guess_dialect(b"hello,greeting\nbye,parting\nhi,greeting\n").has_header


def test_chinese_header_is_known() -> None:
    assert values("问题,回答\n你好吗,很好\n") == [{"问题": "你好吗", "回答": "很好"}]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig"])
def test_other_encodings_are_read(encoding: str) -> None:
    assert values("问题,回答\n你好,再见\n".encode(encoding), encoding=encoding) == [{"问题": "你好", "回答": "再见"}]


def test_bytes_of_another_encoding_are_told_at_their_row() -> None:
    text = b"question,answer\nok,fine\n" + "你好,再见\n".encode("gb18030")
    assert faults(text) == [("not_utf8", 3)]


@pytest.mark.parametrize("encoding", ["utf-16-le", "gb18030", "shift_jis"])
def test_bytes_that_another_encoding_lacks_are_told_at_their_row(encoding: str) -> None:
    text = "question,answer\nok,fine\nbad,".encode(encoding) + b"\x00\xd8\xff\x30" + "\nc,d\n".encode(encoding)
    assert faults(text, encoding=encoding)[:1] == [("not_utf8", 3)]


def test_unknown_encoding_is_the_users_mistake() -> None:
    with pytest.raises(UserError, match="no encoding"):
        read("a,b\n", encoding="utf-9")


@pytest.mark.parametrize("text", ["", "question,answer\n", "\n\n"])
def test_table_without_rows_is_told(text: str) -> None:
    assert [rule for rule, _ in faults(text)] == ["empty_table"]


def test_row_of_empty_cells_is_told() -> None:
    assert faults("question,answer\n,\na,b\n") == [("empty_row", 2)]


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufeff"), max_size=20)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=8))
def test_what_csv_writes_is_read_back(rows: list[tuple[str, str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("question", "answer"), *rows])
    dialect = tables.Dialect(",", ("question", "answer"), True, "")
    found = read_delimited(io.BytesIO(file.getvalue().encode()), "t.csv", dialect=dialect)
    kept = [tuple(one.value.values()) for one in found if isinstance(one, Record)]
    assert kept == [row for row in rows if any(row)]


@settings(max_examples=80, deadline=None)
@given(st.text(st.sampled_from('ab,"\n\r;\t'), max_size=60))
def test_any_text_ends_in_outcomes(text: str) -> None:
    assert all(isinstance(found, Record | Left) for found in read("question,answer\n" + text))


def test_conversation_in_a_cell_of_json_is_opened() -> None:
    text = 'messages,tools,note\n"[{""role"":""user"",""content"":""a""}]",,"[1]"\n"[oops",,b\n'
    assert values(text) == [
        {"messages": [{"role": "user", "content": "a"}], "note": "[1]"},
        {"messages": "[oops", "note": "b"},
    ]
