"""Served models: how they are described, watched, launched and streamed from. Knows nothing of battles."""
