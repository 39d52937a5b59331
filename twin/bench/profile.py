"""Time by part: what a profile says of engine, chain, agents, market, monitoring, team, recording.

A function of the twin counts for its own part, by the file it stands in. One of somebody else
(a built-in, NumPy, pydantic) counts for the parts that call it, in the proportion of the time it
spent for each. The profiler itself costs time with each Python call, so parts made of many small
functions look larger than they are, and the Rust engine, which makes none, smaller.
"""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twin.bundled import folder

__all__ = ["PARTS", "part_of", "shares"]

PARTS = ("engine", "chain", "agents", "market", "monitoring", "team", "recording", "rest")
"""The parts, as tables show them."""

PACKAGE = Path(__file__).resolve().parents[1]

# The longest prefix of a path inside twin/ decides; what is not listed is the rest.
_PLACES = {
    "chain/": "chain",
    "chain/pyevm": "engine",
    "chain/revm": "engine",
    "chain/lockstep": "engine",
    "chain/validity": "engine",
    "protocol/": "chain",  # ABI coding, multicall: how everybody talks to the chain
    "habitat": "agents",
    "market/": "market",
    "monitoring/": "monitoring",
    "desk/": "team",
    "desk/records": "recording",
    "procedures/": "team",
    "team/": "team",
    "events": "recording",
    "recorder": "recording",
    "witness": "recording",
}
_ENGINES = ("/eth/", "/py_ecc/", "/fictra_twin_engine/")
_ROUNDS = 40  # how often shares are handed from callers to callees; stacks of strangers are short

Code = tuple[str, int, str]


def part_of(file: str) -> str | None:
    """Return the part that the source *file* belongs to, None for a stranger's."""
    path = Path(file)
    if path.is_relative_to(folder("agents")):
        return "agents"
    if path.is_relative_to(PACKAGE):
        inside = str(path.relative_to(PACKAGE))
        fitting = [place for place in _PLACES if inside.startswith(place)]
        return _PLACES[max(fitting, key=len)] if fitting else "rest"
    return "engine" if any(name in file for name in _ENGINES) else None


def shares(profiler: cProfile.Profile) -> dict[str, float]:
    """Return the share of all time in *profiler* by part; they add up to 1."""
    table: Mapping[Code, Any] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    mixes = _mixes(table)
    total = dict.fromkeys(PARTS, 0.0)
    for code, (_calls, _all, own, _cumulative, _callers) in table.items():
        for part, share in mixes[code].items():
            total[part] += own * share
    whole = sum(total.values()) or 1.0
    return {part: round(value / whole, 4) for part, value in total.items()}


def _mixes(table: Mapping[Code, Any]) -> dict[Code, dict[str, float]]:
    """Return for each function the parts it works for, with weights that add up to 1."""
    known = {code: part_of(code[0]) for code in table}
    mixes = {code: {part or "rest": 1.0} for code, part in known.items()}
    strangers = [code for code, part in known.items() if part is None and table[code][4]]
    for _round in range(_ROUNDS):
        for code in strangers:
            mixes[code] = _mix(table[code][4], mixes)
    return mixes


def _mix(
    callers: Mapping[Code, tuple[int, int, float, float]],
    mixes: Mapping[Code, Mapping[str, float]],
) -> dict[str, float]:
    """Return the mix of *callers*, each weighed with the time that was spent for it."""
    found: dict[str, float] = {}
    for caller, (_calls, _all, own, cumulative) in callers.items():
        weight = max(own, cumulative, 1e-12)
        for part, share in mixes.get(caller, {"rest": 1.0}).items():
            found[part] = found.get(part, 0.0) + weight * share
    whole = sum(found.values())
    return {part: value / whole for part, value in found.items()}
