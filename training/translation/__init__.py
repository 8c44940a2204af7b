"""Instructions into Basque, by a served model."""
