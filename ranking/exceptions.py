"""What ranking refuses."""


class SnapshotIsImmutable(Exception):
    """A published ranking is never changed and never deleted."""


class UnknownDimension(ValueError):
    """The campaign's ballot form does not ask this."""
