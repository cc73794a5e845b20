"""The command line.

main: the commands, and the border where errors become exit codes
quickstart: the whole story on the built-in base model and its own task
local: train and evaluate on this machine
data: data check and data preview
data_pages: what they print
chat: a conversation in the terminal
progress: training shown while it runs
"""
