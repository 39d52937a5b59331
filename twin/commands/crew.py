"""A worker of `twin run --remote`: `twin live` in a process of its own, for as long as the run."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from twin.commands.live import TOKEN

if TYPE_CHECKING:  # the server is an extra, and heavy
    from twin.console.company import Company

__all__ = ["worker"]

LEAVING = 10.0
"""Seconds of wall time that a worker gets to leave by itself."""


@contextlib.contextmanager
def worker(company: Company, port: int, token: str) -> Iterator[None]:
    """Have a worker at *port* while the context lasts; *company* hears when it is gone too early."""
    process = subprocess.Popen(  # noqa: S603 - this very program
        [sys.executable, "-m", "twin", "live", f"http://127.0.0.1:{port}", "--quiet"],
        env={**os.environ, TOKEN: token},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    watch = threading.Thread(target=lambda: company.lost(process.wait()), daemon=True)
    watch.start()
    try:
        yield
    finally:
        company.over()
        try:
            process.wait(LEAVING)
        except subprocess.TimeoutExpired:
            process.kill()
        watch.join()
