"""Mail written for the tests: messages with the headers that matter, and boxes of them."""

from __future__ import annotations

from pathlib import Path

FROM_LINE = "From x Mon Jan  5 09:00:00 2026\n"


def mail(
    number: str, sender: str, reader: str, text: str, answers: str = "", subject: str = "Card", **headers: str
) -> str:
    """``headers`` by their names with underscores: ``Content_Type="text/html"``."""
    more = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    reply = f"In-Reply-To: <{answers}>\n" if answers else ""
    date = "" if "Date" in headers else "Date: Mon, 05 Jan 2026 09:00:00 +0000\n"
    return f"From: {sender}\nTo: {reader}\nSubject: {subject}\nMessage-ID: <{number}>\n{date}{reply}{more}\n{text}\n"


def question(
    number: str = "q", text: str = "Where is my card?", sender: str = "Ann <ann@mail.example>", **rest: str
) -> str:
    return mail(number, sender, "help@shop.example", text, **rest)


def answer(number: str = "a", text: str = "It was posted today.", answers: str = "q", **rest: str) -> str:
    return mail(number, "Bo <bo@shop.example>", "ann@mail.example", text, answers, **rest)


def box(folder: Path, *messages: str, name: str = "box.mbox") -> Path:
    path = folder / name
    path.write_bytes("\n".join(FROM_LINE + message for message in messages).encode())
    return path
