"""Cloud regions: what services of many owners have in common without knowing it.

On 2025-10-20 the failure of one region (us-east-1) took RPC nodes and front ends of a dozen networks
with it: requests failed or hung, and some read paths answered with empty data, while every chain
went on making blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.services.chance import PPM, happens

__all__ = ["Region", "Regions"]


@dataclass(slots=True)
class Region:
    """How the region *name* does: shares in ppm; *blank* where its read paths answer nothing."""

    name: str
    error_ppm: int = 0
    slow_ppm: int = PPM
    blank: bool = False


class Regions:
    """The regions that anything of the world stands in, by name."""

    def __init__(self, seed: int) -> None:
        """Start with none; each is made when something is put there."""
        self._seed = seed
        self._regions: dict[str, Region] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._regions

    def names(self) -> list[str]:
        """The regions there are."""
        return list(self._regions)

    def region(self, name: str) -> Region:
        """Return the region called *name*, the same one every time."""
        found = self._regions.get(name)
        if found is None:
            found = self._regions[name] = Region(name)
        return found

    def fails(self, name: str, now: int, *request: str) -> bool:
        """Say whether this *request* to something in region *name* fails at unix second *now*."""
        share = self.region(name).error_ppm
        return share > 0 and happens(self._seed, share, "region", name, str(now), *request)

    def slowed(self, name: str, milliseconds: int) -> int:
        """Return what an answer that takes *milliseconds* takes in region *name* now."""
        return milliseconds * self.region(name).slow_ppm // PPM
