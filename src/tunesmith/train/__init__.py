"""The fine-tuning story, from examples to a checkpoint."""
