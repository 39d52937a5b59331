"""Engines by name.

`pyevm` is the reference and always there. `revm` is the fast one, there where its Rust crate is
built. `both` is no engine of its own: it is the two in lock-step, for whoever asks for it by name.
An engine's library is imported only when one is made.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.util import find_spec
from typing import cast

from twin.chain.port import Engine
from twin.errors import UnknownName

__all__ = ["available", "best", "make_engine"]

# Name to (what must be installed, our module over it, the class there).
_ENGINES = {
    "pyevm": ("eth", "twin.chain.pyevm", "PyEvm"),
    "revm": ("fictra_twin_engine", "twin.chain.revm", "Revm"),
}
_BOTH = ("fictra_twin_engine", "twin.chain.relay", "Relay")


def available() -> tuple[str, ...]:
    """Return the names of the engines that can be made here, the reference first."""
    return tuple(
        name
        for name, (library, module, _) in _ENGINES.items()
        if find_spec(library) is not None and find_spec(module) is not None
    )


def best() -> str:
    """Return the name of the fastest engine that can be made here: revm where it is built."""
    return available()[-1]


def names() -> tuple[str, ...]:
    """Return what `make_engine` takes here: the engines, and `both` where there are two."""
    return tuple(_makers())


def _makers() -> dict[str, tuple[str, str, str]]:
    makers = {known: _ENGINES[known] for known in available()}
    if "revm" in makers:
        makers["both"] = _BOTH
    return makers


def make_engine(name: str = "pyevm", *, chain_id: int) -> Engine:
    """Return a new engine called *name* with an empty state; `both` is the two in lock-step.

    UnknownName is raised where no engine is called that, or where it is not built.
    """
    makers = _makers()
    if name not in makers:
        raise UnknownName("engine", name, makers)
    _, module, attribute = makers[name]
    make = cast("Callable[..., Engine]", getattr(importlib.import_module(module), attribute))
    return make(chain_id=chain_id)
