"""Documents become passages with their places; nothing of them goes without one or a reason."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.core.errors import UserError
from tunesmith.data.importers.documents import Passage, html_text, passages
from tunesmith.data.importers.rows import Left
from tunesmith.data.synthesis.tokens import estimated_tokens

SENTENCE = "The quick brown fox jumps over the lazy dog near the old river bank at dawn. "


def found(path: Path, passage_tokens: int = 500) -> tuple[list[Passage], Counter[str]]:
    outcomes = list(passages(path, passage_tokens))
    kept = [one for one in outcomes if isinstance(one, Passage)]
    return kept, Counter(one.rule for one in outcomes if isinstance(one, Left))


def test_markdown_passages_stand_under_their_headings_with_lines(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(f"# One\n\n{SENTENCE * 3}\n\n# Two\n\n{SENTENCE * 4}\n\n{SENTENCE * 20}")
    kept, _ = found(tmp_path / "a.md", 200)
    assert [(one.heading, one.place.line) for one in kept[:2]] == [("One", 1), ("Two", 5)]
    assert kept[1].name == "a.md#2"
    assert all(estimated_tokens(one.text) <= 210 for one in kept)


def test_rows_of_a_file_are_documents(tmp_path: Path) -> None:
    rows = [{"title": "Fox", "text": SENTENCE * 2}, SENTENCE.upper(), {"n": 1}, "short"]
    (tmp_path / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "{broken\n")
    kept, left = found(tmp_path / "d.jsonl")
    assert [(one.name, one.heading, one.place.line) for one in kept] == [
        ("d.jsonl:1#1", "Fox", 1),
        ("d.jsonl:2#1", "", 2),
    ]
    assert left == {"no_text": 1, "passage_too_short": 1, "invalid_json": 1}


def test_folder_names_what_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "ok.txt").write_text(SENTENCE * 2)
    (tmp_path / "again.txt").write_text(SENTENCE * 2)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "hidden.txt").write_bytes(b"%PDF-1.7")
    (tmp_path / "b.txt").write_bytes("héllo".encode("latin-1"))
    (tmp_path / "c.txt").write_bytes(b"a\0b")
    (tmp_path / ".git").mkdir()
    (tmp_path / "e.txt").write_text("\n")
    kept, left = found(tmp_path)
    assert [one.document for one in kept] == ["again.txt"]
    assert left == {"unsupported_document": 3, "not_utf8": 1, "hidden": 1, "duplicate_passage": 1, "empty_document": 1}


def test_pdf_is_told_how_to_become_text(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    (left,) = passages(tmp_path)
    assert isinstance(left, Left)
    assert "pdftotext" in left.hint


def test_html_is_what_a_reader_sees() -> None:
    source = (
        "<html><head><title>t</title><style>p{}</style></head><body><nav>menu</nav><h2>Lamps &amp; more</h2>"
        "<p>One\n<b>bold</b> word.<br>Two<!-- not > this --><script>if (a < b) x()</script></p><li>3 < 4</li></body></html>"
    )
    assert html_text(source) == "t\n\n# Lamps & more\n\nOne bold word.\n\nTwo\n\n3 < 4"


def test_tag_that_is_never_closed_hides_nothing() -> None:
    assert html_text("<head><title>t</title><body><nav>a<p>b<svg>c</svg>d<nav>e") == "t\n\na\n\nbde"


@pytest.mark.parametrize(
    "source", ["<!--" * 200_000, "<a " * 200_000, "<script>" * 100_000, "&#" * 200_000, "<" * 500_000, "<p>" * 200_000, "<nav>" * 200_000],
    ids=lambda source: repr(source[:8]),
)  # fmt: skip
@pytest.mark.timeout(30)
def test_hostile_html_is_read_at_once(source: str) -> None:
    assert len(html_text(source)) <= len(source) * 2


@pytest.mark.parametrize("text", ["a" * 300_000, " " * 300_000, "\n " * 150_000, "字" * 100_000, ". " * 150_000])
@pytest.mark.timeout(30)
def test_text_without_paragraphs_is_cut_at_once(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    kept, _ = found(tmp_path)
    assert all(estimated_tokens(one.text) <= 510 for one in kept)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["word ", "字", ". ", "\n", "\n\n", "# head\n", "longerword", "。"]), max_size=200))
def test_no_letter_is_lost(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    path = tmp_path_factory.mktemp("d") / "a.txt"
    path.write_text("".join(parts) + SENTENCE * 3, encoding="utf-8")
    outcomes = list(passages(path, 60))
    kept = "".join(one.text for one in outcomes if isinstance(one, Passage))
    lost = Counter(path.read_text().replace("\n", "").replace(" ", "")) - Counter(kept)
    too_short = sum(isinstance(one, Left) and one.rule == "passage_too_short" for one in outcomes)
    repeated = sum(isinstance(one, Left) and one.rule == "duplicate_passage" for one in outcomes)
    assert not lost or too_short or repeated


def test_path_without_anything_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no"):
        list(passages(tmp_path / "nothing"))
