"""Not more than so many frames a second."""

import asyncio
from collections.abc import Callable


class Pace:
    """Calls `show` at once when there is news, and then at most `per_second` times a second.

    By a timer of the event loop, which costs less than a task that sleeps.
    """

    def __init__(self, show: Callable[[], None], *, per_second: float) -> None:
        self._show = show
        self._interval = 1 / per_second
        self._loop = asyncio.get_running_loop()
        self._next = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def news(self) -> None:
        """There is something to show."""
        if self._timer is not None:
            return
        now = self._loop.time()
        if now < self._next:
            self._timer = self._loop.call_at(self._next, self._fire)
        else:
            self._next = now + self._interval
            self._show()

    def now(self) -> None:
        """Shows what there is without waiting: it is the first of its kind, or the last."""
        if self._timer is not None:
            self._timer.cancel()
        self._fire()

    def _fire(self) -> None:
        self._timer = None
        self._next = self._loop.time() + self._interval
        self._show()
