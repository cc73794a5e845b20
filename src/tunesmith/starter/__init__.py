"""The built-in base model and the quickstart's task, with what made them.

names: made-up words in two halves that never meet
dice: the throws behind every made-up dialogue
notations: invented notations for questions
graph_query: the quickstart's task: questions and their queries in Weft
graph_query_frames: the English of that task's questions
lexicon_en: TODO
tongue: TODO
"""
