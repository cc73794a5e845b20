"""Tunesmith: the fine-tuning platform you own.

Two functions carry the product: ``train/fine_tune.py::fine_tune`` tells the machine-learning story;
``worker/fine_tune.py::run_job`` tells the platform's. Each folder's docstring lists its files in
reading order. The folders, from what everyone uses to what a person types:

core: words everyone uses
specs: what the user asked for
data: from a file's bytes to token ids with loss weights
nn: the decoder, adapters, and weights on disk
infer: tokens to tokens
train: the fine-tuning story
evaluate: graders, scores, and whether tuning helped
store: everything that is kept: database and blobs
worker: the process that does jobs
serve: the process that answers
api: the process that speaks OpenAI's dialect
starter: the embedded base model and the quickstart
cli: the command line
"""

__version__ = "0.1.0"
