"""The decoder, its adapters, and weights on disk.

architectures: the architectures that the decoder knows, and what tells them apart; no torch
catalog: what a base model is before any tensor is read; no torch
shapes: the sizes behind auto and the memory formula, from the config alone; no torch
known_models: the base models that an installation offers, and their aliases; no torch
attention: attention inside documents, and the KV cache
gradients: norm and rotation with forward and backward written by hand
transformer: the decoder: tokens and borders to hidden states
prepared: the decoder laid out for generation
lora: low-rank pairs beside chosen projections, in PEFT's format
weights: tensors between safetensors files and the decoder
foreign: models that the decoder does not know, through the transformers library
models: a base model behind the one call, whichever of the two computes it
"""
