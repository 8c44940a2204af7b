"""Being told to stop."""

import asyncio
import signal


def stop_on_signals() -> asyncio.Event:
    """An event of the running loop that Ctrl-C, SIGTERM and SIGHUP set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    return stop
