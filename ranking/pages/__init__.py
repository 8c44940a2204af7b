"""What the pages of rankings show, made from what was computed. Pages read no votes."""
