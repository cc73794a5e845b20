"""Rows without personal data, and an account of every change."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.core.errors import Problems, UserError
from tunesmith.data.clean_row import Account, Cleaning, Policy, clean_row
from tunesmith.data.cleaning import clean_file, list_findings, survey_file
from tunesmith.data.personal.checksums import cn_id_check, iban, iban_remainder, luhn, luhn_sum
from tunesmith.data.personal.decisions import Decisions, read_decisions
from tunesmith.data.personal.reserved import is_reserved
from tunesmith.data.personal.scan import Scanner
from tunesmith.data.personal.surrogates import Surrogates
from tunesmith.data.personal.vault import Vault
from tunesmith.data.validate import validate_file
from tunesmith.data.versions import read_version

KEY = b"a key of these tests"
SAID = "Dear Ann Lee, call 13912345678 or write to ann@corp.org. 联系人王小明，身份证11010519491231002X。"


def cleaning(policy: Policy = "redact", decisions: Decisions | None = None, key: bytes = KEY) -> Cleaning:
    return Cleaning(Scanner(), policy, Surrogates(key), decisions or Decisions())


def row(text: str, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "Done."}], **more}


def cleaned(text: str, policy: Policy = "redact", key: bytes = KEY) -> str:
    result = clean_row(row(text), "row", cleaning(policy, key=key))
    assert result is not None
    return str(result["messages"][0]["content"])


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def test_redaction_puts_a_tag_of_the_kind() -> None:
    assert cleaned(SAID) == "Dear [NAME], call [PHONE] or write to [EMAIL]. 联系人[NAME]，身份证[CN_ID]。"


def test_a_row_without_findings_is_the_same_object() -> None:
    harmless = row("What is the capital of France?")
    assert clean_row(harmless, "row", cleaning()) is harmless


def test_the_same_value_gets_the_same_surrogate_everywhere() -> None:
    first, second = cleaned("Mail ann@corp.org now", "surrogate"), cleaned("Is ANN@corp.org right?", "surrogate")
    assert first.split()[1] == second.split()[1]
    assert "corp" not in first


@pytest.mark.parametrize(
    "said", ["SSN {}", "Tel. (062) 577799, SSN {}", "Call me about my SSN {}", "Call my phone: {}", "卡 {} 电话"]
)
def test_a_surrogate_is_not_found_as_something_else_by_the_words_before_it(said: str) -> None:
    account = Account()
    changed = clean_row(row(said.format("531-28-1912")), "row", cleaning("surrogate"), account)
    assert changed is not None
    assert Surrogates(KEY).of("us_ssn", "531-28-1912") in changed["messages"][0]["content"]
    assert (account.found["us_ssn"], account.replaced["us_ssn"]) == (1, 1)


def test_a_number_that_is_no_ssn_does_not_become_one() -> None:
    first = cleaned("My SSN is 078-05-1120", "surrogate")
    assert first.startswith("My SSN is 666-")
    assert cleaned(first, "surrogate") == first


def test_another_key_gives_other_surrogates() -> None:
    assert cleaned(SAID, "surrogate") != cleaned(SAID, "surrogate", b"quite another key")


def test_a_person_keeps_one_surrogate_by_whole_name_and_by_parts() -> None:
    whole, part = cleaned("Dear Ann Fosbury,", "surrogate"), cleaned("Dear Ms. Fosbury,", "surrogate")
    assert whole.split()[2] == part.split()[2]


PIECES = st.sampled_from(
    [
        "Dear Ann Lee,", "Kind regards,\nBob O'Neil", "Mr. Xu", "我叫王小明，", "尊敬的李女士", "联系人：欧阳芳 ", "ann@corp.org", "+49 30 901820", "(212) 736-5000",
        "13912345678", "010-62751234", "Tel. 780 6326", "4929 1234 5678 9010", "DE89 3704 0044 0532 0130 00", "SSN 219-09-9998", "11010519491231002X",
        "passport E12345678", "born 4/12/1980", "出生日期：1980年4月12日", "born on 5 May 1980", "81.2.69.160", "2a02:26f0::5c12", "3c:22:fb:10:ab:9d",
        "password: hunter2!x", "/home/annlee/x", "https://c.org/users/annlee", "微信：wang_2020", "12 Maple Street, Springfield, IL 62704", "北京市海淀区中关村大街1号",
        "driver's license F162823540116", "车牌京A7B2C9", "[EMAIL]", "user-0a1b2c3d", "and", "，", "\n", " ", "so I said", "the", "7",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=6), max_size=8).map(" ".join) | st.lists(PIECES, max_size=5).map("".join)


@settings(max_examples=120, deadline=None)
@given(TEXTS, st.sampled_from(["redact", "surrogate"]))
def test_what_was_cleaned_is_not_changed_again(text: str, policy: Policy) -> None:
    once = cleaned(text, policy)
    assert cleaned(once, policy, b"whatever key it is") == once


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_redacting_surrogates_changes_nothing(text: str) -> None:
    once = cleaned(text, "surrogate")
    assert cleaned(once, "redact") == once


DIGITS = st.text("0123456789", min_size=4, max_size=4)


@settings(max_examples=80, deadline=None)
@given(st.text("0123456789", min_size=11, max_size=11), st.sampled_from(["4539", "5412", "3714", "6222", "6011"]))
def test_a_cards_surrogate_is_a_card_of_nobody(digits: str, start: str) -> None:
    body = start + digits[: 10 if start == "3714" else 11]
    card = body + str(-luhn_sum(body + "0") % 10)
    other = Surrogates(KEY).of("card", card)
    assert (len(other), luhn(other), is_reserved("card", other), other[0]) == (len(card), True, True, card[0])


@settings(max_examples=40, deadline=None)
@given(st.text("0123456789", min_size=14, max_size=14), st.sampled_from(["DE", "GB"]))
def test_an_ibans_surrogate_is_a_valid_iban_of_nobody(digits: str, country: str) -> None:
    body = ("WEST" if country == "GB" else "3704") + digits
    value = f"{country}{98 - iban_remainder(country + '00' + body):02d}{body}"
    other = Surrogates(KEY).of("iban", value)
    assert (iban(other), other[:2], is_reserved("iban", other)) == (True, country, True)


@settings(max_examples=60, deadline=None)
@given(
    st.from_regex(
        r"(\+1 [2-9][0-9]{2}-[0-9]{3}-[0-9]{4}|1[3-9][0-9]{9}|\+49 30 [0-9]{7}|0571-[2-8][0-9]{7}|\(212\) [0-9]{3}-[0-9]{4}|\+86 1[3-9][0-9]{9})",
        fullmatch=True,
    )
)
def test_a_phones_surrogate_keeps_its_shape_and_is_nobodys(phone: str) -> None:
    other = Surrogates(KEY).of("phone", phone)
    shape = ["9" if sign.isdigit() else sign for sign in phone]
    assert (["9" if sign.isdigit() else sign for sign in other], is_reserved("phone", other)) == (shape, True)


@pytest.mark.parametrize(
    "phone", ["010-80610119", "028-30203915", "001-253-366-9781", "0490 75 40 81", "12533669781", "+44 20 7946 1234"]
)
def test_a_real_number_is_not_taken_for_nobodys(phone: str) -> None:
    assert not is_reserved("phone", phone)


def test_an_ids_surrogate_has_its_check_digit_and_parity() -> None:
    other = Surrogates(KEY).of("cn_id", "11010519491231002X")
    assert (cn_id_check(other[:17]), other[:2], int(other[16]) % 2) == (other[17], "99", 0)


def test_tool_arguments_stay_json() -> None:
    arguments = json.dumps({"to": "Ann Lee <ann@corp.org>", "phone": 13912345678, "note": 'say "hi"\nto 王小明先生'})
    call = {"id": "c1", "type": "function", "function": {"name": "send", "arguments": arguments}}
    for policy in ("redact", "surrogate"):
        changed = clean_row({"messages": [{"role": "assistant", "tool_calls": [call]}]}, "row", cleaning(policy))
        assert changed is not None
        value = json.loads(changed["messages"][0]["tool_calls"][0]["function"]["arguments"])
        assert set(value) == {"to", "phone", "note"}
        assert "corp" not in value["to"]
        assert value["phone"] != 13912345678
        assert "小明" not in value["note"]


def test_names_of_functions_and_speakers_stay_well_formed() -> None:
    before = {
        "messages": [
            {"role": "user", "name": "Ann_Lee", "content": "Hi"},
            {"role": "tool", "name": "Ann", "content": "x"},
        ]
    }
    changed = clean_row(before, "row", cleaning())
    assert changed is not None
    assert [message["name"] for message in changed["messages"]] == ["NAME", "Ann"]


def test_a_thread_stays_a_group_under_redaction() -> None:
    threads = []
    for said in ("one", "two"):
        changed = clean_row(row(said, metadata={"thread": "<x1@mail.corp.org>"}), "row", cleaning())
        assert changed is not None
        threads.append(changed["metadata"]["thread"])
    assert threads[0] == threads[1] != "<x1@mail.corp.org>"


def test_everything_is_accounted_for(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [row(SAID), row("Hello."), row("Mail a@example.com")] * 4)
    account = clean_file(source, tmp_path / "out.jsonl", cleaning())
    assert (account.rows_read, account.rows_changed, account.rows_dropped) == (12, 4, 0)
    assert account.found == {"name": 8, "phone": 4, "email": 8, "cn_id": 4}
    assert account.replaced == {"name": 8, "phone": 4, "email": 4, "cn_id": 4}
    assert account.left_as_nobodys == {"email": 4}


def test_the_version_names_the_parent_and_the_counts(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [row(SAID)])
    clean_file(source, tmp_path / "out.jsonl", cleaning())
    version = read_version(tmp_path / "out.jsonl")
    assert version is not None
    assert (version.parents[0].name, version.operations[0].counts["replaced_email"]) == ("in.jsonl", 1)


def test_cleaned_files_validate_and_untouched_lines_are_the_same_bytes(tmp_path: Path) -> None:
    odd = '{"messages":  [{"role":"user","content":"caf\\u00e9"},{"role":"assistant","content":"1.10"}]}\n'
    source = tmp_path / "in.jsonl"
    source.write_text(odd + json.dumps(row(SAID)) + "\n" + odd * 9, "utf-8")
    clean_file(source, tmp_path / "out.jsonl", cleaning("surrogate"))
    assert (tmp_path / "out.jsonl").read_text("utf-8").startswith(odd)
    assert validate_file(tmp_path / "out.jsonl").errors == ()


def test_dropping_leaves_out_the_rows_with_findings(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [row(SAID), row("Hello.")])
    account = clean_file(source, tmp_path / "out.jsonl", cleaning("drop"))
    assert (account.rows_dropped, (tmp_path / "out.jsonl").read_text("utf-8").count("\n")) == (1, 1)


def test_a_survey_counts_the_same_and_writes_nothing(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [row(SAID), row("Hello.")])
    surveyed = survey_file(source, cleaning())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl"]
    assert surveyed.as_json() == clean_file(source, tmp_path / "out.jsonl", cleaning()).as_json()


def test_what_is_not_covered_is_said() -> None:
    account = Account()
    clean_row(row("x"), "row", cleaning(), account)
    assert account.not_covered == ()
    from tunesmith.data.personal.coverage import not_covered

    assert any("named-entity model" in sentence for sentence in not_covered(["name"], 0))
    assert not any("named-entity model" in sentence for sentence in not_covered(["name"], 1))


def test_a_rejected_finding_stays_and_the_rest_goes(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [row(SAID)])
    phone = next(listed for listed in list_findings(source, Scanner()) if listed.kind == "phone")
    decided = Decisions(by_id={phone.id: "reject"}, by_value={"Ann Lee": "reject"})
    account = clean_file(source, tmp_path / "out.jsonl", cleaning(decisions=decided))
    text = (tmp_path / "out.jsonl").read_text("utf-8")
    assert "13912345678" in text
    assert "Ann Lee" in text
    assert "corp.org" not in text
    assert account.left_as_decided == {"phone": 1, "name": 1}


def test_an_accepted_value_is_taken_out_though_nobody_found_it() -> None:
    decided = Decisions(by_value={"Project Falcon": "accept"}, kinds={"Project Falcon": "account"})
    changed = clean_row(row("All about Project Falcon here"), "row", cleaning(decisions=decided))
    assert changed is not None
    assert changed["messages"][0]["content"] == "All about [ACCOUNT] here"


def test_ids_of_findings_are_stable_and_masked_lists_hold_no_value(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [row(SAID)])
    first, second = list(list_findings(source, Scanner())), list(list_findings(source, Scanner()))
    assert [listed.id for listed in first] == [listed.id for listed in second]
    assert not any("corp" in json.dumps(listed.as_json(masked=True)) for listed in first)


@pytest.mark.parametrize(
    "content", ["{", '{"decisions": [{"decision": "maybe", "id": "x"}]}', '{"decisions": [{"decision": "accept"}]}']
)
def test_a_bad_file_of_decisions_gets_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "d.json").write_text(content)
    with pytest.raises(UserError):
        read_decisions(tmp_path / "d.json")


def test_lines_that_are_no_rows_stop_the_cleaning_and_leave_nothing(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [row(SAID)])
    source.write_text(source.read_text("utf-8") + "[1]\n{broken\n", "utf-8")
    with pytest.raises(Problems) as refused:
        clean_file(source, tmp_path / "out.jsonl", cleaning())
    assert [problem.line for problem in refused.value.problems] == [2, 3]
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_neither_the_input_nor_an_existing_file_is_overwritten(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [row(SAID)])
    with pytest.raises(UserError, match="never changed in place"):
        clean_file(source, source, cleaning(), overwrite=True)
    other = write(tmp_path / "out.jsonl", [])
    with pytest.raises(UserError, match="exists already"):
        clean_file(source, other, cleaning())


@pytest.mark.parametrize("policy", ["redact", "surrogate", "drop"])
def test_several_processes_clean_and_list_as_one_does(
    policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row(SAID), row("Hello."), row("Mail a@example.com"), row(f"I am Anna Schmidt, {SAID}")] * 40
    source = write(tmp_path / "in.jsonl", rows)
    by_one, by_several = Vault(), Vault()
    listed = list(list_findings(source, Scanner()))
    account = clean_file(source, tmp_path / "one.jsonl", replace(cleaning(policy), vault=by_one))
    monkeypatch.setattr("tunesmith.data.cleaning._LEAST_BYTES", 0)
    monkeypatch.setattr("tunesmith.data.cleaning._PART_BYTES", 3_000)
    monkeypatch.setattr("tunesmith.data.file_parts.num_cores", lambda: 3)
    several = clean_file(source, tmp_path / "several.jsonl", replace(cleaning(policy), vault=by_several))
    assert (tmp_path / "several.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()
    assert several.as_json() == account.as_json()
    assert by_several == by_one
    assert list(list_findings(source, Scanner())) == listed
    source.write_text(source.read_text("utf-8") + "[1]\n", "utf-8")
    with pytest.raises(Problems) as refused:
        clean_file(source, tmp_path / "none.jsonl", cleaning(policy))
    assert [problem.line for problem in refused.value.problems] == [161]
    assert not (tmp_path / "none.jsonl").exists()
