"""Everything that is kept: the only SQL. Functions take a connection, so that a caller puts several into one transaction.

tables: the schema
db: SQLite or PostgreSQL, read and written by short transactions
migrations: its changes, one file each
migrate: bring a database to this version's schema, and make the first project
temporaries: files on their way in, swept when their process is gone
blobs: bytes named by their SHA-256, in a folder of this machine
blobs_s3: the same in an S3 bucket
blob_references: which rows need which blobs
collection: what nothing needs any more is removed
files: uploaded files
uploads: files that arrive in parts
file_versions: what files were made of
instance: facts of the whole installation
projects: whose everything is
members: people, and their roles in projects
keys: what a caller shows; only hashes are kept
audit: who did what
idempotency: a request sent again makes nothing twice
jobs: fine-tuning jobs: states, moves, rows
job_events: what happened to a job
job_metrics: the figures of its steps, and the points of a curve
models: tuned models by name, and what a name stands for
job_certificates: what was measured of a job, and the attempts that trained it
checkpoints: the deployable models of a job's way
lineage: what a model was made from, and what a project keeps
checkpoint_permissions: which other projects may chat with a checkpoint
job_changes: what became of jobs since somebody looked last
queue: who does which job: claims, leases, fencing tokens
operations: what is done to data files: asked for, claimed, ended
resume_states: what a later attempt goes on from
workers: which workers there are
webhooks: where a project wants to hear of what happens
deliveries: what must be told to the outside
principals: who calls: roles and what they may do
paging: one page of a list, and its cursor
stored_chats: chat completions that were asked to be kept
"""
