"""The process that speaks OpenAI's dialect. It never imports torch.

errors: what goes wrong, in OpenAI's envelope
findings: a request that does not fit its description, in sentences
wire: the base of all bodies, in and out
auth: keys → principals, and the labels that every route carries
services: what the routes work with
labels: a route without its labels fails the build
paths: routes found by the raw path
bodies: what a body may be
edge: what holds for every request, before and after its route
health: whether every part is ready
openapi: the description of what is served
job_request: the body that asks for a fine-tuning job
job_creation: a body becomes a job
job_wire: a job, an event, a checkpoint as the wire has them
fine_tuning: the routes of jobs
checkpoint_permissions: which other projects may chat with a checkpoint
models: base models and tuned ones
app: the application: every route module, every rule that holds for all of them
"""
