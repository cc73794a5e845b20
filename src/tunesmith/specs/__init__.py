"""What the user asked for, typed and judged; pure, no torch.

fine_tune: FineTuneSpec: every field with its default and its meaning
yaml_file: one YAML file to a spec, or every problem with its line
wire_job: the wire's words for a job to a spec
resolve: every auto to a value and its reason
pinned: a spec with the values that its first attempt resolved
data_operations: what may be done to data files: each kind with its settings
operation_answers: what each of these kinds gives
costs: what a training would cost: passes and arithmetic
memory: what a training process takes at most
"""
