"""Whose answers are learnt: the addresses the user named, the writers of a folder of sent mail, or who answers most.

Says the reason. Where nobody stands out there is no guess: learning a customer's words as answers would be worse than none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from tunesmith.data.importers.mail.envelopes import Envelope

_LEAST_SHARE: Final = 0.5
_MOST_BETWEEN: Final = 0.25
"""Of sent mail: answers to sent mail of another one of ours."""
_LEAST_SHARE_OF_SENDERS: Final = 0.8
# Anybody has an address there, so a domain says nothing about who somebody is.
PUBLIC_DOMAINS: Final = frozenset(
    "gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com aol.com icloud.com me.com mac.com gmx.de"
    " gmx.net gmx.at gmx.ch web.de t-online.de freenet.de posteo.de mailbox.org orange.fr free.fr laposte.net sfr.fr wanadoo.fr"
    " libero.it virgilio.it proton.me protonmail.com tutanota.com fastmail.com zoho.com mail.ru yandex.ru ya.ru bk.ru list.ru"
    " inbox.ru rambler.ru ukr.net seznam.cz wp.pl o2.pl onet.pl interia.pl qq.com vip.qq.com foxmail.com 163.com 126.com yeah.net"
    " sina.com sina.cn sohu.com 139.com 189.cn aliyun.com naver.com daum.net hanmail.net comcast.net verizon.net att.net"
    " hotmail.co.uk yahoo.co.uk btinternet.com hotmail.fr yahoo.fr live.fr yahoo.co.jp docomo.ne.jp ezweb.ne.jp uol.com.br".split()
)


@dataclass(frozen=True, slots=True)
class Ours:
    """``names``: addresses, and domains as ``@shop.example``; ``reason``: a sentence. Empty names: nobody was found."""

    names: frozenset[str]
    reason: str

    def wrote(self, sender: str) -> bool:
        return sender in self.names or f"@{sender.rpartition('@')[2]}" in self.names


def ours(me: Sequence[str], envelopes: Sequence[Envelope], parents: Sequence[int | None]) -> Ours:
    if me:
        return _as_said(me, envelopes)
    return _of_sent_mail(envelopes, parents) or _of_replies(envelopes, parents) or _of_one_writer(envelopes) or _NOBODY


def _as_said(me: Sequence[str], envelopes: Sequence[Envelope]) -> Ours:
    named = Ours(frozenset(name.casefold() for name in me), f"Answers are those of {', '.join(me)}, as you said.")
    senders = {envelope.sender for envelope in envelopes}
    wrote = [name for name in me if any(Ours(frozenset({name.casefold()}), "").wrote(sender) for sender in senders)]
    if len(wrote) == len(me) or not envelopes:
        return named
    missing = ", ".join(name for name in me if name not in wrote)
    if wrote:
        return replace(named, reason=f"{named.reason} No message is of {missing}: is it misspelt?")
    return Ours(frozenset(), f"No message is of {missing}: is it misspelt?")


_NOBODY: Final = Ours(
    frozenset(),
    "Nobody stands out as the one who answers; say whose answers to learn by their address or their domain.",
)


def _of_sent_mail(envelopes: Sequence[Envelope], parents: Sequence[int | None]) -> Ours | None:
    """None, too, where those who wrote it answer each other: whole conversations under the name of sent mail."""
    senders = Counter(envelope.sender for envelope in envelopes if envelope.is_sent and envelope.sender)
    between = sum(
        parent is not None and envelope.is_sent and envelopes[parent].is_sent
        and envelopes[parent].sender not in ("", envelope.sender)
        for envelope, parent in zip(envelopes, parents, strict=True)
    )  # fmt: skip
    if not senders or between > _MOST_BETWEEN * senders.total():
        return None
    names = [sender for sender, count in senders.most_common(20) if count * 100 >= senders.total()]
    return Ours(frozenset(names), f"Answers are those of {', '.join(names[:5])}, who wrote the sent mail.")


def _of_replies(envelopes: Sequence[Envelope], parents: Sequence[int | None]) -> Ours | None:
    """The address, or the domain of several, that wrote more than half of the answers to others."""
    addresses: Counter[str] = Counter()
    domains: Counter[str] = Counter()
    for envelope, parent in zip(envelopes, parents, strict=True):
        if parent is None or not envelope.sender or envelopes[parent].sender in ("", envelope.sender):
            continue
        addresses[envelope.sender] += 1
        domain = envelope.sender.rpartition("@")[2]
        if domain not in PUBLIC_DOMAINS and not envelopes[parent].sender.endswith(f"@{domain}"):
            domains[f"@{domain}"] += 1
    best = max([*addresses.most_common(1), *domains.most_common(1)], key=lambda item: item[1], default=None)
    if best is None or best[1] <= _LEAST_SHARE * addresses.total():
        return None
    share = f"{best[1]:,} of {addresses.total():,} replies"
    return Ours(frozenset({best[0]}), f"Answers are those of {best[0]}, who wrote {share}.")


def _of_one_writer(envelopes: Sequence[Envelope]) -> Ours | None:
    senders = Counter(envelope.sender for envelope in envelopes if envelope.sender)
    if not senders:
        return None
    name, count = senders.most_common(1)[0]
    if count < _LEAST_SHARE_OF_SENDERS * len(envelopes):
        return None
    return Ours(frozenset({name}), f"Answers are those of {name}, who wrote {count:,} of {len(envelopes):,} messages.")
