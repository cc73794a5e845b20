"""Mail becomes questions with their answers, and every message is accounted for."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.data.importers.mail.letters_for_tests import FROM_LINE, answer, box, mail, question

from tunesmith.core.errors import UserError
from tunesmith.data.importers.mail.importing import import_mail
from tunesmith.data.importers.mail.options import MailOptions
from tunesmith.data.importers.rows import Left, Made, Outcome
from tunesmith.data.validate import validate_file

BO = MailOptions(me=("bo@shop.example",))


def made(path: Path, options: MailOptions | None = None) -> list[dict[str, Any]]:
    return [outcome.row for outcome in import_mail(path, options) if isinstance(outcome, Made)]


def said(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in row["messages"]]


def rules(path: Path, options: MailOptions | None = None) -> Counter[str]:
    return Counter(outcome.rule for outcome in import_mail(path, options) if isinstance(outcome, Left))


def accounted(outcomes: list[Outcome]) -> int:
    """How many messages the outcomes speak of, each once."""
    used = {key for one in outcomes if isinstance(one, Made) for key in one.row["metadata"]["messages"].split()}
    return len(used) + sum(isinstance(one, Left) for one in outcomes)


PAIR = [("user", "Where is my card?"), ("assistant", "It was posted today.")]


def test_answer_is_paired_with_what_it_answers(tmp_path: Path) -> None:
    (row,) = made(box(tmp_path, question(), answer()))
    assert said(row) == PAIR
    assert row["metadata"]["author"] == "bo@shop.example"
    assert (
        row["metadata"]["people"]
        == "Ann <ann@mail.example>; <help@shop.example>; Bo <bo@shop.example>; <ann@mail.example>"
    )


def test_answer_may_lie_before_its_question(tmp_path: Path) -> None:
    (row,) = made(box(tmp_path, answer(), question()))
    assert said(row) == PAIR


def test_reply_without_ids_is_found_by_subject_and_reader(tmp_path: Path) -> None:
    others = question("q2", "Not mine", "Al <al@mail.example>")
    path = box(tmp_path, question(), others, answer(answers="", subject="AW: Card"))
    assert [said(row) for row in made(path)] == [PAIR]


def test_reply_by_subject_is_not_older_than_a_month(tmp_path: Path) -> None:
    late = answer(answers="", subject="Re: Card", Date="Mon, 02 Mar 2026 09:00:00 +0000")
    assert rules(box(tmp_path, question(), late), BO) == {"no_question": 1, "unanswered": 1}


def test_question_is_taken_from_the_quote_where_its_message_is_missing(tmp_path: Path) -> None:
    text = "It was posted today.\n\nOn 5 Jan 2026 Ann <ann@mail.example> wrote:\n> Where is my card?\n"
    (row,) = made(box(tmp_path, answer(text=text), name="Sent Items"))
    assert said(row) == PAIR
    assert row["metadata"]["question_from"] == "quote"


def test_our_own_quoted_words_are_no_question(tmp_path: Path) -> None:
    text = "And one thing more.\n\nOn 5 Jan 2026 Bo <bo@shop.example> wrote:\n> It was posted.\n"
    assert rules(box(tmp_path, answer(text=text)), BO) == {"no_question": 1}


def test_answer_without_a_question_is_left_out(tmp_path: Path) -> None:
    assert rules(box(tmp_path, answer()), BO) == {"no_question": 1}


def test_two_messages_before_the_answer_are_one_question(tmp_path: Path) -> None:
    second = question("q2", "It is urgent.", answers="q")
    (row,) = made(box(tmp_path, question(), second, answer(answers="q2")))
    assert said(row)[0] == ("user", "Where is my card?\n\nIt is urgent.")


def test_empty_question_is_asked_by_its_subject(tmp_path: Path) -> None:
    (row,) = made(box(tmp_path, question(text="", subject="Where is my card?"), answer()))
    assert said(row) == PAIR


def test_forwarded_question_is_read_whole(tmp_path: Path) -> None:
    text = "Can you help?\n\n---------- Forwarded message ---------\nFrom: Al <al@x.example>\nSubject: Card\n\nMy card is lost."
    (row,) = made(box(tmp_path, question(text=text), answer()))
    assert said(row)[0] == ("user", "Can you help?\n\nMy card is lost.")


def test_forwarding_alone_is_no_answer(tmp_path: Path) -> None:
    text = "---------- Forwarded message ---------\nFrom: Ann <ann@mail.example>\nSubject: Card\n\nMy card is lost."
    assert rules(box(tmp_path, question(), answer(text=text)), BO) == {"forward": 1, "unanswered": 1}


def test_whole_thread_is_one_row_of_several_turns(tmp_path: Path) -> None:
    path = box(
        tmp_path, question(), answer(), question("q2", "Thanks, and the PIN?", answers="a"), answer("a2", "Soon.", "q2")
    )
    (row,) = made(path, MailOptions(whole_threads=True))
    assert said(row) == [*PAIR, ("user", "Thanks, and the PIN?"), ("assistant", "Soon.")]


def test_answer_in_two_threads_is_trained_on_once(tmp_path: Path) -> None:
    asked = [question(f"q{number}", f"And {number}?", answers="a") for number in (1, 2)]
    told = [answer(f"a{number}", f"Yes {number}.", f"q{number}") for number in (1, 2)]
    rows = made(box(tmp_path, question(), answer(), *asked, *told), MailOptions(whole_threads=True))
    weights = [
        [message.get("weight", 1) for message in row["messages"] if message["role"] == "assistant"] for row in rows
    ]
    assert weights == [[1, 1], [0, 1]]


def test_messages_that_answer_each_other_in_a_ring_end(tmp_path: Path) -> None:
    path = box(tmp_path, question(answers="a"), answer())
    assert accounted(list(import_mail(path, MailOptions(whole_threads=True, me=BO.me)))) == 2


@pytest.mark.parametrize(
    "rule, headers",
    [
        ("bounce", {"Content_Type": "multipart/report"}),
        ("auto_reply", {"Auto_Submitted": "auto-replied"}),
        ("auto_reply", {"subject": "自动回复: 出差"}),
        ("mailing_list", {"List_Id": "<l.example>"}),
        ("mailing_list", {"Precedence": "bulk"}),
        ("calendar_invite", {"Content_Type": "text/calendar"}),
        ("deleted", {"X_Mozilla_Status": "0009"}),
        ("spam", {"X_Spam_Flag": "YES"}),
    ],
)
def test_what_nobody_wrote_is_left_out(tmp_path: Path, rule: str, headers: dict[str, str]) -> None:
    path = box(tmp_path, question(), answer(), question("x", "No letter.", **headers))
    assert rules(path) == {rule: 1}


def test_mailing_lists_are_kept_on_request(tmp_path: Path) -> None:
    path = box(tmp_path, question(List_Id="<l.example>"), answer(List_Id="<l.example>"))
    assert made(path, BO) == []
    assert len(made(path, MailOptions(me=BO.me, keep_lists=True))) == 1


def test_second_copy_of_a_message_is_left_out(tmp_path: Path) -> None:
    assert rules(box(tmp_path, question(), answer(), answer())) == {"duplicate": 1}


def test_encrypted_answer_is_left_out(tmp_path: Path) -> None:
    path = box(tmp_path, question(), answer(text="-----BEGIN PGP MESSAGE-----\nxx"))
    assert rules(path, BO) == {"encrypted": 1, "unanswered": 1}


def test_who_wrote_nothing_is_told_and_not_learnt_of(tmp_path: Path) -> None:
    told: list[str] = []
    path = box(tmp_path, question(), answer())
    lefts = list(import_mail(path, MailOptions(me=("@typo.example",), tell=told.append)))
    assert {(one.rule, one.message) for one in lefts if isinstance(one, Left)} == {
        ("unknown_me", "No message is of @typo.example: is it misspelt?")
    }
    both = MailOptions(me=("bo@shop.example", "@typo.example"), tell=told.append)
    assert len(made(path, both)) == 1
    assert told[1].endswith("No message is of @typo.example: is it misspelt?")


def test_too_long_a_text_is_left_out_not_cut(tmp_path: Path) -> None:
    path = box(tmp_path, question(), answer(text="word " * 30))
    assert rules(path, MailOptions(me=BO.me, max_chars=100)) == {"too_long": 1, "unanswered": 1}


def test_older_answers_are_left_out(tmp_path: Path) -> None:
    path = box(
        tmp_path,
        question(),
        answer(),
        question("q2"),
        answer("a2", answers="q2", Date="Tue, 06 Jan 2026 09:00:00 +0000"),
    )
    options = MailOptions(me=BO.me, since=date(2026, 1, 6))
    assert (len(made(path, options)), rules(path, options)) == (1, {"before_since": 2})


def test_who_answers_is_the_domain_of_several(tmp_path: Path) -> None:
    questions = [mail(f"q{n}", f"u{n}@gmail.com", "help@shop.example", "Why?") for n in range(3)]
    answers = [mail(f"a{n}", f"agent{n}@shop.example", f"u{n}@gmail.com", "So.", f"q{n}") for n in range(3)]
    heard: list[str] = []
    rows = made(box(tmp_path, *questions, *answers), MailOptions(tell=heard.append))
    assert len(rows) == 3
    assert heard == ["Answers are those of @shop.example, who wrote 3 of 3 replies."]


def test_nobody_is_guessed_where_nobody_stands_out(tmp_path: Path) -> None:
    letters = [mail(str(n), f"u{n}@gmail.com", "x@y.example", "Hello") for n in range(4)]
    assert rules(box(tmp_path, *letters)) == {"unknown_me": 4}


def test_writer_of_the_sent_folder_is_who_answers(tmp_path: Path) -> None:
    box(tmp_path, question(), question("q2"), name="INBOX")
    box(tmp_path, answer(), name="Gesendet")
    assert [said(row) for row in made(tmp_path)] == [PAIR]


def test_whole_conversations_under_the_name_of_sent_mail_are_told_by_who_answers(tmp_path: Path) -> None:
    letters = [each for n in range(3) for each in (question(f"q{n}"), answer(f"a{n}", answers=f"q{n}"))]
    box(tmp_path, *letters, name="sent.mbox")
    assert [said(row) for row in made(tmp_path)] == [PAIR] * 3


def test_label_of_an_export_tells_the_sent_mail(tmp_path: Path) -> None:
    asked = question(X_Gmail_Labels="Posteingang")
    (row,) = made(box(tmp_path, asked, answer(X_Gmail_Labels='=?UTF-8?Q?Gesendet,"Wichtig"?=')))
    assert row["metadata"]["author"] == "bo@shop.example"


def test_rows_are_valid_training_examples(tmp_path: Path) -> None:
    pairs = (text for n in range(12) for text in (question(f"q{n}", f"Why {n}?"), answer(f"a{n}", f"No {n}.", f"q{n}")))
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in made(box(tmp_path, *pairs))))
    report = validate_file(path)
    assert (report.num_rows, list(report.errors)) == (12, [])


def test_subject_stands_above_the_question_on_request(tmp_path: Path) -> None:
    (row,) = made(box(tmp_path, question(subject="[Ticket #12] Card"), answer()), MailOptions(with_subject=True))
    assert said(row)[0] == ("user", "Card\n\nWhere is my card?")


def test_address_that_is_none_is_refused() -> None:
    with pytest.raises(UserError, match="no mail address"):
        MailOptions(me=("bo",))


def test_missing_path_is_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not there"):
        list(import_mail(tmp_path / "none"))


LETTERS = st.builds(
    mail,
    number=st.sampled_from("1 2 3 4 5 6 7 8".split()),
    sender=st.sampled_from(["bo@shop.example", "ann@mail.example", "al@mail.example", ""]),
    reader=st.sampled_from(["bo@shop.example", "ann@mail.example"]),
    text=st.sampled_from(
        ["Hello?", "", "> quoted\n", "Yes.\n-- \nBo", "On 1.1.2026 ann@mail.example wrote:\n> Why?\n\nSo."]
    ),
    answers=st.sampled_from(["", "1", "2", "3", "9"]),
    subject=st.sampled_from(["Card", "Re: Card", "Fwd: Card", "[#12] x"]),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(LETTERS, max_size=8), st.booleans())
def test_every_message_is_part_of_a_row_or_left_out(tmp_path: Path, letters: list[str], whole_threads: bool) -> None:
    path = box(tmp_path, *letters)
    outcomes = list(import_mail(path, MailOptions(me=BO.me, whole_threads=whole_threads)))
    assert accounted(outcomes) == max(len(letters), 1)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.binary(max_size=200) | st.sampled_from([FROM_LINE.encode(), b"\n\n", b"Content-Type: text/html\n", b"--b\n"])
    )
)
def test_random_bytes_never_raise(tmp_path: Path, pieces: list[bytes]) -> None:
    path = tmp_path / "box.mbox"
    path.write_bytes(FROM_LINE.encode() + b"".join(pieces))
    assert list(import_mail(path, BO))
