#!/usr/bin/env python3
"""Personal data looked for in text: our scanner, beside one large expression and `phonenumbers` alone.

    python bench/personal_data.py --rounds 5
    python bench/personal_data.py --texts chats.jsonl      # your own text instead of the generated one

*scan* is `Scanner.find`, every kind, one text after the other on one core; *clean, redact* is the whole of
`tunesmith data clean`: rows read, scanned, changed and written, by as many processes as there are cores. The peers do far less: *union expression* runs seven
usual patterns (e-mail, card, IP, SSN, phone, IBAN, link) as one alternation with no checksum, no names and no
addresses; *phonenumbers* looks for phone numbers only. Presidio needs a language model and is not run. MB are 10^6
bytes of UTF-8. In turn, round by round; a first round warms up and is not counted.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import measure
import tables
from train import write

COLUMNS = (
    "text",
    "what",
    "MB/s of processor time, median [min, max]",
    "MB/s by the clock, median",
    "found",
    "others' cores",
)
SENTENCES = {
    "English": (
        "How do I reset the router after the update? I tried twice and nothing happened.",
        "You can open the settings, choose the network and wait until the light turns green.",
        "The invoice of last month is still open; could you check it once more, please?",
        "We ship within two days, and returns are free for four weeks after that.",
        "In the second step the result is divided by the number of rows, which gives the mean.",
        "Please explain the difference between a list and a tuple in Python with a short example.",
        "It depends on the size of the file: below 100 MB the first way is the faster one.",
        "Thanks, that worked! One more question: can I use it on two machines at the same time?",
    ),
    "Chinese": (
        "请问更新之后怎么重置路由器？我试了两次都没有反应。",
        "您可以打开设置，选择网络，然后等待指示灯变绿。",
        "上个月的发票还没有处理，麻烦再确认一下好吗？",
        "我们两天之内发货，收到之后四周内可以免费退货。",
        "第二步把结果除以行数，就得到了平均值。",
        "请用一个简短的例子说明列表和元组的区别。",
        "这取决于文件的大小：小于100MB时第一种方法更快。",
        "谢谢，已经好了！还有一个问题：可以同时在两台机器上使用吗？",
    ),
}
PERSONAL = {
    "English": ("My name is Priya Raman and my number is (212) 736-5000.", "Write to ann.lee@corp.org, the server is 81.2.69.160."),
    "Chinese": ("我叫王小明，手机号13912345678。", "请发到邮箱li_9@qq.com，谢谢。"),
}  # fmt: skip
UNION = re.compile(
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}|\b(?:\d[ -]?){13,19}\b|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b\d{3}-\d{2}-\d{4}\b"
    r"|\(?\+?\d[\d ()-]{7,}\d|\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b|https?://\S+"
)


def main() -> None:
    options = _options()
    texts = (
        {"given": given_texts(options.texts)}
        if options.texts
        else {name: generated(name, options.mb) for name in SENTENCES}
    )
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for name, several in texts.items():
            contenders = contenders_for(several, Path(folder))
            for number in range(options.rounds + 1):
                for what, work in contenders.items():
                    run = {
                        "text": name,
                        "what": what,
                        "round": number,
                        "bytes": sum(len(text.encode()) for text in several),
                        **timed(work),
                    }
                    runs.append(run)
                    print(f"round {number}, {name}, {what}: {rate(run):.2f} MB/s, {run['found']} found", flush=True)
    document = measure.document("personal-data", runs)
    text = table(document)
    print("\n" + text)
    write(document, text, options.out, "personal-data")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default: 5)")
    parser.add_argument("--mb", type=float, default=3.0, help="megabytes of each text (default: 3)")
    parser.add_argument("--texts", type=Path, help="a JSONL file whose texts are scanned instead")
    parser.add_argument("--out", type=Path, default=Path("runs/bench/results"),
                        help="where the table and the raw numbers go (default: runs/bench/results)")  # fmt: skip
    return parser.parse_args()


def generated(language: str, megabytes: float) -> list[str]:
    """Messages of one to six sentences; one message in ten holds personal data."""
    draw, texts, size = random.Random(7), [], 0
    while size < megabytes * 1e6:
        sentences = draw.choices(SENTENCES[language], k=draw.randint(1, 6))
        if draw.random() < 0.1:
            sentences.insert(draw.randrange(len(sentences) + 1), draw.choice(PERSONAL[language]))
        texts.append((" " if language == "English" else "").join(sentences))
        size += len(texts[-1].encode())
    return texts


def given_texts(path: Path) -> list[str]:
    from tunesmith.data.row_texts import texts

    with path.open(encoding="utf-8") as lines:
        return [text for line in lines for _, text in texts(json.loads(line))]


def contenders_for(texts: Sequence[str], folder: Path) -> Mapping[str, Callable[[], int]]:
    from tunesmith.data.clean_row import Cleaning
    from tunesmith.data.cleaning import clean_file
    from tunesmith.data.personal.scan import Scanner
    from tunesmith.data.personal.surrogates import Surrogates

    scanner, source = Scanner(), folder / "in.jsonl"
    source.write_text(
        "".join(json.dumps({"prompt": text, "completion": "Yes."}, ensure_ascii=False) + "\n" for text in texts),
        "utf-8",
    )
    cleaning = Cleaning(scanner, "redact", Surrogates(b"the key of a bench"))
    return {
        "scan": lambda: sum(len(scanner.find(text)) for text in texts),
        "clean, redact": lambda: sum(clean_file(source, folder / "out.jsonl", cleaning, overwrite=True).found.values()),
        "union expression": lambda: sum(1 for text in texts for _ in UNION.finditer(text)),
        "phonenumbers": lambda: sum(1 for text in texts[: max(1, len(texts) // 10)] for _ in phone_matches(text)),
    }


def phone_matches(text: str) -> Iterator[Any]:
    from phonenumbers import PhoneNumberMatcher

    return iter(PhoneNumberMatcher(text, "US"))


def timed(work: Callable[[], int]) -> dict[str, Any]:
    start = measure.moment()
    found = work()
    return {**measure.disturbance(start, measure.moment()), "found": found}


def rate(run: Mapping[str, Any], seconds: str = "cpu_seconds") -> float:
    """MB a second; phonenumbers is given a tenth of the text."""
    share = 0.1 if run["what"] == "phonenumbers" else 1.0
    return float(run["bytes"] * share / 1e6 / run[seconds])


def table(document: Mapping[str, Any]) -> str:
    lines = [tables.head(document, "Personal data"), "", f"| {' | '.join(COLUMNS)} |", f"|{' --- |' * len(COLUMNS)}"]
    counted = [run for run in document["runs"] if run["round"] > 0]
    for text, what in dict.fromkeys((run["text"], run["what"]) for run in counted):
        runs = [run for run in counted if (run["text"], run["what"]) == (text, what)]
        rates = [rate(run) for run in runs]
        others, clock = (median(run["others_cores"] for run in runs), median(rate(run, "wall_seconds") for run in runs))
        lines.append(
            f"| {text} | {what} | {median(rates):.2f} [{min(rates):.2f}, {max(rates):.2f}] | {clock:.2f} "
            f"| {runs[0]['found']:,} | {others:.2f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
