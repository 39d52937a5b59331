"""The standard streams, where the program meets whoever reads it: closed, full, gone, narrow."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TextIO

__all__ = ["flush", "hush", "prepare", "tell"]


def prepare() -> None:
    """Make both streams fit to be written to, whatever this process was started with.

    One that was closed (`twin list >&-`) leads nowhere, and a character that the reader's encoding
    lacks is shown by its number.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere, "w", encoding="utf-8"))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def hush(stream: TextIO) -> None:
    """Send *stream* to nowhere: whoever read it went away, or takes no more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def flush() -> None:
    """Hand over what was printed; a reader who went away (`twin list | head -1`) is no error."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            hush(stream)


def tell(text: str, stream: TextIO) -> None:
    """Print *text* last of all, if *stream* still takes it: an ending must not fail."""
    try:
        if text:
            print(text, file=stream)
        stream.flush()
    except OSError:
        with contextlib.suppress(OSError):  # a stream without a descriptor has nothing to lose
            hush(stream)
