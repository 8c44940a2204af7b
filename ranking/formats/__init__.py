"""Rankings, and what can be asked beside them, as text."""
