"""Named streams of chance: each source of chance draws from its own generator.

A stream is derived from (seed, family, declared name) alone, so that adding an agent or a
fault moves no other draw. Streams are made once and kept: asking twice gives the same generator
where it stands, never a fresh one.
"""

from __future__ import annotations

import hashlib

import numpy as np

from twin.errors import CrashError

__all__ = ["Streams", "derive"]


_SEPARATOR = "\x1f"


def derive(seed: int, *names: str) -> int:
    """Return a 128-bit integer that depends on *seed* and the *names*, and on nothing else.

    A name with the separator (ASCII 31) would be two names as well: CrashError refuses it.
    """
    for name in names:
        if _SEPARATOR in name:
            raise CrashError(f"a stream of chance named {name!r}: leave out the character 31")
    text = _SEPARATOR.join((str(seed), *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


class Streams:
    """All streams of one run, derived from its *seed* (a non-negative integer)."""

    __slots__ = ("_made", "seed")

    def __init__(self, seed: int) -> None:
        """Start with no stream made."""
        self.seed = seed
        self._made: dict[tuple[str, str], np.random.Generator] = {}

    def stream(self, family: str, name: str) -> np.random.Generator:
        """Return the generator of (*family*, *name*): PCG64, the same object at every call."""
        key = (family, name)
        made = self._made.get(key)
        if made is None:
            bits = np.random.PCG64(np.random.SeedSequence(derive(self.seed, family, name)))
            made = self._made[key] = np.random.Generator(bits)
        return made
