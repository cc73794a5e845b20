"""How mail programs of many languages begin what they quote or forward: tables.

Every pattern is tried on one line of bounded length, or on up to four joined, and is linear in it.
"""

from __future__ import annotations

import re
from typing import Final

ORIGINAL_MESSAGE: Final = "-----Original Message-----"

_WROTE: Final = (
    "wrote|writes|said|schrieb|schreibt|a écrit|ha escrito|escribió|escreveu|ha scritto|scrisse|schreef|heeft geschreven"
    "|skrev|napisał|napisała|napisał\\(a\\)|napísal|napsal|napsala|napsal\\(a\\)|írta|kirjoitti|yazdı|şunu yazdı|a scris"
    "|написал|написала|написал\\(а\\)|писал|писала|пишет|пише|έγραψε|menulis|đã viết|님이 작성"
    "|写道|寫道|写到|写了|のメール|wrote the following"
)
WROTE: Final = re.compile(
    rf"(?:\b|[ \]>）)])(?:{_WROTE})\s{{0,3}}[:：]$|(?:写道|寫道|님이 작성)\s{{0,3}}[:：]?$", re.IGNORECASE
)
"""Ends the line that introduces a quote: "On Monday Ann wrote:". In French and German the verb may stand earlier."""
WROTE_INSIDE: Final = re.compile(
    r"\b(?:schrieb|wrote|a écrit|skrev|schreef|написал)\b[^:：]{0,200}[:：]$", re.IGNORECASE
)
HAS_DATE: Final = re.compile(r"\d{1,4}[./年-]\s?\d{1,2}|\b\d{1,2}:\d\d\b|\b(?:19|20)\d\d\b")
BEFORE_DATE: Final = re.compile(r"[- ]{0,5}(?:On|Am|Le|El|Il|Op|Den|Em|W dniu|Dnia|Dne|Il giorno|Pada|Vào)\b|[在于]")
HAS_ADDRESS: Final = re.compile(r"[^\s@<>]@[^\s@<>]")
# "26.06.2014, 14:41, "Ann" <a@b.c>:", "Thu, 26 Jun 2014 14:00 +0400 от Ann <a@b.c>:", "2020年1月5日(日) 10:00 山田 <a@b.c>:"
DATED_ADDRESS: Final = re.compile(r"[^<>]{0,160}\d[^<>]{0,160}<[^\s<>]{3,120}>\s{0,2}[:：]$")

SEPARATORS: Final = re.compile(
    r"[\s>*_-]{0,40}(?:"
    "original message|original e-?mail|original|reply message|reply to message|replied message|quoted text|reply below this line"
    "|ursprüngliche nachricht|original-?nachricht|originalnachricht|message d'origine|message original|mensaje original"
    "|mensagem original|messaggio originale|oorspronkelijk bericht|originalmeddelande|ursprungligt meddelande"
    "|oprindelig meddelelse|opprinnelig melding|alkuperäinen viesti|oryginalna wiadomość|wiadomość oryginalna"
    "|původní zpráva|eredeti üzenet|mesaj original|исходное сообщение|оригинальное сообщение|оригінальне повідомлення"
    "|orijinal mesaj|orjinal mesaj|原始邮件|原邮件|原始信件|原始郵件|回复的原邮件|回复邮件|元のメッセージ|원본 메시지|원본 메일"
    r")\s?[:：]?[\s*_-]{0,40}$",
    re.IGNORECASE,
)
"""All alone on a line; with dashes around it, or it is no separator (the caller asks)."""
FORWARDED: Final = re.compile(
    r"[\s>*_-]{0,40}(?:"
    "forwarded message|begin forwarded message|forwarded by [^\n]{0,100}|start of forwarded message"
    "|weitergeleitete nachricht|anfang der weitergeleiteten nachricht|message transféré|message réexpédié"
    "|début du message réexpédié|début du message transféré|mensaje reenviado|inicio del mensaje reenviado"
    "|mensagem encaminhada|messaggio inoltrato|inizio messaggio inoltrato|doorgestuurd bericht|begin doorgestuurd bericht"
    "|vidarebefordrat meddelande|videresendt melding|videresendt meddelelse|przekazana wiadomość|wiadomość przekazana"
    "|přeposlaná zpráva|továbbított üzenet|пересылаемое сообщение|пересланное сообщение|начало переадресованного сообщения"
    "|iletilen mesaj|yönlendirilen mesaj|转发的邮件|转发邮件|转发的邮件信息|轉寄郵件|轉寄的郵件|轉寄訊息|転送されたメッセージ|전달된 메시지"
    r")\s?[:：]?[\s*_-]{0,40}$",
    re.IGNORECASE,
)
DASHES: Final = re.compile(r"\s{0,3}[-_*]{2}")

_SENDER: Final = "from|von|de|da|van|fra|från|od|lähettäjä|feladó|от|от кого|від|kimden|gönderen|发件人|寄件者|寄件人|發件人|差出人|보낸 사람|보낸사람"
_DATE: Final = (
    "sent|date|gesendet|datum|gesendet am|envoyé|envoyé le|date d'envoi|enviado|enviado el|enviada em|enviado em|fecha|data|inviato"
    "|verzonden|sendt|dato|skickat|wysłano|data wysłania|odesláno|lähetetty|päivämäärä|elküldve|отправлено|дата|надіслано"
    "|gönderildi|gönderilme tarihi|tarih|发送时间|發送時間|寄件日期|日期|时间|時間|传送日期|傳送日期|送信日時|送信日|日付|보낸 날짜|날짜"
)
_TO: Final = (
    "to|an|à|a|para|naar|aan|til|till|do|komu|vastaanottaja|címzett|кому|kime|alıcı|收件人|收件者|宛先|받는 사람"
    "|cc|kopie|copie à|copia|kopia|kopi|копия|抄送|副本|bcc|reply-to|antwort an|importance|priority|attachments|anlagen"
)
_SUBJECT: Final = "subject|betreff|objet|asunto|assunto|oggetto|onderwerp|emne|ämne|temat|předmět|aihe|tárgy|тема|konu|主题|主題|主旨|标题|件名|제목"
_HEADER_KINDS: Final = {
    word: kind
    for kind, words in (("sender", _SENDER), ("date", _DATE), ("to", _TO), ("subject", _SUBJECT))
    for word in words.split("|")
}
_LONGEST_HEADER_NAME: Final = 40


def header_kind(line: str) -> str | None:
    """``sender``, ``date``, ``to`` or ``subject``: of a line of the block of headers that Outlook and others put above
    what they quote, also in bold (``*From:*``) or behind marks."""
    name, colon, _ = line[:_LONGEST_HEADER_NAME].replace("：", ":").partition(":")
    return _HEADER_KINDS.get(name.strip(" >|*\t").casefold()) if colon else None


REPLY_PREFIX: Final = re.compile(
    r"\s*(?:re|aw|antw|sv|vs|ref|rif|res|odp|ynt|atb|ha|bls|отв|ответ|回复|回覆|答复|答覆|返信|회신|fwd?|wg|tr|rv|enc|i|pd|vb|vl|ilt"
    r"|doorst|пер|转发|轉寄|转寄|轉發|転送)\s*(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3}|\*\d{1,3})?\s*[:：]\s*",
    re.IGNORECASE,
)
FORWARD_PREFIX: Final = re.compile(
    r"\s*(?:fwd?|wg|tr|rv|enc|i|pd|vb|vl|ilt|doorst|пер|转发|轉寄|转寄|轉發|転送)\s*(?:\[\d{1,3}\])?\s*[:：]",
    re.IGNORECASE,
)
TICKET: Final = re.compile(
    r"[\[(#]{1,2}\s?(?:ticket|case|request|incident|issue|id|ref|vorgang|工单|案例)?\s?(?:id)?\s?[-#:№]{0,2}\s?"
    r"(?P<number>[A-Z]{0,6}-?\d{1,12})\s?[\])#]{1,2}",
    re.IGNORECASE,
)
"""``[Ticket #123]``, ``[#123]``, ``(CASE-12)``, ``##123##``: what a help desk puts into a subject to know it again."""
LIST_TAG: Final = re.compile(r"\[[^\[\]]{1,40}\]")
