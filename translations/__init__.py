"""Catalogues of words, domain `certify`. A package, because an editable install finds nothing else."""
