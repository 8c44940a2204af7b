"""Real Basque texts from packages that anybody can install: to try things with, not to publish."""
