"""The fine-tuning story, from examples to a trained model on disk.

fine_tune: the machine-learning story, whole
device: device, number types and threads, and what equality of bits depends on
batches: Rows to the Batch of one step
loop: Batches to StepMetrics: the one training loop
losses: cross-entropy at trained tokens only
optim: AdamW, its schedule and clipping
checkpoint: everything to resume, atomic and hashed
result: the trained model on disk
serving_check: what the trainer computes for fixed conversations, for whoever serves the model
run_folder: what a run leaves: spec, settings, events, metrics
validation_note: what the validation losses of a whole run say of it
mathematics: the certificate that the engine computes what it says
"""
