"""E-mail: plain text over the SMTP server that the operator named. The other way out besides core.outbound.

``smtp://user:password@host:587`` uses STARTTLS where the server offers it, ``smtps://`` TLS from the start. A
password is never sent in clear text but to this machine itself.
"""

from __future__ import annotations

import ipaddress
import re
import smtplib
import socket
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from tunesmith.core.errors import TunesmithError, UserError
from tunesmith.core.settings import Settings

TIMEOUT_SECONDS: Final = 10.0
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class MailError(TunesmithError):
    """The mail was not taken; ``is_final`` where the server says that it never will be."""

    def __init__(self, message: str, hint: str = "", *, is_final: bool = False) -> None:
        super().__init__(message, hint)
        self.is_final = is_final


@dataclass(frozen=True, slots=True)
class Mail:
    """``id`` stays the same when it is sent again, so that a mailbox can tell."""

    id: str
    to_name: str
    to_address: str
    subject: str
    text: str
    created_at: float


@dataclass(frozen=True, slots=True)
class Mailer:
    """One SMTP server; each mail has a connection of its own."""

    security: Literal["starttls", "tls"]
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    sender: str = "tunesmith@localhost"
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Mailer | None:
        """None where no server is named. Raises UserError, which does not repeat the URL."""
        if settings.smtp_url is None or not settings.smtp_url.get_secret_value():
            return None
        try:
            parts = urlsplit(settings.smtp_url.get_secret_value())
            port = parts.port
        except ValueError:
            raise _bad_url() from None
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path.strip("/") or parts.query:
            raise _bad_url()
        is_tls = parts.scheme == "smtps"
        return cls(
            "tls" if is_tls else "starttls", parts.hostname, port or (465 if is_tls else 587),
            unquote(parts.username or ""), unquote(parts.password or ""), settings.mail_from,
        )  # fmt: skip

    def send(self, mail: Mail) -> None:
        """Raises MailError, whose message names the server and never the password."""
        message = composed(mail, self.sender)
        try:
            with self._connected() as server:
                self._log_in(server)
                server.send_message(message, from_addr=parseaddr(self.sender)[1], to_addrs=[mail.to_address])
        except smtplib.SMTPRecipientsRefused as error:
            code, answer = next(iter(error.recipients.values()))
            raise MailError(
                f"{self.host} refuses the recipient: {_shown(code, answer)}.", is_final=code >= 500
            ) from None
        except smtplib.SMTPNotSupportedError as error:
            raise MailError(f"{self.host} cannot take the mail: {error}.", is_final=True) from None
        except smtplib.SMTPResponseException as error:
            raise MailError(f"{self.host} refuses the mail: {_shown(error.smtp_code, error.smtp_error)}.") from None
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise MailError(f"{self.host} could not be reached: {type(error).__name__}: {error}.") from None

    def _connected(self) -> smtplib.SMTP:
        name = socket.gethostname() or "localhost"
        if self.security == "tls":
            return smtplib.SMTP_SSL(
                self.host, self.port, name, timeout=TIMEOUT_SECONDS, context=self.tls or ssl.create_default_context()
            )
        server = smtplib.SMTP(self.host, self.port, name, timeout=TIMEOUT_SECONDS)
        try:
            server.ehlo_or_helo_if_needed()
            if server.has_extn("starttls"):
                server.starttls(context=self.tls or ssl.create_default_context())
            elif self.user and not _is_this_machine(self.host):
                raise MailError(
                    f"{self.host} offers no encryption, and a password is not sent in clear text.",
                    "use smtps://, or a server that offers STARTTLS",
                )
        except BaseException:
            server.close()
            raise
        return server

    def _log_in(self, server: smtplib.SMTP) -> None:
        if self.user:
            server.ehlo_or_helo_if_needed()
            server.login(self.user, self.password)


def composed(mail: Mail, sender: str) -> EmailMessage:
    """Raises MailError for an address that is none. Names and subjects cannot add headers: they have no line ends."""
    message = EmailMessage(policy=SMTP)
    name, address = parseaddr(sender)
    try:
        message["From"] = Address(_line(name), addr_spec=address)
        message["To"] = Address(_line(mail.to_name), addr_spec=mail.to_address)
    except (MessageError, ValueError, IndexError):
        raise MailError(f"{mail.to_address!r} or {sender!r} is no e-mail address.", is_final=True) from None
    message["Subject"] = _line(mail.subject)
    message["Date"] = format_datetime(datetime.fromtimestamp(mail.created_at, UTC))
    message["Message-ID"] = f"<{mail.id}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text, charset="utf-8")
    return message


def _line(text: str) -> str:
    """Without line ends, nor a beginning of what a header's reader would decode (RFC 2047)."""
    return _CONTROL.sub(" ", text).replace("=?", "= ?").strip()[:200]


def _shown(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {_line(text)}"


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bad_url() -> UserError:
    return UserError(
        "TUNESMITH_SMTP_URL is no URL of a mail server.", "write it as smtp://user:password@host:587, or smtps://…"
    )
