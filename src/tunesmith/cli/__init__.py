"""The command line.

main: the commands, and the border where errors become exit codes
data: data check and data preview
chat: a conversation in the terminal
progress: training shown while it runs
"""
