"""Tokens to tokens: generation.

sampling: logits to the next tokens
slots: where streams keep their keys and values, under one bound
scheduler: continuous batching of many requests, adapters mixed
engine: whole prompts to whole answers, on a scheduler of their own
protocol: what the API and the serving process say to each other
loaded: a folder or a catalog name to a model that answers
"""
