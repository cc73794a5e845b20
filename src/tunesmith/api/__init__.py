"""The process that speaks OpenAI's dialect. It never imports torch.

app: the application: every route module, every rule that holds for all of them
protocol: HTTP from the socket, with a bound on its headers and an end for endless streams
edge: what holds for every request, before and after its route
paths: routes found by the raw path
azure: Azure's paths to the same routes
auth: keys → principals, and the labels that every route carries
labels: a route without its labels fails the build
bodies: what a body may be
multipart: a body with a file, received to the disk as it comes
wire: the base of all bodies, in and out
errors: what goes wrong, in OpenAI's envelope
findings: a request that does not fit its description, in sentences
services: what the routes work with
me: whose key it is, and what it may do
installation: device, disk and processes
base_models: the base models' cards
lineage: what a model was made from, and what hangs on it
installation_wire: the shapes of what the API says of itself
file_report_wire: the shapes of what it says of a file's rows
job_figures_wire: the shapes of what it says of a job beyond OpenAI's fields
files: bytes with a purpose
content: a file's bytes as an answer, verified while they stream
renderers: base models' tokenizers and templates, to show rows with
report_maker: reports of files, found or made
report_process: the process that makes one
file_reports: what is wrong with a file's rows
file_rows: the rows themselves, painted as a model sees them
file_revisions: a corrected copy
file_version: what a file was made of
data_operations: data files converted, cleaned, split, in the background
data_operation_items: what one has found, a part at a time
data_affected: where a person's rows went: files, jobs, models
uploads: a large file in parts
fine_tuning: the routes of jobs
job_request: the body that asks for a fine-tuning job
job_figures: a job's curves, and what was measured of it
job_certificates: measured or not, each promise has its sentence
live: what becomes of jobs, as it happens
live_feed: who listens, and the one task that looks for them
job_preview: what a job would be, before anybody asks for it
usable_body: a body without the values that were refused
job_creation: a body becomes a job
job_wire: a job, an event, a checkpoint as the wire has them
checkpoint_permissions: which other projects may chat with a checkpoint
models: base models and tuned ones
chat: POST /chat/completions
chat_request: a chat request's body → what the serving process is asked
chat_answer: what it says → a completion, or the chunks of a stream
stored_chats: completions that were kept
serving_client: the serving process, as the API sees it
rate_limits: requests and tokens of each key in a minute
webhooks: where a project wants to hear of what happens
organization: projects, members, keys, and the audit log
health: whether every part is ready
openapi: the description of what is served
studio: the pages that people see, built from studio/
"""
