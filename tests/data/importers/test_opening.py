"""What is packed is opened within bounds; names in archives are data."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from tunesmith.core.errors import UserError
from tunesmith.data.importers.opened import Opened
from tunesmith.data.importers.opening import sources
from tunesmith.data.importers.rows import Left
from tunesmith.data.importers.unpacking import DamagedSource, Limits, PackedTooTightly

TEXT = '{"text": "水 and fire"}\n'.encode() * 50
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}


def opened_at(path: Path, limits: Limits | None = None) -> list[Opened]:
    return [one for one in sources(path, limits or Limits()) if isinstance(one, Opened)]


def lefts_at(path: Path) -> list[str]:
    return [one.rule for one in sources(path) if isinstance(one, Left)]


def read(opened: Opened) -> bytes:
    with opened.open() as file:
        return file.read()


def written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize("kind", PACKERS)
def test_packed_file_reads_as_it_was(kind: str, tmp_path: Path) -> None:
    [opened] = opened_at(written(tmp_path / f"a.jsonl.{kind}", PACKERS[kind](TEXT)))
    assert (read(opened), opened.suffix, opened.head) == (TEXT, ".jsonl", TEXT)


@pytest.mark.parametrize("kind", PACKERS)
def test_streams_one_after_the_other_are_one_file(kind: str, tmp_path: Path) -> None:
    [opened] = opened_at(written(tmp_path / "a.jsonl.packed", PACKERS[kind](TEXT) + PACKERS[kind](b"more")))
    assert read(opened) == TEXT + b"more"


@pytest.mark.parametrize("kind", PACKERS)
def test_packed_file_that_ends_early_is_damaged(kind: str, tmp_path: Path) -> None:
    noise = bytes(range(256)) * 4000 + TEXT
    packed = PACKERS[kind](noise)
    path = written(tmp_path / f"a.jsonl.{kind}", packed[: len(packed) * 2 // 3])
    if opened := opened_at(path):
        with pytest.raises(DamagedSource, match="damaged after"):
            read(opened[0])
    else:
        assert lefts_at(path) == ["damaged_file"]


@pytest.mark.parametrize("kind", PACKERS)
def test_bomb_is_refused_after_the_bound(kind: str, tmp_path: Path) -> None:
    path = written(tmp_path / f"a.jsonl.{kind}", PACKERS[kind](bytes(9_000_000)))
    with pytest.raises(PackedTooTightly, match="more than is safe"):
        [read(opened) for opened in opened_at(path, Limits(ratio_from_bytes=1_000_000))]


def test_zip_bomb_is_refused_though_its_header_lies_small(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.jsonl": bytes(9_000_000)})
    found = sources(path, Limits(most_bytes=2_000_000))
    opened = next(found)
    assert isinstance(opened, Opened)
    with pytest.raises(PackedTooTightly):
        read(opened)


def test_members_are_named_after_their_archive(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"b.jsonl": TEXT, "../../evil.csv": b"a,b\n"})
    assert [opened.name for opened in opened_at(path)] == ["a.zip!b.jsonl", "a.zip!../../evil.csv"]
    assert not (tmp_path.parent / "evil.csv").exists()


def test_archive_in_an_archive_is_told(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"b.jsonl.gz": gzip.compress(TEXT), "c.jsonl": TEXT})
    assert lefts_at(path) == ["nested_archive"]
    assert len(opened_at(path)) == 1


def test_encrypted_member_is_told(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"b.jsonl": TEXT})
    content = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + offset] |= 1
    path.write_bytes(bytes(content))
    assert lefts_at(path) == ["encrypted"]


@pytest.mark.parametrize("kind", ["", "gz", "xz"])
def test_tar_gives_its_files_and_tells_its_links(kind: str, tmp_path: Path) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:") as archive:
        member = tarfile.TarInfo("in/b.jsonl")
        member.size = len(TEXT)
        archive.addfile(member, io.BytesIO(TEXT))
        link = tarfile.TarInfo("passwd")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    packed = PACKERS[kind](content.getvalue()) if kind else content.getvalue()
    path = written(tmp_path / f"a.tar{'.' * bool(kind)}{kind}", packed)
    found = [(one.name, read(one)) if isinstance(one, Opened) else one.rule for one in sources(path)]
    assert found == [(f"{path.name}!in/b.jsonl", TEXT), "not_a_file"]


def test_folder_gives_its_files_in_order_and_tells_hidden_ones(tmp_path: Path) -> None:
    for name in ("d/b.jsonl", "d/a.csv", "d/.DS_Store", "d/a.csv.version.json"):
        written(tmp_path / name, TEXT)
    assert [opened.name for opened in opened_at(tmp_path / "d")] == ["d/a.csv", "d/b.jsonl"]
    assert lefts_at(tmp_path / "d") == ["hidden_file", "hidden_file"]


def test_links_of_a_folder_are_read_if_they_lead_to_a_file(tmp_path: Path) -> None:
    written(tmp_path / "elsewhere" / "a.csv", TEXT)
    (tmp_path / "d").mkdir()
    for name, target in (("1.csv", "elsewhere/a.csv"), ("2", "elsewhere"), ("3", "nowhere"), ("4", "d")):
        (tmp_path / "d" / name).symlink_to(tmp_path / target)
    assert [opened.name for opened in opened_at(tmp_path / "d")] == ["d/1.csv"]
    assert lefts_at(tmp_path / "d") == ["not_a_file"] * 3


@pytest.mark.parametrize("how", [zipped, tarred])
def test_what_comes_first_is_given_before_the_others(how: Callable[..., Path], tmp_path: Path) -> None:
    path = how(tmp_path / "a.archive", {f"{name}.jsonl": TEXT for name in "abc"})
    found = [
        one.inner_name for one in sources(path, comes_first=lambda one: one.name[-7] != "a") if isinstance(one, Opened)
    ]
    assert found == ["b.jsonl", "c.jsonl", "a.jsonl"]


@pytest.mark.parametrize("end", [b"", b"no header" * 99, bytes(99) + b"x"])
def test_members_before_the_damage_of_a_tar_are_given(tmp_path: Path, end: bytes) -> None:
    path = tarred(tmp_path / "a.tar", {"a.jsonl": TEXT, "b.jsonl": TEXT, "c.jsonl": TEXT})
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"c.jsonl") + (0 if end else 100)] + end)
    found = [one.inner_name if isinstance(one, Opened) else one.rule for one in sources(path)]
    assert found == ["a.jsonl", "b.jsonl", "damaged_file"]


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {f"{number}.jsonl": TEXT for number in range(5)})
    with pytest.raises(UserError, match="more than 4 files"):
        opened_at(path, Limits(most_members=4))


def test_damaged_zip_is_told(tmp_path: Path) -> None:
    assert lefts_at(written(tmp_path / "a.zip", b"PK\x03\x04" + TEXT)) == ["damaged_file"]


def test_workbook_is_one_file_and_no_archive(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.xlsx", {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"})
    assert [opened.name for opened in opened_at(path)] == ["a.xlsx"]


def test_packed_file_lies_on_disk_only_while_it_is_read(tmp_path: Path) -> None:
    [opened] = opened_at(written(tmp_path / "a.csv.gz", gzip.compress(TEXT)))
    with opened.on_disk() as path:
        assert (path.read_bytes(), path.suffix) == (TEXT, ".csv")
    assert not path.exists()


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(UserError, match="is not there"):
        list(sources(Path("/nowhere/a.jsonl")))
