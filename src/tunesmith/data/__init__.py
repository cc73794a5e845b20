"""From a file's bytes to token ids with loss weights; no torch.

examples: the nouns: Example, TokenizedExample, Dataset
formats: the shapes a row can have, and how each becomes an Example
row_shapes: which format a row has, told by its keys
chat_rows: a chat row to its messages
preference_rows: a preference row to its conversation and its two answers
reinforcement_rows: a reinforcement row to its conversation, and what a grader reads
tool_calls: the tools of a chat row, declared, called and answered
findings: what is found wrong in a row
validate: a file judged whole: a Dataset, or every bad row
judge: the judge of a file's rows, line by line
file_parts: the lines of a large file, worked on in several processes
judge_in_parts: a large file's lines, judged in several processes
clean_lines: chat lines of which nothing is to be said, many at once
said_before: which examples say what an earlier one says
file_rows: the rows of a file: lines, or elements of an array
array_elements: the elements of a JSON array of any length
strict_json: JSON text to its value, or what is wrong and where
encoding: bytes that are no UTF-8 text
wide_text: UTF-16 and UTF-32, told from the bytes
code_pages: text of one byte a character, told by its letters
split: a training and a validation part
leakage: validation examples that are in the training data too
expressions: by which byte-pair tokenizers cut text, as far as they are understood
word_borders: whether a tokenizer cuts before every word
words: text to ids by words that were met before
tokenizer: text to token ids, typed text apart from control tokens
sandbox: Jinja for templates by strangers, bounded
template: chat templates, rendered in the sandbox
traced_template: what a template makes of texts that it cannot see
shapes: rows of one shape, put together without the template
render: Example to TokenizedExample: token ids and loss weights
over_length: examples that do not fit: refused, dropped or cut, and counted
statistics: a dataset in figures
packing: TokenizedExamples of one step to Rows
importers: every way in: what people have, turned into rows
personal: personal data, found, taken out, proven
clean_row: one row without personal data, and an account of every change
cleaning: a data file without personal data, its rows cleaned by several processes
synthesis: examples that a model writes
row_texts: the texts of a row, and the row with some of them changed
row_writer: rows to a file, there whole or not at all
versions: what a data file is made of, and from what
operations: what an operation on data files takes and gives
operation_outputs: what operations make: names and versions
generation: examples that a model writes, as operations
import_operations: files of any kind into training data, as operations
personal_operations: personal data and single persons, as operations
operation_kinds: each kind of operation, run
derived: a file made from others, and its version
row_file: a file's rows, read again by number
similarity: how alike two rows are
near_index: which rows may be near duplicates
duplicates: rows that say the same, in clusters, and the file without them
split_file: a training and a validation file, grouped and stratified
differences: where two rows differ
version_diff: what changed between two files, and how one came to be
row_matching: the rows of one file matched with those of another
alike_pairs: pairs of rows by how alike they are, sorted
content: what is said in the rows, judged
harm: words and patterns of harmful content
loose_json: text that is nearly JSON to its value
row_fixes: what can be mended in a row without a guess
fixes: a file's safe fixes, into another file
row_index: where the rows of a file begin
row_measures: the rows that can be used, measured as they are read
report_file: what was found in a file, in a folder, to be read in pages
revision: a file's bytes with some lines changed
preview: what is trained on, shown
"""
