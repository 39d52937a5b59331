"""What the Rust crate (engine/) does besides executing: coding and hashing, where it is built.

Everything that is taken from here has a Python original beside it, which gives the same answers
and is what runs on a machine without the crate.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

__all__ = ["native"]


@cache  # to look in vain for a module takes long, and an ABI asks hundreds of times
def native(name: str) -> Any:
    """Return what the crate calls *name*; None where it is not built, or built from older sources."""
    try:
        return getattr(import_module("fictra_twin_engine"), name, None)
    except ModuleNotFoundError:
        return None
