"""From a DataFrame to a training file and back: what became a row, what did not, and why.

pip install 'tunesmith[tables]' pandas
python examples/data_frames.py                 # offline; writes train.jsonl into the current folder
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tunesmith.data.importers.frames import from_frame, to_frame, write_rows
from tunesmith.data.importers.rows import Left, Made

SUPPORT = pd.DataFrame(
    {
        "ticket": ["T1", "T1", "T2", "T3"],
        "customer_wrote": ["Where is my card?", "Can I track it?", "怎么退款？", "Thanks!"],
        "we_wrote": ["It left us on Monday.", "Yes, in the app.", "请在订单页面点击“退款”。", None],
    }
)
MAPPING = {
    "system": "You answer a bank's customers.",
    "user": "customer_wrote",
    "assistant": "we_wrote",
    "thread": "ticket",
}


def main() -> None:
    # 1. Look at what becomes of each row. Names such as question and answer need no mapping.
    for outcome in from_frame(SUPPORT, MAPPING):
        if isinstance(outcome, Made):
            print(f"1. {outcome.place.path}: {len(outcome.row['messages'])} messages")
        elif isinstance(outcome, Left):
            print(f"1. {outcome.place.path} is left out: {outcome.message}")

    # 2. Write the file: whole or not at all, with train.jsonl.version.json beside it.
    written = write_rows(SUPPORT, Path("train.jsonl"), MAPPING, overwrite=True)
    print(f"2. train.jsonl has {written.num_rows} rows; {len(written.left)} left out; sha256 {written.sha256[:12]}…")

    # 3. Back into a frame, to count and filter as in any other.
    frame = to_frame("train.jsonl")
    threads = frame["metadata"].map(lambda metadata: metadata["thread"])
    print(f"3. rows per ticket: {threads.value_counts().to_dict()}")

    # 4. What was filtered is written again: the columns are those of training rows, so no mapping is needed.
    short = frame[frame["messages"].map(lambda messages: len(messages[-1]["content"]) < 20)]
    print(f"4. {write_rows(short, Path('short.jsonl'), overwrite=True).num_rows} rows have short answers")


if __name__ == "__main__":
    main()
