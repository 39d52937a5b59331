"""The table of all parts of the benchmark, and measuring those that are named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from twin.bench.economy import economy
from twin.bench.engines import engines
from twin.bench.million import million
from twin.bench.month import month
from twin.bench.records import Effort, Part, Say
from twin.bench.rules import rules
from twin.bench.runs import baseline, blocks, idle, start_up
from twin.bench.threads import threads
from twin.errors import UnknownName

__all__ = ["PARTS", "measure"]

PARTS: Mapping[str, Callable[[Effort, Say], Part]] = {
    "help": start_up,
    "idle": idle,
    "blocks": blocks,
    "threads": threads,
    "engines": engines,
    "million": million,
    "rules": rules,
    "baseline": baseline,
    "month": month,
    "economy": economy,
}
"""The parts by name, the quick ones first; `twin bench --help` says what each is."""


def measure(names: Sequence[str], say: Say, *, effort: Effort | None = None) -> list[Part]:
    """Measure the parts called *names* (all, where none is named) and return them in that order.

    *say* is told what is measured next; UnknownName for a part that there is not.
    """
    for name in names:
        if name not in PARTS:
            raise UnknownName("part of the benchmark", name, PARTS)
    wanted = list(dict.fromkeys(names)) or list(PARTS)
    return [PARTS[name](effort or Effort(), say) for name in wanted]
