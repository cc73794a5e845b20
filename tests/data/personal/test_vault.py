"""The way back from a cleaned file: exact, or told as not exact."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.core import durable
from tunesmith.data.clean_row import Account, Cleaning
from tunesmith.data.cleaning import clean_file
from tunesmith.data.personal import vault as vaults
from tunesmith.data.personal.checksums import cn_id_check, iban_remainder, luhn_sum
from tunesmith.data.personal.person import erase_person
from tunesmith.data.personal.restoring import Restored, restore_file
from tunesmith.data.personal.scan import Scanner
from tunesmith.data.personal.surrogates import Surrogates
from tunesmith.data.personal.vault import Vault, edit_between, read_vault, write_vault

KEY = b"a key of these tests"


def digits(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


def iban(body: str) -> str:
    return f"DE{98 - iban_remainder('DE00' + body):02d}{body}"


NAMES = st.sampled_from(
    ["Ann Lee", "Bob O'Neil", "Thomas Brandt", "MARIA GARCIA", "Liu Wei", "Anna Schmidt", "Mr. Xu", "Jürgen Müller"]
)
CHINESE_NAMES = st.sampled_from(["王小明", "李芳", "欧阳娜", "张伟强", "陈静"])
DATES = st.dates().filter(lambda day: 1930 < day.year < 2010)
VALUES = st.one_of(
    NAMES.map("Dear {},".format), NAMES.map("my name is {}. ".format), NAMES.map("{} called".format),
    CHINESE_NAMES.map("我叫{}，".format), CHINESE_NAMES.map("联系人：{} ".format), CHINESE_NAMES.map("{}先生".format),
    st.builds("Tel. ({}) {},".format, digits(3), digits(6)), st.builds("phone {}-{}-{}".format, digits(3), digits(3), digits(4)),
    digits(9).map("电话139{}".format).map(lambda text: text[:13]), digits(7).map("+49 30 {}".format), digits(7).map("call 0049 (0)30 {}".format),
    st.builds("SSN {}-{}-{}".format, digits(3), digits(2), digits(4)), digits(9).map("my ssn: {}".format),
    st.builds("Call me at {}-{}-{}".format, digits(3), digits(2), digits(4)),
    digits(11).map(lambda body: f"card 4539{body}{-luhn_sum('4539' + body + '0') % 10}"),
    digits(18).map(lambda body: f"IBAN {iban(body)}"),
    st.builds(lambda day, end: "身份证110105" + f"{day:%Y%m%d}" + end + cn_id_check("110105" + f"{day:%Y%m%d}" + end), DATES, digits(3)),
    DATES.map(lambda day: f"born {day:%d/%m/%Y}"), DATES.map(lambda day: f"出生日期：{day.year}年{day.month}月{day.day}日"), DATES.map(str),
    digits(2).map("I live at {} Baker Street, London. ".format), digits(2).map("北京市海淀区中关村大街{}号".format),
    digits(4).map("a{}@corp.org".format), digits(4).map("A{}@Corp.org".format), digits(3).map("81.2.69.{}".format), digits(8).map("passport E{}".format),
    digits(6).map("password: hunter{}!x".format), st.sampled_from(["/home/annlee/x", "Exampleton", "1980-01-01", "[EMAIL]", "{", "}", "\n", "，", "and"]),
)  # fmt: skip
SAID = st.lists(VALUES, min_size=1, max_size=5).map(" ".join)


def row(said: str, answer: str, arguments: str | None) -> dict[str, Any]:
    told: dict[str, Any] = {"role": "assistant", "content": answer}
    if arguments is not None:
        function = {
            "name": "send",
            "arguments": json.dumps({"to": arguments, "phone": 13912345678}, ensure_ascii=False),
        }
        told["tool_calls"] = [{"id": "c1", "type": "function", "function": function}]
    return {"messages": [{"role": "user", "content": said}, told], "metadata": {"thread": f"<{len(said)}@corp.org>"}}


ROWS = st.lists(st.builds(row, SAID, SAID, st.none() | SAID), min_size=1, max_size=4)


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def read(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def cleaning(vault: Vault) -> Cleaning:
    return Cleaning(Scanner(), "surrogate", Surrogates(KEY), vault=vault)


def cleaned_and_back(folder: Path, rows: list[dict[str, Any]]) -> tuple[Account, Restored, list[Any]]:
    source, vault = write(folder / "in.jsonl", rows), Vault()
    account = clean_file(source, folder / "clean.jsonl", cleaning(vault), overwrite=True)
    restored = restore_file(folder / "clean.jsonl", folder / "back.jsonl", vault, overwrite=True)
    return account, restored, read(folder / "back.jsonl")


@settings(max_examples=120, deadline=None)
@given(ROWS)
def test_what_is_restored_is_what_was_cleaned_or_told_as_not_exact(rows: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        _, restored, back = cleaned_and_back(Path(folder), rows)
    assert back == rows or not restored.is_exact
    assert restored.unknown == 0


@settings(max_examples=80, deadline=None)
@given(ROWS)
def test_cleaning_again_under_another_key_changes_nothing(rows: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        cleaned_and_back(Path(folder), rows)
        again = Cleaning(Scanner(), "surrogate", Surrogates(b"quite another key"))
        assert clean_file(Path(folder, "clean.jsonl"), Path(folder, "again.jsonl"), again).rows_changed == 0


def test_rows_that_are_cleaned_to_the_same_stay_and_are_told(tmp_path: Path) -> None:
    rows = [
        row("password: hunter2!x", "ok", None),
        row("password: hunter3!x", "ok", None),
        row("Dear Ann Lee,", "ok", None),
    ]
    _, restored, back = cleaned_and_back(tmp_path, rows)
    assert (restored.doubtful, restored.is_exact, back[2]) == (2, False, rows[2])


def test_values_that_share_a_surrogate_come_back_each_in_its_row(tmp_path: Path) -> None:
    rows = [
        row(said, f"ok {number}", None)
        for number, said in enumerate(["to ann@corp.org", "to ANN@corp.org", "born 04/05/1980", "born 06/07/1980"])
    ]
    _, restored, back = cleaned_and_back(tmp_path, rows)
    assert (back, restored.is_exact) == (rows, True)


def test_a_date_that_somebody_wrote_is_not_taken_for_a_surrogate(tmp_path: Path) -> None:
    rows = [row(f"born {day}/05/1980", f"ok {day}", None) for day in range(10, 30)]
    rows += [row(f"We met on 01/01/{year}", "ok", None) | {"metadata": {}} for year in range(1978, 1983)]
    _, restored, back = cleaned_and_back(tmp_path, rows)
    assert (back, restored.is_exact) == (rows, True)


def test_rows_changed_since_are_restored_by_surrogates_and_told(tmp_path: Path) -> None:
    vault = Vault()
    source = write(tmp_path / "in.jsonl", [row("Dear Ann Lee,", "ok", None)])
    clean_file(source, tmp_path / "clean.jsonl", cleaning(vault))
    changed = write(tmp_path / "changed.jsonl", [each | {"metadata": {}} for each in read(tmp_path / "clean.jsonl")])
    restored = restore_file(changed, tmp_path / "back.jsonl", vault)
    assert (restored.unknown, restored.is_exact) == (1, False)
    assert read(tmp_path / "back.jsonl")[0]["messages"][0]["content"] == "Dear Ann Lee,"


def test_a_file_that_was_cleaned_with_another_vault_is_told(tmp_path: Path) -> None:
    clean_file(
        write(tmp_path / "in.jsonl", [row("Dear Ann Lee,", "ok", None)]), tmp_path / "c.jsonl", cleaning(Vault())
    )
    restored = restore_file(tmp_path / "c.jsonl", tmp_path / "back.jsonl", Vault())
    assert (restored.unknown, restored.is_exact) == (1, False)


def test_half_a_pair_of_utf_16_outlives_cleaning_and_restoring_and_erasing(tmp_path: Path) -> None:
    source, vault = tmp_path / "in.jsonl", Vault()
    rows = [row("Dear Ann Lee \ud800,", "ok", None), row("plain \ud800", "ok", None)]
    source.write_text("".join(json.dumps(each) + "\n" for each in rows))
    clean_file(source, tmp_path / "clean.jsonl", cleaning(vault))
    assert "\ud800" in read(tmp_path / "clean.jsonl")[0]["messages"][0]["content"]
    assert restore_file(tmp_path / "clean.jsonl", tmp_path / "back.jsonl", vault).is_exact
    assert read(tmp_path / "back.jsonl") == rows
    erase_person(["Ann Lee"], source, tmp_path / "erased.jsonl", "redact")
    assert read(tmp_path / "erased.jsonl")[0]["messages"][0]["content"] == "Dear [PERSON] \ud800,"


def test_a_vault_keeps_its_rows_in_its_file(tmp_path: Path) -> None:
    vault = Vault()
    clean_file(
        write(tmp_path / "in.jsonl", [row("Dear Ann Lee,", "ok", None), row("Hello", "ok", None)]),
        tmp_path / "c.jsonl",
        cleaning(vault),
    )
    write_vault(tmp_path / "v.json", vault, "sesame")
    assert read_vault(tmp_path / "v.json", "sesame") == vault
    assert len(vault.rows) == 2


def test_a_vault_of_the_first_format_still_opens(tmp_path: Path) -> None:
    write_vault(tmp_path / "v.json", Vault(), "sesame")
    made = msgspec.json.decode((tmp_path / "v.json").read_bytes(), type=vaults._File)
    head = msgspec.structs.replace(made.head, format=1)
    content = msgspec.json.encode({"Norvella": ("name", ["Ann"])})
    nonce = b64decode(head.nonce)
    sealed = vaults._cipher(head, "sesame").encrypt(nonce, content, msgspec.json.encode(head))
    durable.write_bytes(tmp_path / "v.json", msgspec.json.encode(vaults._File(head, vaults._text(sealed))))
    assert read_vault(tmp_path / "v.json", "sesame").originals("Norvella") == ("Ann",)


@given(st.text("ab"), st.text("ab"))
def test_one_edit_leads_from_one_text_to_the_other(now: str, was: str) -> None:
    start, end, text = edit_between(now, was)
    assert now[:start] + text + now[end:] == was
