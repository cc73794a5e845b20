"""What programs call the folder of sent mail, in the languages they speak; compared in lower case."""

from __future__ import annotations

from typing import Final

SENT_NAMES: Final = frozenset(
    {
        "sent", "sent items", "sent mail", "sent messages", "sent-mail", "sent_mail", "outbox", "inbox sent",
        "gesendet", "gesendete objekte", "gesendete elemente", "gesendete nachrichten", "postausgang",
        "envoyés", "éléments envoyés", "messages envoyés", "courrier envoyé",
        "enviados", "elementos enviados", "mensajes enviados", "correo enviado", "itens enviados", "e-mails enviados",
        "posta inviata", "inviati", "inviata", "elementi inviati", "verzonden", "verzonden items", "verzonden berichten",
        "skickat", "skickade objekt", "sendt", "sendt post", "sendte elementer", "lähetetyt",
        "wysłane", "elementy wysłane", "odeslaná pošta", "odeslané", "elküldött elemek",
        "отправленные", "исходящие", "надіслані", "gönderilmiş öğeler", "gönderilenler", "gönderilmiş postalar",
        "已发送", "已发送邮件", "已发邮件", "已发送消息", "发件箱", "已傳送", "已傳送郵件", "寄件備份", "寄件匣",
        "送信済み", "送信済みアイテム", "送信済みトレイ", "送信済みメール", "보낸편지함", "보낸 편지함",
    }
)  # fmt: skip
