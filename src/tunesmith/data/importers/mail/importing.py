"""Mail to rows, told in order: find the messages, drop what is no letter, see what answers what and who we are, pair.

Two passes over the disk: the first reads headers alone, the second the bodies of answers and of what they answer. About
half a kilobyte of each message is held in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tunesmith.data.importers.mail.drops import dropped
from tunesmith.data.importers.mail.envelopes import Envelope, Interned, envelope
from tunesmith.data.importers.mail.headers import parse
from tunesmith.data.importers.mail.letters import Letters
from tunesmith.data.importers.mail.mail_files import MailFiles
from tunesmith.data.importers.mail.mailboxes import MAX_MESSAGES, Found, messages
from tunesmith.data.importers.mail.options import MailOptions
from tunesmith.data.importers.mail.ours import ours
from tunesmith.data.importers.mail.pairs import left, rows
from tunesmith.data.importers.mail.threads import parents
from tunesmith.data.importers.opening import sources
from tunesmith.data.importers.rows import Left, Outcomes, Place

_DROP_HINTS = {
    "mailing_list": "Keep mailing lists (--keep-lists), if questions reach you over one.",
    "bounce": "Nothing to do.",
}


def import_mail(path: Path, options: MailOptions | None = None) -> Outcomes:
    """All mail at a path as `import_files` reads it: a file, an archive or a folder of any of these.

    Raises UserError where there is nothing at the path.
    """
    with MailFiles() as files:
        for opened in sources(path):
            if isinstance(opened, Left):
                yield opened
            else:
                files.add(opened)
        if not len(files):
            yield Left(
                "not_mail", "The folder holds no file.", "Give a folder that holds mail.", Place(path.name), "error"
            )
        yield from import_files(files, options or MailOptions())


def import_files(files: MailFiles, options: MailOptions) -> Outcomes:
    """Mailboxes, Maildirs and single messages, read as one. Every message becomes part of a row or is left out with its
    reason; ``Made.place.path`` is the Message-ID of the row's last answer."""
    envelopes: list[Envelope] = []
    also_sent = set[str]()
    for found in _letters_and_lefts(files, options, also_sent):
        if isinstance(found, Left):
            yield found
        else:
            envelopes.append(found)
    envelopes = [replace(one, is_sent=True) if one.message_id in also_sent else one for one in envelopes]
    answered = parents(envelopes)
    us = ours(options.me, envelopes, answered)
    if options.tell and envelopes:
        options.tell(us.reason)
    if not us.names:
        yield from (left(one, "unknown_me", us.reason) for one in envelopes)
        return
    with Letters(envelopes) as letters:
        yield from rows(envelopes, answered, us, letters, options)


def _letters_and_lefts(files: MailFiles, options: MailOptions, also_sent: set[str]) -> Iterator[Envelope | Left]:
    """Each message's envelope, or why it is no letter. ``also_sent`` is given the ids of those whose second copy lies in a
    folder of sent mail, such as Gmail's, where each message lies under all mail too."""
    interned, ids, num_letters = Interned(), set[str](), 0
    for found in _messages(files):
        if isinstance(found, Left):
            yield found
            continue
        headers = parse(found.head)
        one = envelope(found.stored, headers, interned)
        why = dropped(headers, one.sender, options.keep_lists)
        if why is None and one.message_id in ids:
            why = ("duplicate", "Another message has the same Message-ID.")
            also_sent.update([one.message_id] if one.is_sent else [])
        if why is None and num_letters >= MAX_MESSAGES:
            why = ("too_many_messages", f"{MAX_MESSAGES:,} messages were read before it.")
        if why:
            yield left(one, *why, _DROP_HINTS.get(why[0]))
            continue
        if one.message_id:
            ids.add(one.message_id)
        num_letters += 1
        yield one


def _messages(files: MailFiles) -> Iterator[Found | Left]:
    for box in files.boxes():
        if isinstance(box, Left):
            yield box
        else:
            yield from messages(box)
