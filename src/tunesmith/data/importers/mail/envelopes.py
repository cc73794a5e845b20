"""What is kept of each message while the others are read: a few hundred bytes, never its body.

Takes headers, gives an ``Envelope``: who wrote to whom, when, in answer to what; and the subject without what replies,
help desks and lists put before it.
"""

from __future__ import annotations

from dataclasses import dataclass

from tunesmith.data.importers.mail import quote_rules as rules
from tunesmith.data.importers.mail.folder_names import SENT_NAMES
from tunesmith.data.importers.mail.headers import Headers, message_ids, people, readable, sent_at
from tunesmith.data.importers.mail.mailboxes import Stored

_MAX_REFERENCES = 8
_MAX_RECIPIENTS = 8
_MAX_SUBJECT = 300


@dataclass(frozen=True, slots=True)
class Envelope:
    """``message_id`` is empty where the message has none. ``answers``: ids of those it answers, the nearest first.
    ``sent_at`` in seconds since 1970. ``subject_key`` is equal in one thread."""

    stored: Stored
    message_id: str
    answers: tuple[str, ...]
    sender: str
    recipients: tuple[str, ...]
    subject_key: str
    is_reply: bool
    sent_at: int | None
    is_sent: bool

    @property
    def called(self) -> str:
        """How a report names it."""
        return f"<{self.message_id}>" if self.message_id else f"byte {self.stored.offset}"


class Interned:
    """The same text kept once: addresses, ids and subjects come again and again."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        return self._known.setdefault(text, text)


def envelope(stored: Stored, headers: Headers, interned: Interned) -> Envelope:
    subject = readable(headers.get("subject", "")[: 4 * _MAX_SUBJECT])[:_MAX_SUBJECT]
    key, is_reply = subject_key(subject)
    ids = message_ids(headers.get("message-id", "")[:2000])
    recipients = people(headers.get("to", "")) + people(headers.get("cc", ""))
    return Envelope(
        stored,
        interned(ids[0]) if ids else "",
        tuple(map(interned, _answered(headers))),
        interned(sender_of(headers)),
        tuple(interned(person.address) for person in recipients[:_MAX_RECIPIENTS]),
        interned(key),
        is_reply,
        sent_at(headers.get("date", "")),
        stored.box.is_sent or _is_labelled_sent(headers),
    )


def _is_labelled_sent(headers: Headers) -> bool:
    """Gmail's export is one file; its labels are a header, in the language of the account."""
    labels = readable(headers.get("x-gmail-labels", "")).casefold().split(",")
    return any(label.strip(' "') in SENT_NAMES for label in labels)


def sender_of(headers: Headers) -> str:
    for name in ("from", "sender", "reply-to"):
        if found := people(headers.get(name, "")):
            return found[0].address
    return ""


def _answered(headers: Headers) -> list[str]:
    direct = message_ids(headers.get("in-reply-to", "")[:4000])[:2]
    references = message_ids(headers.get("references", ""))[::-1]
    return list(dict.fromkeys([*direct, *references]))[:_MAX_REFERENCES]


def subject_key(subject: str) -> tuple[str, bool]:
    """``AW: Re: [shop] Where is my card?`` → ``where is my card?`` and that it is a reply; a ticket's number stands for all."""
    ticket = rules.TICKET.search(subject)
    text, is_reply = _without_prefixes(rules.LIST_TAG.sub(" ", subject) if not ticket else subject)
    if ticket:
        return f"#{ticket['number'].casefold()}", True
    return " ".join(text.split()).casefold(), is_reply


def plain_subject(subject: str) -> str:
    """As a person would say what it is about."""
    text = rules.TICKET.sub(" ", rules.LIST_TAG.sub(" ", subject))
    return " ".join(_without_prefixes(text)[0].split())


def is_forward(subject: str) -> bool:
    return bool(rules.FORWARD_PREFIX.match(subject))


def _without_prefixes(text: str) -> tuple[str, bool]:
    found = False
    while match := rules.REPLY_PREFIX.match(text):
        text, found = text[match.end() :], True
    return text, found
