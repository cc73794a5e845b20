"""From a file's bytes to token ids with loss weights; no torch.

examples: the nouns: Example, TokenizedExample, Dataset
formats: the shapes a row can have, and how each becomes an Example
row_shapes: which format a row has, told by its keys
chat_rows: a chat row to its messages
tool_calls: the tools of a chat row, declared, called and answered
findings: what is found wrong in a row
validate: a file judged whole: a Dataset, or every bad row
file_rows: the rows of a file: lines, or elements of an array
strict_json: JSON text to its value, or what is wrong and where
encoding: bytes that are no UTF-8 text
split: a training and a validation part, and what both share
tokenizer: text to token ids, typed text apart from control tokens
sandbox: Jinja for templates by strangers, bounded
template: chat templates, rendered in the sandbox
render: Example to TokenizedExample: token ids and loss weights
over_length: examples that do not fit: refused, dropped or cut, and counted
statistics: a dataset in figures
packing: TokenizedExamples of one step to Rows
importers: every way in: what people have, turned into rows
synthesis: examples that a model writes
row_texts: the texts of a row, and the row with some of them changed
row_writer: rows to a file, there whole or not at all
versions: what a data file is made of, and from what
row_index: where the rows of a file begin
report_file: what was found in a file, in a folder, to be read in pages
revision: a file's bytes with some lines changed
preview: what is trained on, shown
"""
