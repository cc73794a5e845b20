"""The process that speaks OpenAI's dialect. It never imports torch.

errors: what goes wrong, in OpenAI's envelope
findings: a request that does not fit its description, in sentences
wire: the base of all bodies, in and out
auth: keys → principals, and the labels that every route carries
services: what the routes work with
app: the application: routes, middleware, handlers
rate_limits: requests and tokens of each key in a minute
serving_client: the serving process, as the API sees it
chat_request: a chat request's body → what the serving process is asked
chat_answer: what it says → a completion, or the chunks of a stream
chat: POST /chat/completions
stored_chats: completions that were kept
labels: a route without its labels fails the build
paths: routes found by the raw path
bodies: what a body may be
edge: what holds for every request, before and after its route
health: whether every part is ready
openapi: the description of what is served
app: the application: every route module, every rule that holds for all of them
"""
