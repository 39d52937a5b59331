"""Measuring speed: the parts of `twin bench`, as medians and as ratios within one run.

Everything measured runs in a process of its own, fresh, so that no part warms or fattens another;
the parent only starts them, one at a time, and reads what they print. Nothing is judged here: a
target is met or missed, and either is a result.
"""

from __future__ import annotations

from twin.bench.parts import PARTS, measure
from twin.bench.records import Effort, Figure, Part, Target

__all__ = ["PARTS", "Effort", "Figure", "Part", "Target", "measure"]
