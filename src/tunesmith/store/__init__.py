"""Everything that is kept: the only SQL. Functions take a connection, so that a caller puts several into one transaction.

tables: the schema
db: SQLite or PostgreSQL, read and written by short transactions
migrate: bring a database to this version's schema, and make the first project
jobs: fine-tuning jobs: states, moves, rows
queue: who does which job: claims, leases, fencing tokens
resume_states: what a later attempt goes on from
workers: which workers there are
principals: who calls: roles and what they may do
paging: one page of a list, and its cursor
"""
