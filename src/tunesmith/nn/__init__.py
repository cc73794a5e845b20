"""The decoder, its adapters, and weights on disk.

catalog: what a base model is before any tensor is read; no torch
attention: attention inside documents, and the KV cache
transformer: the decoder: tokens and borders to hidden states
prepared: the decoder laid out for generation
lora: low-rank pairs beside chosen projections, in PEFT's format
weights: tensors between safetensors files and the decoder
"""
