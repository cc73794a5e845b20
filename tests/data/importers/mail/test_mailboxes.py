"""Mailboxes of every kind are taken apart at the right places."""

from __future__ import annotations

import mailbox
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.data.importers.mail.letters_for_tests import FROM_LINE, answer, box, question

from tunesmith.data.importers.mail.mail_files import MailFiles
from tunesmith.data.importers.mail.mailboxes import Found, messages
from tunesmith.data.importers.opened import Opened
from tunesmith.data.importers.opening import sources
from tunesmith.data.importers.rows import Left


def messages_at(path: Path) -> Iterator[Found | Left]:
    with MailFiles() as files:
        for opened in sources(path):
            if isinstance(opened, Opened):
                files.add(opened)
            else:
                yield opened
        for box in files.boxes():
            yield from [box] if isinstance(box, Left) else messages(box)


def found(path: Path) -> list[Found]:
    return [one for one in messages_at(path) if isinstance(one, Found)]


def bodies(path: Path) -> Iterator[str]:
    for one in found(path):
        with one.stored.box.path.open("rb") as file:
            yield one.stored.read(file).replace(b"\r\n", b"\n").decode().partition("\n\n")[2].strip()


def left(path: Path) -> list[str]:
    return [one.rule for one in messages_at(path) if isinstance(one, Left)]


def test_messages_lie_where_the_library_finds_them(tmp_path: Path) -> None:
    path = box(tmp_path, question(), answer(), question("q2", "中文问题"))
    library = [str(message["Message-ID"]) for message in mailbox.mbox(path)]
    ids = [
        next(line for line in one.head.decode().split("\n") if line.startswith("Message-ID"))[12:]
        for one in found(path)
    ]
    assert ids == library


def test_escaped_from_lines_are_the_bodys(tmp_path: Path) -> None:
    path = box(tmp_path, question(text=">From now on, use the app.\n>>From there too."), answer())
    assert list(bodies(path)) == ["From now on, use the app.\n>From there too.", "It was posted today."]


@pytest.mark.parametrize("line", ["From here on all is well.", "From 9:30 on we are open.", "From: me", "From"])
def test_sentences_that_begin_with_from_are_no_border(tmp_path: Path, line: str) -> None:
    assert len(found(box(tmp_path, question(text=f"Hello\n\n{line}\nand so on"), answer()))) == 2


@pytest.mark.parametrize(
    "line",
    [
        "From - Mon Jan  5 09:00:00 2026",
        "From ???@??? Mon Jan 05 09:00:00 2026",
        "From jo@x.example",
        "From jo 5 Jan 26 09:00 +0100",
    ],
)
def test_odd_from_lines_are_borders(tmp_path: Path, line: str) -> None:
    path = tmp_path / "box"
    path.write_text(f"{line}\n{question()}\n{line}\n{answer()}\n")
    assert list(bodies(path)) == ["Where is my card?", "It was posted today."]


def test_windows_line_breaks_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    path = box(tmp_path, question(), answer())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert list(bodies(path)) == ["Where is my card?", "It was posted today."]


def test_content_length_protects_a_body_that_holds_a_message(tmp_path: Path) -> None:
    inner = f"Hello\n\n{FROM_LINE}From: x@y.example\n\nnot a message\n"
    path = box(tmp_path, question(text=inner, Content_Length=str(len(inner) + 1)), answer())
    assert list(bodies(path)) == [inner.strip(), "It was posted today."]


def test_wrong_content_length_is_not_believed(tmp_path: Path) -> None:
    assert len(found(box(tmp_path, question(Content_Length="9999999"), answer(Content_Length="3")))) == 2


def test_borders_are_found_across_blocks(tmp_path: Path) -> None:
    for size in range((1 << 20) - 250, (1 << 20) - 130, 7):
        path = box(tmp_path, question(text="x" * size), answer())
        assert len(found(path)) == 2, size


def test_maildir_is_read_with_its_subfolders(tmp_path: Path) -> None:
    maildir = mailbox.Maildir(tmp_path / "Mail")
    maildir.add(question())
    maildir.add_folder("Sent").add(answer())
    (tmp_path / "Mail" / "tmp" / "half").write_text(question("half"))
    assert [one.stored.box.is_sent for one in found(tmp_path / "Mail")] == [True, False]
    assert left(tmp_path / "Mail") == ["hidden_file", "unfinished"]


def test_deleted_messages_of_a_maildir_are_left_out(tmp_path: Path) -> None:
    maildir = mailbox.Maildir(tmp_path / "Mail")
    message = mailbox.MaildirMessage(question())
    message.set_flags("ST")
    message.set_subdir("cur")
    maildir.add(message)
    assert (found(tmp_path / "Mail"), left(tmp_path / "Mail")) == ([], ["deleted"])


def test_folder_of_single_messages_names_what_is_no_mail(tmp_path: Path) -> None:
    (tmp_path / "1.eml").write_text(question())
    (tmp_path / "notes.txt").write_text("shopping list\n")
    (tmp_path / "empty").write_text("")
    (tmp_path / "link.eml").symlink_to(tmp_path / "none")
    assert (len(found(tmp_path)), left(tmp_path)) == (1, ["not_a_file", "not_mail", "not_mail"])


@pytest.mark.parametrize(
    "name", ["Sent", "Sent Items.mbox", "sent-mail", "Gesendete Objekte", "已发送", "[Gmail].Sent Mail"]
)
def test_folder_of_sent_mail_is_known_by_its_name(tmp_path: Path, name: str) -> None:
    assert [one.stored.box.is_sent for one in found(box(tmp_path, answer(), name=name))] == [True]


def test_headers_of_a_hundred_thousand_addresses_are_read(tmp_path: Path) -> None:
    many = ",\n ".join(f"u{number}@mail.example" for number in range(100_000))
    assert len(found(box(tmp_path, question(Cc=many), answer()))) == 2


def test_headers_without_end_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "1.eml"
    path.write_bytes(b"From: a@b.example\nX-Long: " + b"x" * (9 << 20))
    assert left(path) == ["huge_headers"]
