"""The FICTRA network in one process on a virtual clock."""

from __future__ import annotations

__version__ = "0.1.0"
