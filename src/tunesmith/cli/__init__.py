"""The command line.

main: the commands, and the border where errors become exit codes
quickstart: the whole story on the built-in base model and its own task
local: train and evaluate on this machine
data: data check and data preview
data_pages: what they print
chat: a conversation in the terminal
doctor: what this machine has, and whether the engine computes right on it
machine: the machine as its operating system tells it
progress: training shown while it runs
"""
