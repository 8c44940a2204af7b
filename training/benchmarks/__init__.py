"""Benchmarks of the study and of the demo, run with lm-evaluation-harness."""
