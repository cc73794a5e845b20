"""Words everyone uses: what an error says, how a file is written.

errors: the error tree, and the shape of a problem
certificates: what was measured of a job
durable: files written whole or not at all
machine: memory and cores, found out without torch
forked: parts of one work, done by children at once
ids: identifiers as the wire has them
settings: what an operator sets, from the environment
log: the logs of all processes, without secrets
addresses: which addresses may be reached from here
offline: whether this installation stays offline
outbound: the one way out over HTTP
mail: e-mail over SMTP, the other way out
standard_webhooks: how a webhook's message is signed
"""
