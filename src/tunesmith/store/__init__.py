"""Everything that is kept: the only SQL. Functions take a connection, so that a caller puts several into one transaction.

tables: the schema
db: SQLite or PostgreSQL, read and written by short transactions
migrate: bring a database to this version's schema
migrations: its changes, one file each
instance: facts of the whole installation
projects: whose everything is
members: people, and their roles in projects
keys: what a caller shows; only hashes are kept
audit: who did what
idempotency: a request sent again makes nothing twice
jobs: fine-tuning jobs: states, moves, rows
principals: who calls: roles and what they may do
paging: one page of a list, and its cursor
"""
