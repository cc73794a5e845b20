"""Mail that lies in several files is read as one, however they are packed."""

from __future__ import annotations

import gzip
import io
import json
import mailbox
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.data.importers.mail.letters_for_tests import FROM_LINE, answer, mail, question

from tunesmith.data.importers.convert import Conversion, ConvertOptions, NothingMade, convert
from tunesmith.data.importers.mail.importing import import_mail
from tunesmith.data.importers.mail.options import MailOptions
from tunesmith.data.importers.making import Notes
from tunesmith.data.importers.previewing import preview
from tunesmith.data.importers.reading import read_sources
from tunesmith.data.importers.rows import Left
from tunesmith.data.importers.source import ReadOptions
from tunesmith.data.importers.unpacking import Limits, PackedTooTightly

PAIR = ("Where is my card?", "It was posted today.")
INDEX = '// <!-- <mdb:mork:z v="1.4"/> -->\n< <(a=c)> // (f=iso-8859-1)\n'
Members = Mapping[str, str]


def boxed(*messages: str) -> str:
    return "\n".join(FROM_LINE + message for message in messages)


ACCOUNT = {"Mail/INBOX.msf": INDEX, "Mail/INBOX": boxed(question()), "Mail/Sent": boxed(answer())}


def as_folder(place: Path, members: Members) -> list[Path]:
    for name, text in members.items():
        file = place / "account" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    return [place / "account"]


def as_files(place: Path, members: Members) -> list[Path]:
    (folder,) = as_folder(place, members)
    return [folder / name for name in members if not name.endswith(".msf")]


def as_zip(place: Path, members: Members) -> list[Path]:
    with zipfile.ZipFile(place / "account.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text.encode())
    return [place / "account.zip"]


def as_tar(place: Path, members: Members) -> list[Path]:
    with tarfile.open(place / "account.tar.gz", "w:gz") as archive:
        for name, text in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return [place / "account.tar.gz"]


def as_packed_files(place: Path, members: Members) -> list[Path]:
    (place / "account").mkdir()
    for name, text in members.items():
        (place / "account" / f"{Path(name).name}.gz").write_bytes(gzip.compress(text.encode()))
    return [place / "account"]


WAYS = pytest.mark.parametrize("packed", [as_folder, as_files, as_zip, as_tar, as_packed_files])
Packed = Callable[[Path, Members], list[Path]]


def converted(place: Path, paths: list[Path], read: ReadOptions | None = None) -> Conversion:
    return convert(paths, place / "out.jsonl", ConvertOptions(read or ReadOptions()))


def pairs(place: Path) -> list[tuple[str, str]]:
    rows = [json.loads(line)["messages"] for line in (place / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    return [(asked["content"], told["content"]) for asked, told in rows]


def left(done: Conversion) -> dict[str, int]:
    return {one.rule: one.count for one in done.left}


@WAYS
def test_question_of_the_inbox_finds_its_answer_among_sent_mail(tmp_path: Path, packed: Packed) -> None:
    done = converted(tmp_path, packed(tmp_path, ACCOUNT))
    assert pairs(tmp_path) == [PAIR]
    assert (done.num_left, done.sources[-1].format) == (0 if packed is as_files else 1, "mail")


@WAYS
def test_message_that_lies_in_two_boxes_counts_once_and_is_told(tmp_path: Path, packed: Packed) -> None:
    both = {"All Mail": boxed(question(), answer()), "Sent": boxed(answer()), "问题": boxed(question())}
    done = converted(tmp_path, packed(tmp_path, both))
    assert (pairs(tmp_path), left(done)) == ([PAIR], {"duplicate": 2})


@WAYS
def test_second_copy_among_sent_mail_still_tells_who_answers(tmp_path: Path, packed: Packed) -> None:
    others = [mail(f"o{n}", f"u{n}@gmail.com", "ann@mail.example", "So?", "q") for n in range(3)]
    heard: list[str] = []
    members = {"All Mail": boxed(question(), answer(), *others), "Sent": boxed(answer())}
    converted(tmp_path, packed(tmp_path, members), ReadOptions(mail=MailOptions(tell=heard.append)))
    assert heard == ["Answers are those of bo@shop.example, who wrote the sent mail."]


@pytest.mark.parametrize("packed", [as_folder, as_zip, as_tar])
def test_files_of_a_mail_program_beside_mail_are_told_and_never_rows(tmp_path: Path, packed: Packed) -> None:
    beside = {"Mail/1.dat": 'version="9"\nlogging="no"\n', "Mail/filterlog.html": "<p>x</p>", "Mail/empty": ""}
    done = converted(tmp_path, packed(tmp_path, {**beside, **ACCOUNT}))
    assert (pairs(tmp_path), left(done)) == ([PAIR], {"not_mail": 4})


@pytest.mark.parametrize("packed", [as_folder, as_zip, as_tar])
def test_table_beside_mail_is_read_as_a_table(tmp_path: Path, packed: Packed) -> None:
    table = {"faq.csv": "question,answer\nIs it open?,Yes.\n"}
    done = converted(tmp_path, packed(tmp_path, {**ACCOUNT, **table}))
    assert pairs(tmp_path) == [("Is it open?", "Yes."), PAIR]
    assert [source.made for source in done.sources if source.made] == [1, 1]


def test_maildir_in_an_archive_keeps_its_folder_of_sent_mail(tmp_path: Path) -> None:
    maildir = mailbox.Maildir(tmp_path / "Mail")
    maildir.add(question())
    maildir.add_folder("Sent").add(answer())
    with zipfile.ZipFile(tmp_path / "mail.zip", "w") as archive:
        for file in sorted((tmp_path / "Mail").rglob("*")):
            archive.write(file, file.relative_to(tmp_path))
    done = converted(tmp_path, [tmp_path / "mail.zip"])
    assert (pairs(tmp_path), left(done)) == ([PAIR], {"hidden_file": 1})


def test_undelivered_mail_of_a_maildir_is_left_out(tmp_path: Path) -> None:
    members = {"Mail/cur/1:2,S": question(), "Mail/new/2": answer(), "Mail/tmp/3": question("t", "Half a")}
    done = converted(tmp_path, as_zip(tmp_path, members))
    assert (pairs(tmp_path), left(done)) == ([PAIR], {"unfinished": 1})


def test_hidden_folder_that_is_given_is_read(tmp_path: Path) -> None:
    (folder,) = as_folder(tmp_path, ACCOUNT)
    converted(tmp_path, [folder.rename(tmp_path / ".thunderbird")])
    assert pairs(tmp_path) == [PAIR]


@pytest.mark.parametrize("packed", [as_zip, as_tar])
def test_copies_of_packed_mail_are_gone_afterwards(
    tmp_path: Path, packed: Packed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (path,) = packed(tmp_path, ACCOUNT)
    assert len(preview(path, ReadOptions(), most=1).samples) == 1
    assert list(import_mail(path))
    assert list((tmp_path / "temporary").iterdir()) == []


def test_copies_of_packed_mail_are_bounded_together(tmp_path: Path) -> None:
    boxes = {f"{number}.mbox": boxed(question(text="x" * 60_000)) for number in range(40)}
    limits = Limits(ratio_from_bytes=1_000_000, most_ratio=20)
    with pytest.raises(PackedTooTightly, match="unpacks to more than is safe"):
        list(read_sources(as_zip(tmp_path, boxes), ReadOptions(limits=limits), Notes()))


def test_damaged_mailbox_of_an_archive_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    noise = "".join(chr(33 + (number * number * 7919) % 90) for number in range(300_000))
    broken = {"Mail/Old": boxed(question("old", noise))}
    (path,) = as_zip(tmp_path, {**broken, **ACCOUNT})
    content = bytearray(path.read_bytes())
    at = len(content) // 2
    content[at : at + 40] = bytes(40)
    path.write_bytes(content)
    done = converted(tmp_path, [path])
    assert (pairs(tmp_path), left(done)) == ([PAIR], {"damaged_file": 1, "not_mail": 1})


def test_archive_without_mail_keeps_the_order_of_its_files(tmp_path: Path) -> None:
    members = {f"{name}.csv": f"question,answer\nIs it {name}?,Yes.\n" for name in "cab"}
    converted(tmp_path, as_zip(tmp_path, members))
    assert [asked for asked, _ in pairs(tmp_path)] == ["Is it c?", "Is it a?", "Is it b?"]


def test_archive_that_ends_early_is_told(tmp_path: Path) -> None:
    (path,) = as_tar(tmp_path, {"INBOX": boxed(question(text="".join(map(str, range(99_999)))))})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(NothingMade) as nothing:
        converted(tmp_path, [path])
    assert left(nothing.value.conversion) == {"damaged_file": 1}


def test_all_mail_of_a_path_is_counted(tmp_path: Path) -> None:
    rules = Counter(one.rule for one in import_mail(*as_zip(tmp_path, ACCOUNT)) if isinstance(one, Left))
    assert rules == {"not_mail": 1}
