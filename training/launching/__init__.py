"""From a variant to a running worker: its recipe, what it runs on, the files of accelerate and Slurm."""
