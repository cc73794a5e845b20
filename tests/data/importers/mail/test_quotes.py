"""What an author wrote is told from what is quoted or forwarded, in the forms of many programs and languages."""

from __future__ import annotations

import pytest

from tunesmith.data.importers.mail.quotes import Written, written

INTRODUCTIONS = [
    "On Mon, Jan 5, 2026 at 9:00 AM Ann Lee <ann@mail.example> wrote:",
    "On Mon, Jan 5, 2026 at 9:00 AM Ann Lee <\nann@mail.example> wrote:",
    "On Mon, Ann Lee wrote:",
    "On 2026/01/05 09:00:00 Ann Lee wrote:",
    "Am 05.01.2026 um 09:00 schrieb Ann Lee:",
    "Am 5. Januar 2026 schrieb Ann <ann@mail.example>:",
    "Le lun. 5 janv. 2026 à 09:00, Ann Lee <ann@mail.example> a écrit :",
    "El lun, 5 ene 2026 a las 9:00, Ann (<ann@mail.example>) escribió:",
    "Il giorno lun 5 gen 2026 alle ore 09:00 Ann <ann@mail.example> ha scritto:",
    "Op ma 5 jan. 2026 om 09:00 schreef Ann <ann@mail.example>:",
    "Den mån 5 jan. 2026 kl 09:00 skrev Ann <ann@mail.example>:",
    "05.01.2026 9:00, Ann Lee пишет:",
    "пн, 5 янв. 2026 г. в 09:00, Ann <ann@mail.example>:",
    'Понедельник, 5 января 2026, 9:00 +03:00 от Ann <ann@mail.example>:',
    "在 2026年1月5日星期一，王敏 <wang@mail.example> 写道：",
    "在 2026-01-05 09:00:00，\"王敏\" <wang@mail.example> 写道：",
    "王敏 <wang@mail.example> 于2026年1月5日周一 09:00写道：",
    "2026年1月5日(月) 9:00 山田 <yamada@mail.example>:",
    "--- On Mon, 1/5/26, ann@mail.example <ann@mail.example> wrote:",
]  # fmt: skip


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_line_above_a_marked_quote_is_not_the_authors(introduction: str) -> None:
    found = written(f"It was posted.\n\n{introduction}\n> Where is\n> my card?\n")
    assert (found.own, found.quoted) == ("It was posted.", "Where is\nmy card?")


@pytest.mark.parametrize("introduction", [text for text in INTRODUCTIONS if text != "On Mon, Ann Lee wrote:"])
def test_all_below_the_line_is_quoted_where_nothing_is_marked(introduction: str) -> None:
    found = written(f"It was posted.\n\n{introduction}\n\nWhere is my card?\n")
    assert (found.own, found.quoted) == ("It was posted.", "Where is my card?")


@pytest.mark.parametrize(
    "block",
    [
        "-----Original Message-----\nFrom: Ann\nSent: Monday\nTo: Help\nSubject: Card",
        "From: Ann [mailto:ann@mail.example]\nSent: Monday, January 5, 2026 9:00 AM\nTo: Help\nSubject: Card",
        "________________________________\nVon: Ann\nGesendet: Montag, 5. Januar 2026 09:00\nAn: Hilfe\nBetreff: Karte",
        "De : Ann <ann@mail.example>\nEnvoyé : lundi 5 janvier 2026\nÀ : Aide\nObjet : Carte",
        "De: Ann\nEnviado el: lunes\nPara: Ayuda\nAsunto: Tarjeta",
        "От: Ann\nОтправлено: 5 января 2026\nКому: Help\nТема: Карта",
        "发件人: 王敏 <wang@mail.example>\n发送时间: 2026年1月5日 9:00\n收件人: 客服\n主题: 银行卡",
        "------------------ 原始邮件 ------------------\n发件人: \"王敏\";\n发送时间: 2026年1月5日\n收件人: 客服;\n主题: 银行卡",
        "*From:* Ann\n*Sent:* Monday\n*To:* Help; Ann\n <ann@mail.example>\n*Subject:* Card",
        "-------- Ursprüngliche Nachricht --------\nVon: Ann\nDatum: 05.01.26\nAn: Hilfe\nBetreff: Karte",
        "---\nFrom: Ann\n\nSent: Monday\n\nTo: Help\n\nSubject: Card",
    ],
)  # fmt: skip
def test_all_below_a_block_of_headers_is_quoted(block: str) -> None:
    found = written(f"It was posted.\n\n{block}\n\nWhere is my card?\n\n> older\n")
    assert (found.own, found.quoted) == ("It was posted.", "Where is my card?")


def test_answer_below_the_quote_is_the_authors() -> None:
    assert written("On Monday 5.1.2026 Ann wrote:\n> Where?\n\nIt was posted.").own == "It was posted."


def test_answers_between_quoted_lines_keep_their_order() -> None:
    found = written("Hi,\n\n> First?\n\nYes.\n\n> Second?\n> Third?\n\nNo.\n")
    assert (found.own, found.quoted) == ("Hi,\n\nYes.\n\nNo.", "First?\nSecond?\nThird?")


def test_older_quotes_are_no_part_of_what_is_answered() -> None:
    found = written("Yes.\n\nOn 5.1.2026 Ann wrote:\n> And now?\n> On 4.1.2026 Bo wrote:\n> > Wait.\n")
    assert found == Written("Yes.", "And now?", "On 5.1.2026 Ann wrote:")


def test_whose_words_are_quoted_is_known_from_a_block_of_headers() -> None:
    assert written("Yes.\n\nFrom: Ann\nTo: bo@x.example\nSubject: Card\n\nWhy?").introduction == "From: Ann"


def test_headers_may_stand_inside_the_quote() -> None:
    found = written("Hello\n\n> Subject: Test\n> From: ann@mail.example\n> To: bo@x.example\n> \n> Hi\n")
    assert (found.own, found.quoted, found.introduction) == ("Hello", "Hi", "From: ann@mail.example")


def test_forwarded_message_is_told_from_a_quote() -> None:
    block = "From: Ann\nSent: Monday\nTo: Help\nSubject: Card\n\nWhere is my card?"
    assert written(f"See below.\n\n{block}", is_forward=True).forwarded == "Where is my card?"
    assert written(f"See below.\n\n---------- 转发的邮件 ----------\n{block}") == Written(
        "See below.", "", "From: Ann", "Where is my card?"
    )


def test_line_that_a_mailer_broke_stays_in_the_quote() -> None:
    assert written(f"> {'long ' * 15}\nwords\n> end\n\nYes.").own == "Yes."


@pytest.mark.parametrize(
    "text",
    [
        "Please note:\n\nFrom: the station\nTo: the office\n\nwalk.",
        "On that day my father wrote:\n\nCome home.",
        "The forwarded message\nwas lost.",
        "Original message\nfollows tomorrow.",
        "A list:\n- one\n- two",
        "From: 9:00\nuntil 17:00 we are open.",
        "Opening at 9:30, closed 2026-01-05:\n\nwe are away.",
    ],
)
def test_plain_sentences_are_the_authors(text: str) -> None:
    assert written(text).own == text


def test_ten_thousand_levels_of_quotes_end() -> None:
    deep = "".join(">" * depth + " x\n" for depth in range(1, 3_000))
    assert written(deep + "\nYes.").own == "Yes."
