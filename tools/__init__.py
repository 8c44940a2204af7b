"""What `make` runs. These start before anything is installed, so they use the standard library only."""
