"""From a file's bytes to token ids with loss weights; no torch.

examples: the nouns: Example, TokenizedExample, Dataset
formats: the shapes a row can have, and how each becomes an Example
validate: a file judged whole: a Dataset, or every bad row
split: a training and a validation part, and what both share
tokenizer: text to token ids, typed text apart from control tokens
template: chat templates, rendered in a sandbox
render: Example to TokenizedExample: token ids and loss weights
over_length: examples that do not fit: refused, dropped or cut, and counted
statistics: a dataset in figures
packing: TokenizedExamples of one step to Rows
preview: what is trained on, shown
"""
