"""The gas snapshot: what each function took when it was last agreed to.

`gas.json` beside this file holds calls, min, median and max of gas by `Contract.function`, from a
fixed run of the whole network; `experiments/gas_snapshot.py` writes it, and a test holds the two
together. The signed register carries it, so that gas that has grown is found on any chain.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from twin.errors import UsageError

__all__ = ["GAS_FILE", "gas_snapshot"]

GAS_FILE = Path(__file__).with_name("gas.json")
"""Where the snapshot is kept."""


@cache
def gas_snapshot() -> Mapping[str, Mapping[str, int]]:
    """Return {calls, min, median, max} by `Contract.function`; UsageError where it is no snapshot."""
    try:
        found = json.loads(GAS_FILE.read_text("utf-8"))["functions"]
        return MappingProxyType(
            {name: MappingProxyType({key: int(n) for key, n in row.items()})
             for name, row in found.items()}
        )  # fmt: skip
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{GAS_FILE}: no gas snapshot: {error!r}") from error
