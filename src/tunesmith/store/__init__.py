"""Everything that is kept: the only SQL. Functions take a connection, so that a caller puts several into one transaction.

tables: the schema
db: SQLite or PostgreSQL, read and written by short transactions
migrate: bring a database to this version's schema, and make the first project
jobs: fine-tuning jobs: states, moves, rows
job_events: what happened to a job
models: tuned models by name, and what a name stands for
checkpoints: the deployable models of a job's way
checkpoint_permissions: which other projects may chat with a checkpoint
queue: who does which job: claims, leases, fencing tokens
resume_states: what a later attempt goes on from
workers: which workers there are
principals: who calls: roles and what they may do
paging: one page of a list, and its cursor
stored_chats: chat completions that were asked to be kept
"""
