"""The process that speaks OpenAI's dialect. It never imports torch.

errors: what goes wrong, in OpenAI's envelope
wire: the base of all bodies, in and out
auth: keys → principals, and the label that every route carries
services: what the routes work with
app: the application: routes, middleware, handlers
"""
