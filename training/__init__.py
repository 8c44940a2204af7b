"""Making the next models: instructions, training, benchmarks, as management commands."""
