"""Words and patterns of harmful content: a first look, for files now and for requests and answers likewise.

terms: a list as it is written, and how it is read
find: HarmFilter: a text to its hits
"""
