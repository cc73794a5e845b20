"""How fast mail becomes questions and answers, and in how much memory.

Writes a mailbox of the size asked for (a question with headers as servers leave them, its answer with the question quoted,
an attachment on every fourth message) and imports it: MB/s of the mailbox, messages/s, the peak of the process's memory.
``python bench/mail.py [MB]``
"""

from __future__ import annotations

import base64
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from tunesmith.data.importers.mail.importing import import_mail
from tunesmith.data.importers.rows import Made

WORDS = "the card account was charged twice on monday please tell me how a transfer can be stopped before it goes out".split()
RECEIVED = "".join(
    f"Received: from mx{hop}.example (mx{hop}.example [192.0.2.{hop}])\n\tby relay{hop}.example (Postfix) with ESMTPS id 4F{hop}A\n"
    for hop in range(6)
)


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "box.mbox"
        num_messages = write_mailbox(path, megabytes * 1_000_000)
        size = path.stat().st_size / 1e6
        start = time.perf_counter()
        made = sum(isinstance(outcome, Made) for outcome in import_mail(path))
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{size:,.0f} MB, {num_messages:,} messages, {made:,} rows: {seconds:.1f} s, {size / seconds:.1f} MB/s,")
    print(f"{num_messages / seconds:,.0f} messages/s, peak {peak:.0f} MiB")


def write_mailbox(path: Path, num_bytes: int) -> int:
    draw = random.Random(5)
    attachment = base64.encodebytes(draw.randbytes(30_000)).decode()
    number = written = 0
    with path.open("w", encoding="utf-8") as file:
        while written < num_bytes:
            question = " ".join(draw.choices(WORDS, k=120))
            written += file.write(
                message(2 * number, f"u{number}@mail.example", "help@shop.example", question, attachment)
            )
            quoted = "\n".join(f"> {question[at : at + 70]}" for at in range(0, len(question), 70))
            text = (
                f"{' '.join(draw.choices(WORDS, k=80))}\n\n-- \nAnn\n\nOn Mon, 5 Jan 2026, u{number} wrote:\n{quoted}\n"
            )
            written += file.write(
                message(2 * number + 1, "ann@shop.example", f"u{number}@mail.example", text, attachment)
            )
            number += 1
    return 2 * number


def message(number: int, sender: str, reader: str, text: str, attachment: str) -> str:
    answers = f"In-Reply-To: <{number - 1}@x>\n" if number % 2 else ""
    head = f"From x Mon Jan  5 09:00:00 2026\n{RECEIVED}From: {sender}\nTo: {reader}\nSubject: Re: card {number // 2}\n"
    head += f"Message-ID: <{number}@x>\n{answers}Date: Mon, 05 Jan 2026 09:00:00 +0000\n"
    if number % 4:
        return f"{head}\n{text}\n\n"
    parts = f"--b\nContent-Type: text/plain\n\n{text}\n--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n{attachment}"
    return f"{head}Content-Type: multipart/mixed; boundary=b\n\n{parts}--b--\n\n"


if __name__ == "__main__":
    main()
