import type { SettingName } from "~/pages/fine-tune/settings";

/** A setting in plain words: its name, what it does, and how too little and too much of it show. */
export type SettingWords = { label: string; what: string; little: string | null; much: string | null };

export const settingsInEnglish: Record<SettingName, SettingWords> = {
  num_epochs: {
    label: "Passes over the data (epochs)",
    what: "How often training goes through all your examples. Time grows with it in proportion.",
    little: "The answers still sound like the base model; the validation loss is still falling when training ends.",
    much: "Your examples are learned by heart: the training loss goes on falling, the validation loss turns and rises, answers repeat training rows.",
  },
  batch_size: {
    label: "Batch size",
    what: "How many examples are looked at before the weights change once. More examples a step mean fewer, steadier steps.",
    little: "The loss jumps from step to step, and training takes longer on a GPU.",
    much: "So few steps are left that little is learned, mostly with small files: below a hundred steps, make the batch smaller.",
  },
  learning_rate_multiplier: {
    label: "Learning rate multiplier",
    what: "Makes the learning rate larger or smaller than the one chosen for this base model: 2 doubles it, 0.5 halves it.",
    little: "The loss falls slowly and the tuned model hardly differs from the base model.",
    much: "The loss jumps or rises, and answers become repetitive or lose their grammar.",
  },
  learning_rate: {
    label: "Learning rate",
    what: "How far the weights move in a step, as a number. Give this or the multiplier, not both. LoRA bears about ten times what full fine-tuning bears.",
    little: "The loss hardly moves over the whole run.",
    much: "The loss spikes or becomes “not a number”; what the base model could do is lost.",
  },
  lora_rank: {
    label: "LoRA rank",
    what: "How much room the adapter has for what is new. Its size and memory grow in proportion; its speed hardly changes.",
    little: "The loss stops falling early although there is much to learn: many examples, a new notation, a new language.",
    much: "Memory and disk for nothing, and with few examples learning by heart comes sooner. 8 to 32 is enough for most.",
  },
  max_seq_len: {
    label: "Longest example",
    what: "Most tokens that one example may have, prompt and answer together; at most the base model's context.",
    little: "Many rows are too long and fall under the rule below.",
    much: "Nothing is lost; only the memory for the longest rows grows.",
  },
  over_length: {
    label: "Examples that are too long",
    what: "What happens to rows above that length: stop before training and name them, leave them out, or cut their beginning or end. Nothing is ever cut silently: the file's page counts what each choice costs.",
    little: null,
    much: null,
  },
  prompt_loss_weight: {
    label: "Weight of the prompt",
    what: "0 trains on the assistant's answers alone, which is right for chat. Above 0 the model also learns to write the questions, that much.",
    little: "Where answers are very short, such as one word, each row gives little to learn from.",
    much: "The model spends its effort on writing like your users, and answers become worse.",
  },
  seed: {
    label: "Seed",
    what: "Decides the order of examples, the split and the adapter's first values. The same seed, data and settings give the same model; without one it is drawn by chance and noted.",
    little: null,
    much: null,
  },
  lora_alpha: {
    label: "LoRA alpha",
    what: "How strongly the adapter speaks: its change is scaled by alpha divided by rank. Works much like the learning rate, so change only one of the two.",
    little: "Slow learning, as with a small learning rate.",
    much: "An unsteady loss, as with a large learning rate.",
  },
  lora_target_modules: {
    label: "Layers that carry an adapter",
    what: "auto, all-linear, or names such as q_proj, v_proj, lm_head. More places learn more and cost more memory.",
    little: "Only attention (q_proj, v_proj) learns tone well and facts or formats badly.",
    much: "With the output head (lm_head) of a large base model the adapter becomes large.",
  },
  max_steps: {
    label: "Number of steps",
    what: "Ends training after so many changes of the weights, instead of after whole passes. Good for a quick trial.",
    little: "Not every example was seen.",
    much: "As with too many passes: learning by heart.",
  },
  lr_schedule: {
    label: "How the learning rate falls",
    what: "After warm-up: cosine falls gently at both ends, linear evenly, constant not at all. Cosine is a good choice nearly always; constant keeps open how long to go on.",
    little: null,
    much: null,
  },
  warmup_ratio: {
    label: "Share of warm-up",
    what: "The part of all steps in which the learning rate rises from zero. Protects the first, unsteady steps.",
    little: "A spike of the loss in the first steps.",
    much: "A large part of the run is spent at a low rate.",
  },
  weight_decay: {
    label: "Weight decay",
    what: "Pulls the trained weights a little towards zero in each step. 0 is usual for LoRA, 0.01 to 0.1 for full fine-tuning.",
    little: "No harm in most runs; full fine-tuning with few examples may learn by heart sooner.",
    much: "What was learned fades: the loss stays high.",
  },
  adam_beta1: {
    label: "Adam's momentum (beta 1)",
    what: "How long the optimizer remembers the direction of earlier steps. There is hardly a reason to change it.",
    little: "The path becomes jittery.",
    much: "It runs past the goal: the loss swings.",
  },
  adam_beta2: {
    label: "Adam's memory of sizes (beta 2)",
    what: "How long the optimizer remembers how large gradients were. 0.95 to 0.99 settles sooner in short runs.",
    little: "Step sizes vary a lot.",
    much: "In short runs it reacts late to large gradients, which shows as spikes.",
  },
  max_grad_norm: {
    label: "Largest gradient",
    what: "Steps that would be larger than this are scaled down, so that one odd example cannot spoil the model.",
    little: "Nearly every step is cut, and training becomes slow.",
    much: "Single bad rows make spikes in the loss.",
  },
  precision: {
    label: "Number type",
    what: "bf16 takes half the memory and is fast where the machine has it; fp32 is exact and runs anywhere. Trained weights are always kept in fp32.",
    little: null,
    much: null,
  },
  micro_batch_tokens: {
    label: "Tokens at once",
    what: "How many tokens are computed at a time. Changes memory and speed, never the result.",
    little: "Slow: the machine is not filled.",
    much: "Memory runs out.",
  },
  activation_checkpointing: {
    label: "Recompute activations",
    what: "Takes less memory and about a third more time, with the same result. Switch it on where memory is short.",
    little: null,
    much: null,
  },
  compile: {
    label: "Compile the layers",
    what: "Takes up to a minute at the start and makes each step faster. Pays for jobs of more than ten minutes.",
    little: null,
    much: null,
  },
  eval_every_steps: {
    label: "Measure the validation loss every … steps",
    what: "How often the validation data is looked at while training. This draws the second curve.",
    little: "With very few steps between, measuring takes longer than training.",
    much: "With many steps between, you see too late that learning by heart has begun.",
  },
  save_every_steps: {
    label: "Save a checkpoint every … steps",
    what: "A checkpoint can be tried and gone on from, and it is where an interrupted job goes on.",
    little: "With very few steps between, writing to disk slows training.",
    much: "With many steps between, an interruption costs more work, and there are fewer versions to compare.",
  },
  keep_checkpoints: {
    label: "Checkpoints kept",
    what: "How many of the newest checkpoints stay on disk.",
    little: "A better earlier version may be gone when you notice.",
    much: "Disk; with full fine-tuning each is as large as the model.",
  },
  leakage: {
    label: "Validation examples that were trained on",
    what: "Examples that stand in both files, exactly or nearly, make the figures look better than they are: stop before training and name them, or train with a warning. A share held out of the training file keeps them on one side by itself.",
    little: null,
    much: null,
  },
  file_format: {
    label: "Format of the files",
    what: "auto looks at the first rows. Name it only where that goes wrong.",
    little: null,
    much: null,
  },
  initialization: {
    label: "First weights",
    what: "random throws the base model's knowledge away and keeps only its shape: training from nothing. It needs very much text.",
    little: null,
    much: null,
  },
};
