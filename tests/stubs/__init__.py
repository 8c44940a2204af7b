"""Stand-ins for what a test must not call: they answer on real ports, over the real protocol."""
