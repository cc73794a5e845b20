"""What the user asked for, typed and judged; pure, no torch.

fine_tune: FineTuneSpec: every field with its default and its sentence
yaml_file: YAML to spec, every problem with its line
resolve: every auto to a value with its reason
"""
