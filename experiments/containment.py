"""Value the response to the oracle's unit error, over seeds.

Each seed is run three times: as it is, with the oracle procedures and the containment switched
off, and without any fault. The loss is the scenario's own, net of the run without faults.

    python experiments/containment.py --seeds 8
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from twin.library import Library, find
from twin.runner import Outcome, Request, execute

OFF = ("ME4", "IO1", "NR1")
BILLION = 10**11
"""US cents in a billion dollars."""


def net(outcome: Outcome) -> float:
    """Return the net loss of a run in billions of dollars."""
    loss = outcome.summary.loss
    if loss is None or loss.net is None:
        raise SystemExit("the scenario declares no loss")
    return loss.net / BILLION


def contained_after(outcome: Outcome) -> float | None:
    """Return the minutes from the unit error to containment."""
    for check in outcome.summary.checks:
        if check.name.startswith("incident") and "contained" in check.name and check.passed:
            return int(str(check.got).split()[1]) / 60
    return None


def main() -> None:
    """Run the study and print its table."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    arguments.add_argument("--seeds", type=int, default=8, help="how many seeds, from 1 on")
    count = arguments.parse_args().seeds
    library = Library()
    scenario = library.load(find(["oracle-unit-error"])[0])
    print("| seed | contained after, min | net loss, billion USD | without procedures | saved |")
    print("|---|---|---|---|---|")
    saved = []
    for seed in range(1, count + 1):
        with tempfile.TemporaryDirectory() as folder:
            chosen = scenario.with_seed(seed)
            root = Path(folder)
            with_all = execute(Request(chosen, library.parts, root=root))
            bare = execute(Request(chosen, library.parts_without(OFF), root=root, without=OFF))
        took = contained_after(with_all)
        saved.append(net(bare) - net(with_all))
        shown = "never" if took is None else f"{took:.0f}"
        print(f"| {seed} | {shown} | {net(with_all):.1f} | {net(bare):.1f} | {saved[-1]:.1f} |",
              flush=True)  # fmt: skip
    print(f"\nsaved, median over {count} seeds: {statistics.median(saved):.1f} billion USD; "
          f"least {min(saved):.1f}, most {max(saved):.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
