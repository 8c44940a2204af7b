"""How dates are written, where Django's own formats do not serve (FORMAT_MODULE_PATH)."""
