"""From a file's bytes to token ids with loss weights; no torch.

examples: the nouns: Example, TokenizedExample, Dataset
formats: the shapes a row can have, and how each becomes an Example
validate: a file judged whole: a Dataset, or every problem
tokenizer: text to token ids, typed text apart from control tokens
template: chat templates, rendered in a sandbox
render: Example to TokenizedExample, the mask included
"""
