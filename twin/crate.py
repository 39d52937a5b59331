"""What the Rust crate (engine/) does besides executing: coding and hashing, where it is built.

Everything that is taken from here has a Python original beside it, which gives the same answers
and is what runs on a machine without the crate.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

__all__ = ["maker", "native"]

Record = TypeVar("Record")


@cache  # to look in vain for a module takes long, and an ABI asks hundreds of times
def native(name: str) -> Any:
    """Return what the crate calls *name*; None where it is not built, or built from older sources."""
    try:
        return getattr(import_module("fictra_twin_engine"), name, None)
    except ModuleNotFoundError:
        return None


def maker(record: type[Record]) -> type[Record]:
    """Return what makes instances of *record*, a frozen dataclass with slots, from all its fields.

    They are given by position, defaults too. The crate fills the slots in a fifth of the time
    that the class takes, which asks for each field whether it may. Without the crate, or where
    the class looks at what it is given, it is the class itself.
    """
    make = None if hasattr(record, "__post_init__") else native("Record")
    return make(record, [field.name for field in fields(record)]) if make else record  # type: ignore[arg-type]  # a dataclass, as the caller knows
