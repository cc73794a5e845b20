"""Every way in: what people have, turned into rows that can be trained on; each row that is left out is counted.

rows: the nouns: where a row came from, a row found, a row made, a row left out
documents: documents to passages, to ask questions about
"""
