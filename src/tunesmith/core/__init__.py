"""Words everyone uses: what an error says, how a file is written.

errors: the error tree, and the shape of a problem
durable: files written whole or not at all
machine: memory and cores, found out without torch
ids: identifiers as the wire has them
settings: what an operator sets, from the environment
"""
