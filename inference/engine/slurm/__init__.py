"""Serving on nodes of Slurm: scripts, jobs, and watching what they report."""
