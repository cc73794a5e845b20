"""Every way in: what people have, turned into rows that can be trained on; each row that is left out is counted.

rows: the nouns: where a row came from, a row found, a row made, a row left out
convert: the driver: sources in, one file of rows that validate out, everything counted
previewing: the first rows as convert would make them
source: what reading takes and gives: what the user says, and a file with the outcomes of reading it
reading: paths to their sources, in order; all mail as one
row_sources: a file of rows to its source: what the first rows say they are
mapped_source: a table to its source by a mapping of its columns
opening: what stands at a path, opened: files, packed files, folders
archives: the members of zip and tar archives
unpacking: packed bytes to bytes, within bounds
opened: one file, opened
detect: which format a file has, and why
lines: an opened file to lines of UTF-8, whatever its encoding
elements: the elements of a JSON array of any size
json_records: JSON lines, arrays and values to records
text_records: plain text to records
making: what every record format shares: rows or a reason, and notes
conversations: chat and ShareGPT rows, in every spelling, to chat rows
tool_texts: tools and calls as other formats write them
pairs: a question and an answer under some names, plain text, labels
preferences: two answers in every shape to preference rows; thumbs up and down
reinforcement: questions with what a grader reads
plain_chat: chat lines that may pass as they stand
placeholders: names left open in a data set, told and filled
checked: what is wrong with a row that was made
tables: CSV, TSV and the like to records; the other tables' readers beside it
part_names: what columns are called that hold a part of an example
table_header: the first row of a table: whether it names the columns
nested_cells: cells of JSON text
excel: workbooks to records
sheet_marks: merged cells and formulas of a sheet
cell_text: a spreadsheet's value as people see it
date_text: a date, a time or a span as people see it
arrow_tables: Parquet and Arrow to records
cell_template: a text made of a row's cells
mapping: which column is what: parsed, judged, applied
column_guess: a mapping guessed, with reason and confidence
frames: rows to DataFrames and back
frame_records: a DataFrame to records
mail: mail to questions and answers
continue_dev: Continue's development data to rows, of what was kept
continue_rows: one of its events to one row
documents: documents to passages, to ask questions about
"""
