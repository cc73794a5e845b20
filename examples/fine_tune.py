"""Fine-tune through the API, in the six steps of OpenAI's guide, with their own client.

    tunesmith up                                   # in another terminal; prints the key at its first start
    export OPENAI_BASE_URL=http://127.0.0.1:8000/v1 OPENAI_API_KEY=sk-…
    python examples/fine_tune.py                   # needs: pip install openai

Nothing in here is ours but the base URL and, where OpenAI's hyperparameters do not reach, ``extra_body``.
"""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

from openai import OpenAI

EXAMPLES = Path(__file__).with_name("playwright.jsonl")
SYSTEM = "Thou answerest questions on machine learning in the manner of an old playwright."
QUESTION = "What is a GPU?"


def main() -> None:
    client = OpenAI()

    # 1. Upload fifty conversations.
    file = client.files.create(file=EXAMPLES, purpose="fine-tune")
    print(f"1. {file.filename} is {file.id}, {file.bytes:,} bytes")

    # 2. Create a job. Any key of docs/config.md may travel in extra_body.
    job = client.fine_tuning.jobs.create(
        model="gpt-4o-mini",  # an alias: served by whatever base model is configured, and said so in the events
        training_file=file.id,
        suffix="playwright",
        seed=1,
        method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 12, "batch_size": 8}}},
        extra_body={"lora_rank": 32},
    )
    print(f"2. {job.id} is {job.status}")

    # 3. Follow it: the list of jobs, the job, its events.
    seen: set[str] = set()
    while True:
        job = client.fine_tuning.jobs.retrieve(job.id)
        events = client.fine_tuning.jobs.list_events(job.id, limit=100).data
        for event in reversed([event for event in events if event.id not in seen]):
            seen.add(event.id)
            print(f"3. {event.message}")
        if job.status in ("succeeded", "failed", "cancelled"):
            break
        time.sleep(1)
    newest = client.fine_tuning.jobs.list(limit=3)
    print(f"3. {job.id} has {job.status}; the newest jobs: {', '.join(item.id for item in newest.data)}")
    if job.fine_tuned_model is None:
        raise SystemExit(job.error.message if job.error else job.status)

    # 4. Its metrics, one row a step.
    metrics = list(csv.DictReader(io.StringIO(client.files.content(job.result_files[0]).text)))
    for row in (metrics[0], metrics[-1]):
        print(f"4. step {row['step']}: train_loss {float(row['train_loss']):.3f}")

    # 5. Use it, beside what it was before.
    for model in (job.model, job.fine_tuned_model):
        answer = client.chat.completions.create(
            model=model,
            messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}],
            max_completion_tokens=60,
            temperature=0,
        )
        print(f"5. {model}: {answer.choices[0].message.content}")

    # 6. Delete it. The job stays.
    print(f"6. {client.models.delete(job.fine_tuned_model).id} is deleted")


if __name__ == "__main__":
    main()
