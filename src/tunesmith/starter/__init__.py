"""The built-in base model and the quickstart's task, with what made them.

names: made-up words in two halves that never meet
graph_query: the quickstart's task: questions and their queries in Weft
graph_query_frames: the English of that task
dice: random picks, made-up names, filled sentence frames
notations: invented notations for questions
lexicon_en: English words, frames and facts
lexicon_more_en: more of them
lexicon_zh: the same in Chinese
lexicon_more_zh: more of them
lexicon_twins: what both languages know
lexicon_tools: the tools that dialogues declare and call
tongue: a language as parsed tables
skills: what the base model practises, one function a skill
reading: long texts, tables, facts told turns before, roles
changes: dates, hours, units, numbers and words in another form
few_shot: tasks that only their demonstrations tell
tool_talk: tools called, results told
dialogues: the dialogues it is pre-trained on
copying: exercises in copying, practised before the dialogues
pretrain: the recipe that made it
"""
