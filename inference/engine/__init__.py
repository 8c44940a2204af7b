"""The model engine: vLLM in a virtual environment of its own, and the launcher that keeps its servers running."""
