"""Examples that a model writes: from seeds, as questions for a person to answer, or about documents.

asking: the nouns: a request, its answer, and why there is none
tokens: about how many tokens, and the words
prompts: the template that a model is asked with
plan: which requests, and what they will cost
endpoint: OpenAI's chat completions as an Ask
crew: several requests at once
journal: what was asked and answered, on the disk
answers: what a model wrote to questions and answers
similarity: how alike, how diverse
support: whether a passage supports an answer
judging: kept, or refused and why
synthesize: the story
rows: what was kept to rows
drafts: questions that a person answers
output: the files
"""
