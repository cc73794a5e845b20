"""Tokens to tokens: generation."""
