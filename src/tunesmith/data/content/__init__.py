"""What is said in a file's rows, judged as they come: warnings only, none of which keeps anybody from training.

rules: every rule: what it means and what to do; docs/data_checks.md is made of it
said: the texts of an example: who says what, and where
characters: characters that nobody sees, and those that something has broken
markers: roles and mark-up that were typed into the text, or left over in it
answers: answers that teach nothing, and answers that are all alike
labels: answers that are labels, and questions with several answers
phrases: names and phrases that stand in many answers
languages: in which language a text is
provenance: how much of a file says that a model wrote it
texts: what is wrong with each text by itself
judge: all of it over one file
of_file: a file gone through for it
"""
