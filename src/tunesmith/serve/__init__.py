"""The process that answers.

chat: one choice as it grows: tokens to text and calls of tools
"""
