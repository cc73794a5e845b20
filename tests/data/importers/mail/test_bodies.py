"""The text of a message is found in its parts, and read by the charset it is really in."""

from __future__ import annotations

import base64
from email.message import EmailMessage

import pytest

from tunesmith.data.importers.mail.bodies import body
from tunesmith.data.importers.mail.charsets import decoded
from tunesmith.data.importers.mail.headers import message_ids, parse, people, readable
from tunesmith.data.importers.mail.html_text import html_to_text


def text(*lines: str) -> str:
    return body("\n".join(lines).encode()).text.strip()


def test_plain_alternative_is_preferred() -> None:
    message = EmailMessage()
    message.set_content("plain 中文")
    message.add_alternative("<p>html</p>", subtype="html")
    message.add_attachment(b"\0" * 100, maintype="image", subtype="png", filename="a.png")
    message.add_attachment("attached words", filename="a.txt")
    assert body(message.as_bytes()).text.strip() == "plain 中文"


def test_html_is_read_where_the_plain_alternative_is_empty() -> None:
    message = EmailMessage()
    message.set_content("  \n")
    message.add_alternative("<p>from <b>html</b></p>", subtype="html")
    assert body(message.as_bytes()).text.strip() == "from html"


def test_part_that_was_cut_off_counts_as_far_as_it_goes() -> None:
    assert text("Content-Type: multipart/mixed; boundary=b", "", "--b", "", "Hello", "wor") == "Hello\nwor"


def test_boundary_that_never_comes_leaves_nothing() -> None:
    assert text("Content-Type: multipart/mixed; boundary=b", "", "Hello") == ""


def test_ten_thousand_nested_parts_end_soon() -> None:
    nested = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(10_000))
    assert body(nested.encode()).instead == "too_long"


def test_invitation_is_told() -> None:
    parts = ["--b", "", "Please come", "--b", "Content-Type: text/calendar", "", "BEGIN:VCALENDAR", "--b--"]
    assert (
        body("\n".join(["Content-Type: multipart/mixed; boundary=b", "", *parts]).encode()).instead == "calendar_invite"
    )


def test_soft_line_breaks_are_undone_within_one_depth_of_quotes() -> None:
    head = "Content-Type: text/plain; format=flowed"
    assert text(head, "", "> one ", "> two", "three ", "four", "-- ", "Bo") == "> one two\nthree four\n-- \nBo"


def test_inline_signed_text_is_freed_of_its_frame() -> None:
    lines = ["-----BEGIN PGP SIGNED MESSAGE-----", "Hash: SHA256", "", "Hello", "-----BEGIN PGP SIGNATURE-----", "x"]
    assert text("", *lines) == "Hello"


@pytest.mark.parametrize(
    "data, declared",
    [
        ("您好，卡在哪里？".encode("gb18030"), "gb2312"),
        ("您好，卡在哪里？".encode("gb18030"), "utf-8"),
        ("您好，卡在哪里？".encode("gb18030"), None),
        ("您好，卡在哪里？".encode(), "iso-2022-jp"),
        ("您好，卡在哪里？".encode(), "x-unknown"),
        ("您好，卡在哪里？".encode(), "us-ascii"),
    ],
)
def test_chinese_is_read_whatever_was_declared(data: bytes, declared: str | None) -> None:
    assert decoded(data, declared) == "您好，卡在哪里？"


def test_latin_and_cyrillic_are_told_apart_without_a_charset() -> None:
    assert decoded("Grüße an Søren, café".encode("cp1252"), None) == "Grüße an Søren, café"
    assert decoded("Добрый день, где моя карта".encode("cp1251"), None) == "Добрый день, где моя карта"
    assert decoded("Добрый день, где моя карта".encode("koi8-r"), "utf-8") == "Добрый день, где моя карта"


def test_codecs_that_are_no_charsets_are_never_asked() -> None:
    assert decoded(b"uryyb", "rot13") == "uryyb"


def test_lone_surrogates_do_not_come_out() -> None:
    assert decoded(b"a+2AA-b", "utf-7").encode() == b"ab"


def test_encoded_words_are_joined_before_they_are_decoded() -> None:
    data = "王敏".encode()
    words = " ".join(f"=?UTF-8?B?{base64.b64encode(part).decode()}?=" for part in (data[:4], data[4:]))
    assert readable(words) == "王敏"
    assert readable("=?gb2312?B?zfXD9A?= Re: =?utf-8?q?caf=C3=A9_1?=") == "王敏 Re: café 1"
    assert readable("=?utf-8?b?") == "=?utf-8?b?"


def test_raw_bytes_in_headers_are_read() -> None:
    assert readable(parse("Subject: 你好".encode())["subject"]) == "你好"


def test_addresses_are_read_as_people_write_them() -> None:
    found = people(
        '"Lee, Sam" <SAM@x.example>, jo@x.example (Jo), broken <, =?utf-8?b?546L5pWP?= <w@x.example>; <x@y.example'
    )
    assert [str(one) for one in found] == [
        "Lee, Sam <sam@x.example>",
        "Jo <jo@x.example>",
        "王敏 <w@x.example>",
        "<x@y.example>",
    ]


def test_ids_are_read_across_folds_and_without_brackets() -> None:
    assert message_ids("<a@b>\t<c @d> junk") == ["a@b", "c@d"]
    assert message_ids("a@b junk") == ["a@b"]


def test_html_reads_as_a_plain_mailer_would_write_it() -> None:
    html = "<style>p{}</style><p>Hi&nbsp;Ann,</p><p>one<br>two</p><ul><li>a<li>b</ul><!-- x --><script>1<2</script>3 &lt; 4"
    assert html_to_text(html).split("\n") == ["Hi Ann,", "", "one", "two", "", "- a", "- b", "", "3 < 4"]


def test_html_quotes_get_marks() -> None:
    html = "<div>Yes.</div><blockquote>Why?<blockquote>Old</blockquote></blockquote>"
    assert [line for line in html_to_text(html).split("\n") if line.strip("> ")] == ["Yes.", "> Why?", "> > Old"]


def test_signature_blocks_of_known_programs_go() -> None:
    assert html_to_text('Yes.<div class="gmail_signature"><div>Bo</div>CEO</div>').strip() == "Yes."


@pytest.mark.parametrize("piece, shown", [("<", "<"), ("<1", "<1"), ("<a", ""), ("<!--", ""), ("<style>", "")])
def test_tags_that_never_end_are_passed_once(piece: str, shown: str) -> None:
    assert shown in html_to_text(piece * 200_000)
