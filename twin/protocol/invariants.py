"""Properties of the protocol that must hold at every block, by name.

`Watch` feeds each check the blocks in order. A check that compares with earlier blocks keeps what
it saw in its memory; `Watch` holds the memories, and forgets after a reorg, since what was seen on
orphaned blocks never happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twin.errors import UnknownName
from twin.protocol.properties_custody import CUSTODY
from twin.protocol.properties_market import MARKET
from twin.protocol.properties_power import POWER
from twin.protocol.properties_tokens import TOKENS
from twin.protocol.property import Finding, Invariant, Memory, Prefetched, View

__all__ = ["INVARIANTS", "Finding", "Invariant", "Memory", "View", "Watch", "invariant_named"]

INVARIANTS = (*TOKENS, *MARKET, *CUSTODY, *POWER)
"""All there are, in the order in which they are checked."""

_BY_NAME = {item.name: item for item in INVARIANTS}


def invariant_named(name: str) -> Invariant:
    """Return the invariant called *name*; UnknownName where there is none."""
    found = _BY_NAME.get(name)
    if found is None:
        raise UnknownName("invariant", name, _BY_NAME)
    return found


class Watch:
    """The invariants called *names* over one run, all of them where none are named.

    A check of all of them is one multicall, a look at the events since the last one, and what those
    events ask for: cheap enough for every block.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        """Remember nothing yet; an unknown name raises UnknownName."""
        chosen = tuple(invariant_named(name) for name in names)
        self.invariants = chosen or INVARIANTS
        self._reads = tuple(dict.fromkeys(call for item in self.invariants for call in item.reads))
        self._memories: dict[str, dict[str, Any]] = {}

    def broken(self, view: View) -> list[tuple[Invariant, Finding]]:
        """Check all at *view*, whose block is not before the last one; return those that fail."""
        known = Prefetched(view, self._reads)
        judged = [(item, item.check(known, self._memory(item.name))) for item in self.invariants]
        return [(item, finding) for item, finding in judged if not finding.ok]

    def forget(self) -> None:
        """Forget earlier blocks; to be called after a reorg, before the next check."""
        self._memories.clear()

    def _memory(self, name: str) -> dict[str, Any]:
        return self._memories.setdefault(name, {})
