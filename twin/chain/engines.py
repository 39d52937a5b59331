"""Engines by name.

`pyevm` is the reference and always there. `revm` is the fast one, there where its Rust crate is
built. An engine's library is imported only when one is made.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.util import find_spec
from typing import cast

from twin.chain.port import Engine
from twin.errors import UnknownName

__all__ = ["available", "make_engine"]

# Name to (what must be installed, our module over it, the class there).
_ENGINES = {
    "pyevm": ("eth", "twin.chain.pyevm", "PyEvm"),
    "revm": ("fictra_twin_engine", "twin.chain.revm", "Revm"),
}


def available() -> tuple[str, ...]:
    """Return the names of the engines that can be made here, the reference first."""
    return tuple(
        name
        for name, (library, module, _) in _ENGINES.items()
        if find_spec(library) is not None and find_spec(module) is not None
    )


def make_engine(name: str = "pyevm", *, chain_id: int) -> Engine:
    """Return a new engine called *name* with an empty state.

    UnknownName is raised where no engine is called that, or where it is not built.
    """
    if name not in available():
        raise UnknownName("engine", name, available())
    _, module, attribute = _ENGINES[name]
    make = cast("Callable[..., Engine]", getattr(importlib.import_module(module), attribute))
    return make(chain_id=chain_id)
