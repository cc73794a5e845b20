"""Endings of letters go; what only looks like one stays."""

from __future__ import annotations

import pytest

from tunesmith.data.importers.mail.signatures import unsigned

LETTER = "It was posted today. You will have it tomorrow."


@pytest.mark.parametrize(
    "ending",
    [
        "-- \nBo Lee\nShop | shop.example",
        "--\nBo Lee",
        "—\nBo",
        "Regards,\nBo Lee\n+1 202-555-0145",
        "Best regards\n\nBo Lee\nCustomer Care\nTel: +49 30 555 0145\nwww.shop.example",
        "Thanks,\nBo",
        "Thanks, Bo",
        "Cheers!\nBo",
        "Mit freundlichen Grüßen\n\nBo Lee",
        "Viele Grüße aus Berlin\nBo",
        "Cordialement,\nBo Lee",
        "С уважением,\nБо Ли",
        "此致\n敬礼\n\n李博",
        "祝好！\n李博",
        "谢谢，\n李博\n电话：010-5550145",
        "Bo Lee\nbo@shop.example\n(555) 346-9947",
        "- Bo",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "发自我的iPhone",
        "Get Outlook for iOS",
        "Bo\n\nSent from my Galaxy",
        "Regards,\nBo\n\nThis e-mail and any attachments are confidential and intended only for the addressee.",
        "________________\nThis message is confidential. If you are not the intended recipient, delete it.\nIt may be long.",
        "本邮件及其附件含有保密信息，仅限收件人使用。",
        "----------------\nBo Lee\nt. 555-931-0702\nhttp://shop.example/",
    ],
)
def test_ending_goes(ending: str) -> None:
    assert unsigned(f"{LETTER}\n\n{ending}\n", "Bo Lee", "bo@shop.example").text == LETTER


@pytest.mark.parametrize(
    "text",
    [
        f"{LETTER}\n\nThanks!",
        f"{LETTER}\n\nThanks, I will call you.",
        f"Regards are due to all.\n\n{LETTER}",
        "Thanks",
        "Bo",
        f"{LETTER}\n\nCall us:\n+1 202-555-0145",
        f"Kind regards to your mother\n\n{LETTER}",
        f"Best,\nas you know, is what we want to be in all that we do for you every day.\n\n{LETTER}",
        f"1. one\n--\n{LETTER}\n" + "\n".join(f"A line of the letter, number {number}." for number in range(30)),
        "您好，卡已经寄出。\n\n谢谢！",
    ],
)
def test_what_only_looks_like_an_ending_stays(text: str) -> None:
    assert unsigned(text, "Bo Lee", "bo@shop.example").text == text


def test_footnotes_below_a_signature_stay() -> None:
    text = f"{LETTER} [1]\n\nRegards,\nBo\n\n[1]\nhttps://shop.example/post\n"
    assert unsigned(text, "Bo Lee").text == f"{LETTER} [1]\n\n[1]\nhttps://shop.example/post"


@pytest.mark.parametrize(
    "ending, name",
    [
        ("Regards,\nAnn-Marie O'Neil\nCEO", "Ann-Marie O'Neil"),
        ("-- \n王敏\n客服", "王敏"),
        ("Thanks, Jo", "Jo"),
        ("-- \n555", ""),
    ],
)
def test_name_in_a_signature_is_known(ending: str, name: str) -> None:
    assert unsigned(f"{LETTER}\n\n{ending}").name == name
