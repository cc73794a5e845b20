"""Tokens to tokens: generation.

sampling: logits to the next token
engine: prefill and decode with a KV cache, many streams at once
protocol: what the API and the serving process say to each other
loaded: a folder or a catalog name to a model that answers
"""
