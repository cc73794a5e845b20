"""The corpus: what is cleaned away and what stays, on lines written for these tests."""

from __future__ import annotations

import json
import lzma
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tunesmith.core.errors import UserError
from tunesmith.starter.corpus import (
    FILES,
    Corpus,
    Section,
    clean_chinese,
    clean_english,
    clean_markup,
    read_corpus,
    task_names,
)
from tunesmith.starter.passages import SHARES, corpus_rows, held_out_rows, num_tokens_about, sentences_of
from tunesmith.starter.unwanted import unwanted_in, unwanted_in_chinese

WALK = (
    "The road went down between two hedges, and at the end of it\nstood a house with a green door. “Who lives there?”\n"
    "asked the child.[3] Nobody answered--the wind alone was heard, and\na bell that rang a long way off in the valley.\n\n"
    "They walked on for an hour or more, and the sun stood high\nabove the fields; the dog ran before them and came back,\n"
    "and ran again, as if there were no end of pleasant days."
)
BOOK = f"""Title page

CHAPTER I. The Road

{WALK}

The first day ........ 1
The second day ....... 9

THE SECOND DAY WAS LIKE THE FIRST AND NOBODY SAID A WORD

[Illustration: a green door]

Transcriber's note: the spelling was kept as it stood.

{WALK.replace("road", "lane").replace("child", "boy")}

They drew their swords and meant to kill whoever came along the road that night, and nobody could stop them.

See www.example.com for more of this, as the author of the page would say.

Last page
"""
NOVEL = (
    "第一回\n却说老王问道： 你今日往那里去？ 小李笑道： 我去城里买书，晚上便回来，你可要一同去么？ 老王道： 也好。 \n"
    + (
        "两人说着便出了门，沿着河边慢慢走去，只见杨柳青青，水面上有几只小船，船上的人正在唱歌。"
        "走了半日，到了城门口，那里人来人往，十分热闹，小李便先去书店，老王在茶馆里坐着等他。\n"
        "众人拔刀便杀，血流满地。\n欲知后事如何，且听下回分解。"
    )
)
MANUAL = """# The tool

The tool reads a **file** and writes [another one](https://example.com/x), so that nobody has to do it by hand every day.

```bash
tool --read file
```

| a | b |
|---|---|

Write to someone@example.com when this page of the manual does not say enough about what you want to do.

It keeps what it has read in memory until the end, and tells you how much that was when it has written everything,
which may take a while where the files are large.
"""


@pytest.fixture
def make_corpus(tmp_path: Path) -> Callable[..., Corpus]:
    def make(**texts: str) -> Corpus:
        rows: dict[str, list[dict[str, Any]]] = {
            "prose_en": [{"title": "Emma", "author": "A. Writer", "text": texts.get("book", BOOK)}],
            "prose_zh": [{"book": "儒林外史", "chapter": "第一回", "text": texts.get("novel", NOVEL)}],
            "docs_en": [{"repo": "a/b", "path": "x.md", "text": texts.get("manual", MANUAL)}],
            "docs_zh": [],
            "poems_zh": [
                {
                    "title": "小河",
                    "author": "佚名",
                    "text": "小河流水向東來，兩岸青青草自開。\n行人不問春多少，只見飛花落滿臺。",
                }
            ],
        }
        rows["prose_en"].append({"title": "A Book Not Chosen", "author": "B", "text": BOOK})
        for kind, name in FILES.items():
            with lzma.open(tmp_path / name, "wt", encoding="utf-8") as file:
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows[kind])
        return read_corpus(tmp_path)

    return make


def paragraphs(corpus: Corpus, kind: str) -> list[str]:
    return [text for section in corpus.sections if section.kind == kind for text in section.paragraphs]


def test_a_book_keeps_its_prose_alone(make_corpus: Callable[..., Corpus]) -> None:
    corpus = make_corpus()
    kept = paragraphs(corpus, "prose_en")
    assert len(kept) == 4
    assert kept[0].startswith("The road went down between two hedges, and at the end of it stood")
    assert '"Who lives there?" asked the child. Nobody answered—the wind' in kept[0]
    rules = {rule for kind, rule in corpus.dropped if kind == "prose_en"}
    assert {"heading", "contents or table", "capitals", "note", "unwanted word", "address", "book not chosen"} <= rules


def test_a_section_ends_where_something_was_left_out(make_corpus: Callable[..., Corpus]) -> None:
    sections = [section for section in make_corpus().sections if section.kind == "prose_en"]
    assert [len(section.paragraphs) for section in sections] == [2, 2]


def test_no_name_of_the_quickstart_is_kept(make_corpus: Callable[..., Corpus]) -> None:
    name = sorted(task_names())[0]
    corpus = make_corpus(book=BOOK.replace("the sun stood high", f"{name} stood high"))
    assert not any(name in text for text in paragraphs(corpus, "prose_en"))
    assert corpus.dropped["prose_en", "kept for measuring"] == 2


def test_speech_in_a_novel_gets_its_quotes_back_and_violence_goes(make_corpus: Callable[..., Corpus]) -> None:
    corpus = make_corpus()
    kept = "".join(paragraphs(corpus, "prose_zh"))
    assert "老王问道：“你今日往那里去？”小李笑道：“我去城里买书" in kept
    assert "杀" not in kept
    assert "下回分解" not in kept
    assert corpus.dropped["prose_zh", "unwanted word"] == 1


def test_a_manual_loses_code_tables_addresses_and_marks(make_corpus: Callable[..., Corpus]) -> None:
    kept = paragraphs(make_corpus(), "docs_en")
    assert kept == [
        "The tool reads a file and writes another one, so that nobody has to do it by hand every day.",
        "It keeps what it has read in memory until the end, and tells you how much that was when it has written "
        "everything, which may take a while where the files are large.",
    ]


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("“It’s _here_,” she said--", '"It\'s here," she said—'),
        ("A note[12] and   blanks", "A note and blanks"),
        ("end.*", "end."),
    ],
)
def test_english_is_plain_afterwards(written: str, cleaned: str) -> None:
    assert clean_english(written) == cleaned


def test_chinese_without_speech_loses_its_blanks_only() -> None:
    assert clean_chinese("他在 石头记 里写道，此事可信。") == "他在石头记里写道，此事可信。"


def test_markup_is_plain_afterwards() -> None:
    assert clean_markup("- Use ``x`` and `the guide <guide.html>`_, **now**.") == "Use x and the guide, now."


def test_unwanted_words_are_found_at_a_words_beginning_only() -> None:
    assert unwanted_in("They were Murdering it") == "murdering"
    assert unwanted_in("a skilled, bloodless gunner classified races-free") == "bloodless"
    assert unwanted_in("the grape harvest was scrapped") is None
    assert unwanted_in_chinese("他拔刀就砍") == "砍"
    assert unwanted_in_chinese("他拿起书就走") is None


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gutenberg_en\.jsonl\.xz"):
        read_corpus(tmp_path)


# ---- rows ----------------------------------------------------------------------------------------


@pytest.fixture
def large_corpus() -> Corpus:
    """Sections enough of every kind, none of them anybody's text."""

    def english(number: str) -> str:
        return (
            f"Walk {number} was long. The road went on by the river. Then came a bridge of grey stone. Nobody met us."
        )

    def chinese(number: str) -> str:
        return f"第{number}天他们走了很久。路边有一条小河。后来到了一座石桥。谁也没有遇见。"

    sections = []
    for kind in SHARES:
        say = chinese if kind.endswith("_zh") else english
        for number in range(120):
            texts = tuple(say(f"{kind[:2]}{kind[-2:]}{number}x{place}y") for place in range(60))
            sections.append(Section(kind, "题" if kind.endswith("_zh") else "T", "A", texts))
    return Corpus(tuple(sections), Counter(), {})


def test_rows_are_the_same_for_the_same_seed(large_corpus: Corpus) -> None:
    assert list(corpus_rows(large_corpus, 1, 20_000)) == list(corpus_rows(large_corpus, 1, 20_000))
    assert list(corpus_rows(large_corpus, 1, 20_000)) != list(corpus_rows(large_corpus, 2, 20_000))


def test_every_answer_stands_in_the_corpus(large_corpus: Corpus) -> None:
    whole = {"".join(section.paragraphs).replace(" ", "") for section in large_corpus.sections}
    text = "".join(sorted(whole))
    for row in corpus_rows(large_corpus, 1, 60_000):
        for message in row["messages"]:
            if message["role"] == "assistant":
                answer = message["content"].removeprefix("A. ").removeprefix("B. ").removeprefix("C. ")
                assert "".join(answer.split()) in text


def test_rows_alternate_user_and_assistant_and_fill_the_budget(large_corpus: Corpus) -> None:
    rows = list(corpus_rows(large_corpus, 1, 60_000))
    for row in rows:
        assert [message["role"] for message in row["messages"]] == ["user", "assistant"] * (len(row["messages"]) // 2)
    total = sum(num_tokens_about(message["content"]) for row in rows for message in row["messages"])
    assert 60_000 <= total < 63_000
    assert {len(row["messages"]) for row in rows} > {2}


def test_held_out_texts_are_in_no_row(large_corpus: Corpus) -> None:
    held_out = {p for s in large_corpus.sections if s.is_held_out and s.kind == "prose_en" for p in s.paragraphs}
    assert held_out
    rows = corpus_rows(large_corpus, 1, 200_000)
    said = "\n".join(message["content"] for row in rows for message in row["messages"])
    assert [paragraph for paragraph in held_out if paragraph in said] == []
    assert held_out_rows(large_corpus, 1, "prose_en", 5)


def test_sentences_do_not_end_at_titles() -> None:
    assert sentences_of("Mr. Hill came. Mrs. Hill left!", False) == ["Mr. Hill came. ", "Mrs. Hill left!"]
    assert sentences_of("“来。”他说。走了！", True) == ["“来。”", "他说。", "走了！"]
