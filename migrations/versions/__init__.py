"""The steps, oldest first. A package, because an editable install finds nothing else."""
