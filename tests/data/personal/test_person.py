"""The rows of one person, the vault, and the canaries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tunesmith.core.errors import UserError
from tunesmith.data.clean_row import Cleaning
from tunesmith.data.cleaning import clean_file
from tunesmith.data.personal.canaries import measure_recall, wilson
from tunesmith.data.personal.person import erase_person, find_person
from tunesmith.data.personal.recognizers import load_recognizers
from tunesmith.data.personal.restoring import restore_file
from tunesmith.data.personal.scan import Scanner
from tunesmith.data.personal.surrogates import Surrogates
from tunesmith.data.personal.vault import Vault, read_vault, write_vault
from tunesmith.data.versions import read_version


def write(path: Path, texts: list[str], **more: Any) -> Path:
    rows = [
        {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "Yes."}], **more}
        for text in texts
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


@pytest.mark.parametrize(
    ("who", "text"),
    [
        ("Ann Lee", "ANN  LEE came"),
        ("Ann Lee", "Lee, Ann (staff)"),
        ("Ann Lee", "signed A. Lee"),
        ("Ann Lee", "Ann Maria Lee"),
        ("Ann Lee", "to ann.lee@corp.org"),
        ("Ann Lee", "to alee2@corp.org"),
        ("ann@corp.org", "to Ann+news@Corp.org"),
        ("+44 20 7946 0123", "ring (020) 7946-0123"),
        ("13912345678", "ring +86 139 1234 5678"),
        ("王小明", "找 王 小明 吧"),
        ("Pat O'Neil", "signed Pat O’Neil"),
        ("Pat O’Neil", "signed PAT O'NEIL"),
        ("José Núñez", "signed Jose\u0301 Nu\u0301n\u0303ez"),
        ("Jose Nunez", "signed José Núñez"),
        ("José Núñez", "signed Jose Nunez"),
        ("Łukasz Strauß", "signed Lukasz Strauss"),
        ("Thomas Brandt", "in /home/tbrandt/x"),
    ],
)
def test_a_person_is_found_in_every_form(tmp_path: Path, who: str, text: str) -> None:
    assert [found.line for found in find_person([who], [write(tmp_path / "a.jsonl", ["nothing", text])])] == [2]


WRITTEN = [
    "+49 30 901820", "030 901820", "(030) 901820", "030/901820", "030-901820", "0049 (0)30 901820", "+49 (0)30 901820", "0049 30 901820",
    "+49 30 90 18 20", "030901820", "+49.30.901820", "+4930901820", "+49/30/901820", "30 901820", "+49 (30) 901820", "＋49 30 901820",
]  # fmt: skip


@pytest.mark.parametrize(
    "who", ["+49 30 901820", "030 901820", "0049 (0)30 901820", "+49 (0)30 901820", "(030) 90 18 20"]
)
def test_a_number_is_found_with_and_without_its_country(tmp_path: Path, who: str) -> None:
    source = write(tmp_path / "a.jsonl", [f"Tel {number}." for number in WRITTEN])
    assert len(list(find_person([who], [source]))) == len(WRITTEN)


@pytest.mark.parametrize("who", ["+1 202 555 0127", "1-202-555-0127", "(202) 555-0127", "12025550127"])
def test_an_american_number_is_found_with_and_without_its_one(tmp_path: Path, who: str) -> None:
    numbers = [
        "1-202-555-0127",
        "202.555.0127",
        "(202) 555-0127",
        "2025550127",
        "001 202 555 0127",
        "+12025550127",
        "1 (202) 555-0127",
    ]
    source = write(tmp_path / "a.jsonl", numbers)
    assert len(list(find_person([who], [source]))) == len(numbers)


@pytest.mark.parametrize(
    ("who", "text"),
    [
        ("+49 30 901820", "+44 30 901820"),
        ("+49 30 901820", "030 9018201"),
        ("030 901820", "12330901820"),
        ("+49 30 901820", "+49 40 901820"),
        ("Ann Lee", "Joann Leeds and an leek"),
        ("13912345678", "139123456789"),
        ("ann@corp.org", "joann@corp.org"),
    ],
)
def test_somebody_else_is_not(tmp_path: Path, who: str, text: str) -> None:
    assert list(find_person([who], [write(tmp_path / "a.jsonl", [text])])) == []


def test_what_is_no_person_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no name"):
        list(find_person(["12"], [write(tmp_path / "a.jsonl", ["x"])]))


def test_erasing_leaves_out_the_rows_and_names_nobody_in_the_version(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", ["Ask Ann Lee", "Ask Bob"])
    erased = erase_person(["Ann Lee"], source, tmp_path / "b.jsonl")
    assert (erased.rows_read, erased.rows_erased) == (2, 1)
    version = read_version(tmp_path / "b.jsonl")
    assert version is not None
    assert (version.operations[0].counts["rows_erased"], "Lee" in json.dumps(version.as_json())) == (1, False)


def test_in_a_row_that_names_a_person_the_parts_of_the_name_are_redacted_too(tmp_path: Path) -> None:
    said = [
        "Thomas Brandt: Dear Mr. Brandt, hi Thomas, BRANDT! The brandt of thomas.",
        "王小明说：小明在，王先生，王国",
    ]
    source = write(tmp_path / "a.jsonl", said)
    erase_person(["Thomas Brandt", "王小明"], source, tmp_path / "b.jsonl", "redact")
    rows = [json.loads(line) for line in (tmp_path / "b.jsonl").read_text("utf-8").splitlines()]
    assert [row["messages"][0]["content"] for row in rows] == [
        "[PERSON]: Dear Mr. [PERSON], hi [PERSON], [PERSON]! The brandt of thomas.",
        "[PERSON]说：[PERSON]在，[PERSON]先生，王国",
    ]


def test_rows_with_a_part_of_the_name_alone_are_counted_and_their_lines_told(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", ["Ask Ann Lee", "Dear Ms. Lee,", "to the lee side", "O’Ann"])
    erased = erase_person(["Ann Lee"], source, tmp_path / "b.jsonl", "redact")
    assert (erased.rows_erased, erased.rows_with_a_part, erased.lines_with_a_part) == (1, 2, (2, 4))


def test_marks_go_with_their_letters_when_a_name_is_redacted(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", ["«Jose\u0301 Nune\u0301» e\u0301té ﬁn ß José Nuné’s"])
    erase_person(["José Nuné"], source, tmp_path / "b.jsonl", "redact")
    row = json.loads((tmp_path / "b.jsonl").read_text("utf-8"))
    assert row["messages"][0]["content"] == "«[PERSON]» e\u0301té ﬁn ß [PERSON]’s"


def test_redacting_a_person_keeps_the_row(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", ["Ask Ann Lee or A. Lee (ann.lee@corp.org)"], metadata={"author": "Ann Lee"})
    erase_person(["Ann Lee"], source, tmp_path / "b.jsonl", "redact")
    row = json.loads((tmp_path / "b.jsonl").read_text("utf-8"))
    assert (row["messages"][0]["content"], row["metadata"]["author"]) == (
        "Ask [PERSON] or [PERSON] ([PERSON])",
        "[PERSON]",
    )


def test_a_vault_opens_with_its_passphrase_only(tmp_path: Path) -> None:
    vault = Vault()
    vault.remember("name", "Norvella Brackmoor", "Ann Lee")
    write_vault(tmp_path / "v.json", vault, "sesame")
    assert read_vault(tmp_path / "v.json", "sesame").originals("Norvella Brackmoor") == ("Ann Lee",)
    assert b"Ann" not in (tmp_path / "v.json").read_bytes()
    with pytest.raises(UserError, match="passphrase is not its own"):
        read_vault(tmp_path / "v.json", "mustard")


def test_a_vault_that_was_changed_does_not_open(tmp_path: Path) -> None:
    write_vault(tmp_path / "v.json", Vault(), "sesame")
    value = json.loads((tmp_path / "v.json").read_text())
    value["head"]["cost"] //= 2
    (tmp_path / "v.json").write_text(json.dumps(value))
    with pytest.raises(UserError):
        read_vault(tmp_path / "v.json", "sesame")


@pytest.mark.parametrize("change", [{"cost": 1 << 40}, {"kdf": "none"}, {"format": 3}])
def test_a_vault_of_unknown_making_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    write_vault(tmp_path / "v.json", Vault(), "sesame")
    value = json.loads((tmp_path / "v.json").read_text())
    value["head"] |= change
    (tmp_path / "v.json").write_text(json.dumps(value))
    with pytest.raises(UserError, match="is no vault"):
        read_vault(tmp_path / "v.json", "sesame")


def test_a_vault_puts_the_originals_back(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", ["Dear Ann Fosbury, write to ann@corp.org", "联系人王小明，电话13912345678"])
    vault = Vault()
    clean_file(source, tmp_path / "b.jsonl", Cleaning(Scanner(), "surrogate", Surrogates(b"k" * 16), vault=vault))
    assert restore_file(tmp_path / "b.jsonl", tmp_path / "c.jsonl", vault).rows_changed == 2
    rows = [
        [json.loads(line) for line in (tmp_path / name).read_text("utf-8").splitlines()]
        for name in ("a.jsonl", "c.jsonl")
    ]
    assert rows[0] == rows[1]


def test_canaries_measure_every_kind_and_leave_the_file_alone(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", ["How do I reset it? I tried twice.", "怎么重置？我试了两次。"] * 5)
    before = source.read_bytes()
    recalls = {recall.kind: recall for recall in measure_recall(source, Scanner(), 20)}
    assert source.read_bytes() == before
    assert (recalls["email"].found, recalls["card"].found, recalls["cn_id"].found) == (20, 20, 20)
    assert recalls["passport"].bare_found == 0


def test_canaries_of_a_scanner_that_looks_for_nothing_are_not_found(tmp_path: Path) -> None:
    class Blind(Scanner):
        def find_in_row(self, row: Any) -> Any:
            return {}

    recalls = measure_recall(write(tmp_path / "a.jsonl", ["Hello there"]), Blind(), 4)
    assert {recall.found for recall in recalls} == {0}


def test_wilsons_interval_is_the_published_one() -> None:
    low, high = wilson(9, 10)
    assert (round(low, 3), round(high, 3)) == (0.596, 0.982)


class Nobody:
    def find(self, texts: list[str]) -> list[list[Any]]:
        return [[] for _ in texts]


def test_a_recognizer_is_loaded_by_module_and_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_names.py").write_text(
        "class Own:\n    def find(self, texts):\n        return [[] for _ in texts]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert load_recognizers(["own_names:Own"])[0].find(["x"]) == [[]]


@pytest.mark.parametrize("name", ["nowhere", "json:nothing", "no_such_module:x", "json:JSONDecoder"])
def test_a_recognizer_that_cannot_be_had_gets_a_sentence(name: str) -> None:
    with pytest.raises(UserError):
        load_recognizers([name])
