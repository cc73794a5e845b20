"""Every change of the schema, oldest first; scripts/write_migration.py writes the next one.

v0001_first: the whole schema of the first version
v0002_job_figures: steps as numbers, attempts, certificates
v0003_operations: operations on data files, and what files were made of
"""
