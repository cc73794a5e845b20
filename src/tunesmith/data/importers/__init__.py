"""Every way in: what people have, turned into rows that can be trained on; each row that is left out is counted.

rows: the nouns: where a row came from, a row found, a row made, a row left out
tables: CSV, TSV and the like to records; the other tables' readers beside it
table_header: the first row of a table: whether it names the columns
nested_cells: cells of JSON text
excel: workbooks to records
sheet_marks: merged cells and formulas of a sheet
cell_text: a spreadsheet's value as people see it
arrow_tables: Parquet and Arrow to records
cell_template: a text made of a row's cells
mapping: which column is what: parsed, judged, applied
column_guess: a mapping guessed, with reason and confidence
frames: rows to DataFrames and back
continue_dev: Continue's development data to rows, of what was kept
continue_rows: one of its events to one row
"""
