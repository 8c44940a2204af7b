"""What ranking refuses."""


class SnapshotIsImmutable(Exception):
    """A published ranking is never changed and never deleted."""


class UnknownDimension(ValueError):
    """The campaign's ballot form does not ask this."""


class BadFile(Exception):
    """A file that cannot be read, or a line of it that is wrong. The message names the line."""
