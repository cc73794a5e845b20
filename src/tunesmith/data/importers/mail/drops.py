"""Messages that nobody wrote to somebody: bounces, answers of machines, lists, spam; told by their headers alone.

Gives the rule and a sentence, or None for a letter. Sources: RFC 3834 (Auto-Submitted), RFC 2919 and 2369 (List-…),
RFC 3464 (reports), and what programs do that follow none of these.
"""

from __future__ import annotations

import re
from typing import Final

from tunesmith.data.importers.mail.headers import Headers, readable

BOUNCE: Final = ("bounce", "It reports that another message was not delivered, or was read.")
AUTO_REPLY: Final = ("auto_reply", "A machine sent it: an automatic answer or a notice of absence.")
MAILING_LIST: Final = ("mailing_list", "It came over a mailing list or is a newsletter.")
CALENDAR: Final = ("calendar_invite", "It is an invitation of a calendar, or an answer to one.")
DELETED: Final = ("deleted", "It is deleted or a draft; the file still holds it.")
SPAM: Final = ("spam", "The mail server marked it as spam.")
ENCRYPTED: Final = ("encrypted", "It is encrypted.")

_MOZILLA_EXPUNGED: Final = 0x0008
_BOUNCERS: Final = re.compile(
    r"\b(?:mailer-daemon|mail-daemon|mdaemon|postmaster|mailerdaemon)@|^(?:mailer-daemon|postmaster)\b", re.IGNORECASE
)
_BOUNCE_SUBJECTS: Final = re.compile(
    r"\s*(?:undelivered mail returned to sender|undeliverable\b|undelivered mail|mail delivery (?:failed|failure|subsystem|system)"
    r"|delivery (?:status notification|failure|has failed)|returned mail|failure notice|message not delivered|non remis|unzustellbar"
    r"|no se puede entregar|退信|系统退信|邮件被退回|无法投递|未送达)",
    re.IGNORECASE,
)
_AUTO_SUBJECTS: Final = re.compile(
    r"\s*(?:(?:re|aw): )?(?:auto(?:matic|mated|matische)?[- ]?(?:reply|response|antwort)\b|out of (?:the )?office\b|abwesenheits(?:notiz|nachricht|meldung)"
    r"|automatische antwort|réponse automatique|absence du bureau|message d'absence|respuesta automática|fuera de la oficina|resposta automática"
    r"|risposta automatica|fuori sede|automatisch antwoord|afwezigheid|autosvar|automatiskt svar|automaattinen vastaus|autoodpowiedź"
    r"|automatyczna odpowiedź|automatická odpověď|автоответ|автоматический ответ|自动回复|自動回覆|自動回復|自动答复|休假自动|外出自动|自動応答|不在通知|자동 회신|부재중)",
    re.IGNORECASE,
)


def dropped(headers: Headers, sender: str, keep_lists: bool) -> tuple[str, str] | None:
    """(rule, sentence) of why it is no letter."""
    content_type = headers.get("content-type", "").casefold()
    subject = readable(headers.get("subject", "")[:1000])
    for applies, why in (
        (_is_bounce(headers, sender, subject, content_type), BOUNCE),
        (content_type.startswith("text/calendar"), CALENDAR),
        (_is_auto_reply(headers, subject), AUTO_REPLY),
        (_is_deleted(headers), DELETED),
        (headers.get("x-spam-flag", "").casefold().startswith("yes"), SPAM),
        (not keep_lists and _is_list(headers), MAILING_LIST),
    ):
        if applies:
            return why
    return None


def _is_bounce(headers: Headers, sender: str, subject: str, content_type: str) -> bool:
    return (
        content_type.startswith("multipart/report")
        or "x-failed-recipients" in headers
        or bool(_BOUNCERS.search(sender))
        or (headers.get("return-path", "").strip() == "<>" and bool(_BOUNCE_SUBJECTS.match(subject)))
    )


def _is_auto_reply(headers: Headers, subject: str) -> bool:
    submitted = headers.get("auto-submitted", "no").partition(";")[0].strip().casefold()
    return (
        submitted not in ("", "no")
        or headers.get("precedence", "").casefold() in ("auto_reply", "auto-reply")
        or any(name in headers for name in ("x-autoreply", "x-autorespond", "x-autoresponder", "x-vacation"))
        or bool(_AUTO_SUBJECTS.match(subject))
    )


def _is_deleted(headers: Headers) -> bool:
    """Thunderbird leaves deleted messages in the file until it compacts it; other programs mark them in Status headers."""
    try:
        status = int(headers.get("x-mozilla-status", "0")[:8], 16)
    except ValueError:
        status = 0
    return bool(status & _MOZILLA_EXPUNGED) or any(mark in headers.get("x-status", "") for mark in "DT")


def _is_list(headers: Headers) -> bool:
    return headers.get("precedence", "").casefold() in ("bulk", "list", "junk") or any(
        name in headers for name in ("list-id", "list-post", "list-unsubscribe", "mailing-list", "x-mailing-list")
    )
