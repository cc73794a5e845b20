"""The process that answers.

chat: one choice as it grows: tokens to text and calls of tools
artifacts: a tuned model's files, from the blobs into a folder of this machine
certify: whether a model answers as it was trained
engine: one thread that steps every model's scheduler
residents: which models are in memory
answering: one chat request, from its line to its last word
run: the process: a Unix socket, one chat a connection
"""
