"""How long rankings take, ours and others': see `__main__`."""
