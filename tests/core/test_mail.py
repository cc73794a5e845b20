"""E-mail against a real SMTP server: what arrives, who logs in, and what a refusal becomes."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tunesmith.core.errors import UserError
from tunesmith.core.mail import Mail, Mailer, MailError
from tunesmith.core.settings import Settings

MAIL = Mail(
    "msg_1", "Ada Lovelace", "ada@example.com", "Your job succeeded", "Hello Ada,\n\nyour job…\n", 1_790_000_000
)

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


def mailer(server: Any, user: str = "", password: str = "") -> Mailer:
    return Mailer("starttls", "127.0.0.1", server.port, user, password, "Tunesmith <bot@example.com>")


def settings(url: str | None) -> Settings:
    return Settings(smtp_url=url)  # type: ignore[arg-type]


def test_a_mail_arrives_whole(mail_server: Any) -> None:
    mailer(mail_server).send(MAIL)
    (found,) = mail_server.mails
    assert found["from"] == "Tunesmith <bot@example.com>"
    assert found["to"] == "Ada Lovelace <ada@example.com>"
    assert found["subject"] == "Your job succeeded"
    assert found["message-id"] == "<msg_1@example.com>"
    assert found["auto-submitted"] == "auto-generated"
    assert found.get_content_type() == "text/plain"
    assert found.get_content() == MAIL.text


@pytest.mark.parametrize("name", ["Zoë Ångström", "近藤 🙂", 'a "quoted", name', "Ada <evil@example.com>"])
def test_any_name_comes_back_as_it_was(name: str, mail_server: Any) -> None:
    mailer(mail_server).send(replace(MAIL, to_name=name, subject=f"für {name}", text=f"{name}\n.\n..\nhere\n"))
    (found,) = mail_server.mails
    (to,) = found["to"].addresses
    assert (to.display_name, to.addr_spec) == (name, "ada@example.com")
    assert found["subject"] == f"für {name}"
    assert found.get_content() == f"{name}\n.\n..\nhere\n"


@pytest.mark.parametrize(
    "ending", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\r\n\r\n", "\0", "=?utf-8?q?=0D=0A?="]
)
def test_no_text_adds_a_header(ending: str, mail_server: Any) -> None:
    evil = f"x{ending}Bcc: evil@example.com{ending}X-Evil: 1"
    mailer(mail_server).send(replace(MAIL, to_name=evil, subject=evil, text=evil))
    (found,) = mail_server.mails
    assert "bcc" not in found
    assert "x-evil" not in found
    assert sorted(found.keys()) == sorted(
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding",
         "MIME-Version", *({"X-Peer", "X-MailFrom", "X-RcptTo"} & set(found.keys()))]
    )  # fmt: skip
    assert [address.addr_spec for address in found["to"].addresses] == ["ada@example.com"]


@pytest.mark.parametrize(
    "address", ["", "ada", "ada@example.com\r\nBcc: evil@example.com", "a@b.example, c@d.example", "<a@b>"]
)
def test_an_address_that_is_none_is_refused_for_good(address: str, mail_server: Any) -> None:
    with pytest.raises(MailError, match="no e-mail address") as caught:
        mailer(mail_server).send(replace(MAIL, to_address=address))
    assert caught.value.is_final
    assert mail_server.mails == []


def test_the_password_of_the_url_is_decoded_and_sent(make_mail_server: Callable[..., Any]) -> None:
    server = make_mail_server(wants_login=True)
    found = Mailer.of(settings(f"smtp://me%40example.com:p%40ss%20word@127.0.0.1:{server.port}"))
    assert found is not None
    found.send(MAIL)
    assert len(server.mails) == 1
    assert server.logins == [(b"me@example.com", b"p@ss word")]


def test_a_wrong_password_is_an_error_that_does_not_show_it(make_mail_server: Callable[..., Any]) -> None:
    server = make_mail_server(wants_login=True)
    wrong = mailer(server, "me", "hunter2-canary")
    with pytest.raises(MailError, match="535") as caught:
        wrong.send(MAIL)
    assert not caught.value.is_final
    assert "canary" not in str(caught.value)
    assert "canary" not in repr(wrong)
    assert set(server.logins) == {(b"me", b"hunter2-canary")}
    assert server.mails == []


def test_a_password_is_not_sent_in_clear_text_to_another_machine(
    mail_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **most: real("127.0.0.1", *more, **most))
    far = Mailer("starttls", "mail.example", mail_server.port, "me", "p@ss word")
    with pytest.raises(MailError, match="no encryption"):
        far.send(MAIL)
    assert mail_server.logins == []


@pytest.mark.parametrize(("answer", "is_final"), [("451 4.7.1 greylisted", False), ("550 5.1.1 no such user", True)])
def test_a_refusal_says_whether_to_try_again(answer: str, is_final: bool, mail_server: Any) -> None:
    mail_server.refuse = answer
    with pytest.raises(MailError, match=answer[:3]) as caught:
        mailer(mail_server).send(MAIL)
    assert caught.value.is_final is is_final


def test_a_server_that_is_not_there_may_come_back(mail_server: Any) -> None:
    gone = mailer(mail_server)
    mail_server.close()
    with pytest.raises(MailError, match="could not be reached") as caught:
        gone.send(MAIL)
    assert not caught.value.is_final


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("trusted", [True, False])
def test_starttls_is_used_where_offered_and_its_certificate_checked(
    trusted: bool, make_mail_server: Callable[..., Any], tmp_path: Path
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = make_mail_server(tls_context=context, require_starttls=True)
    tls = ssl.create_default_context(cafile=str(certificate)) if trusted else None
    sender = replace(mailer(server), tls=tls)
    if trusted:
        sender.send(MAIL)
    else:
        with pytest.raises(MailError, match="could not be reached"):
            sender.send(MAIL)
    assert len(server.mails) == int(trusted)


def test_urls_of_mail_servers() -> None:
    found = Mailer.of(settings("smtps://me:pw@mail.example"))
    assert found is not None
    assert (found.security, found.host, found.port, found.user, found.password) == (
        "tls",
        "mail.example",
        465,
        "me",
        "pw",
    )
    plain = Mailer.of(settings("smtp://mail.example"))
    assert plain is not None
    assert (plain.security, plain.port, plain.user) == ("starttls", 587, "")
    assert Mailer.of(settings(None)) is None
    assert Mailer.of(settings("")) is None


@pytest.mark.parametrize(
    "url", ["mail.example", "http://me:canary@mail.example", "smtp://", "smtp://h:canary", "smtp://h/x"]
)
def test_a_url_that_is_none_is_not_repeated(url: str) -> None:
    with pytest.raises(UserError) as caught:
        Mailer.of(settings(url))
    assert "canary" not in str(caught.value)
