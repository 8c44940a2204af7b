"""How gunicorn serves the site: `gunicorn config.asgi:application --config python:config.gunicorn`.

Where it listens comes from the command line, how many processes there are from WEB_CONCURRENCY. Names are gunicorn's.
"""

import os
import shutil
from typing import Any

from config import env
from config.logging import log_config

#: For pages that are being sent and sockets that are being closed when the last answer has ended, in seconds.
_MARGIN = 10

worker_class = "config.worker.DrainingWorker"
graceful_timeout = env.drain_seconds() + _MARGIN
control_socket_disable = True
logconfig_dict = log_config(**env.log_options())


def on_starting(server: Any) -> None:
    """The processes count into one folder (config/metrics.py). What is in it is an earlier server's."""
    folder = env.var_dir() / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def child_exit(server: Any, worker: Any) -> None:
    """Whatever way a process ended, nothing is open or running in it any more. What it has counted stays."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
