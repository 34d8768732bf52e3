"""Notebooks for support staff. A package, because an editable install finds nothing else."""
