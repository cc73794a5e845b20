"""What encoding bytes are in, told from the bytes."""

from __future__ import annotations

import codecs

import pytest

from tunesmith.data.encoding import text_encoding

TEXTS = {
    "Kde je pobočka číslo 5, prosím? Zelenější řeka. Děkuji, těším se na vaši odpověď.": ["cp1250", "iso8859-2"],
    "Gdzie znajdę najbliższy oddział? Proszę o szybką odpowiedź. Dziękuję.": ["cp1250", "iso8859-2"],
    "Hol találom a legközelebbi fiókot? Köszönöm a gyors választ, őszintén örülök.": ["cp1250"],
    "Şube nerede, İstanbul'da mı? Teşekkür ederim, çok iyi çalışıyor.": ["cp1254"],
    "Где находится офис? Как поменять карту? Спасибо за ответ, всё работает.": ["cp1251", "koi8-r", "cp866"],
    "Де знаходиться відділення? Дякую за швидку відповідь, усе працює.": ["cp1251", "koi8-u"],
    "Où est le café n° 5? À côté de la mairie, très près. J’ai reçu ma carte hier.": ["cp1252", "mac-roman"],
    "Wie kann ich meine Karte ändern? Über die App, das ist möglich. Grüße, Straße 5.": ["cp1252", "cp850"],
    "Don’t worry – it’s “fine”. Costs £5 or €6…": ["cp1252"],
    "¿Dónde está la sucursal? ¡Muchas gracias! Mañana abriré una cuenta aquí.": ["cp1252"],
    "Πού βρίσκεται το κατάστημα; Ευχαριστώ πολύ για την απάντηση.": ["cp1253"],
    "这是什么？请问怎么改密码": ["gb18030", "utf-16-le", "utf-16-be"],
    "快递明天到达，请耐心等待。退款怎么办": ["gb18030", "utf-16-le", "utf-16-be"],
    "これは何ですか？パスワードを変更したいです。": ["shift_jis", "euc_jp", "utf-16-le", "utf-16-be"],
    "이것은 무엇입니까? 비밀번호를 변경하고 싶습니다.": ["euc_kr", "utf-16-le", "utf-16-be"],
    "question,answer\nWhere is it?,There.\n": ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"],
}


@pytest.mark.parametrize(("text", "encoding"), [(text, name) for text, names in TEXTS.items() for name in names])
def test_an_encoding_is_told_by_the_letters_that_it_gives(text: str, encoding: str) -> None:
    content = text.encode(encoding)
    guessed = text_encoding(content)
    assert guessed is not None
    assert content.decode(codecs.lookup(guessed).name) == text


@pytest.mark.parametrize("text", ["plain", "café", "这是什么", "a\0b, and some more text here", "\t\n"])
def test_utf_8_is_no_other_encoding(text: str) -> None:
    assert text_encoding(text.encode()) is None


def test_a_stray_null_character_does_not_make_legacy_text_wide() -> None:
    content = "Où est le café ? À côté de la mairie, très près.\0 Merci à vous, et à bientôt.\n".encode("cp1252")
    assert text_encoding(content * 5) == "WINDOWS-1252"
