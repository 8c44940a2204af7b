"""What the arena adds to a stream of tokens: `make bench-streaming`, explained in docs/performance.md."""
