"""A scenario scored on many seeds, side by side in processes of their own.

Seeds are those of the scenario first, then the whole numbers that follow the last of them: the
same N seeds for everybody who asks for N.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from twin.chain.engines import best
from twin.errors import UsageError
from twin.library import Library
from twin.runner import Request
from twin.runner.scored import score_request
from twin.scenario import Scenario
from twin.scenario.team import PolicyName
from twin.scoring.score import Score

__all__ = ["Job", "Tell", "score_all", "seeds_of"]

Tell = Callable[[str, bool], object]
"""Told the name of a seed and whether it ended."""


def _quiet(_name: str, _ended: bool) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Job:
    """The *scenario* file to score on *seed* under *policy*."""

    scenario: Path
    seed: int
    policy: PolicyName | None = None
    without: tuple[str, ...] = ()
    engine: str = field(default_factory=best)
    agents: tuple[Path, ...] = ()

    @property
    def label(self) -> str:
        """The job in one word."""
        return f"seed {self.seed}"


def seeds_of(scenario: Scenario, count: int | None) -> tuple[int, ...]:
    """Return *count* seeds of *scenario*: its own, then the numbers after the last of them."""
    own = tuple(dict.fromkeys(scenario.seeds or (scenario.seed,)))
    if count is None:
        return own
    if count < 1:
        raise UsageError(f"--seeds {count}: one seed or more")
    following = iter(range(max(own) + 1, max(own) + 1 + count))
    return (*own[:count], *(next(following) for _ in range(count - len(own))))


def work(job: Job) -> Score:
    """Score one seed: four runs in this process."""
    library = Library(agents=job.agents, engine=job.engine)
    scenario = library.load(job.scenario).with_seed(job.seed)
    request = Request(scenario, library.parts_without(job.without), policy=job.policy,
                      without=job.without)  # fmt: skip
    return score_request(request)[0]


def score_all(todo: Sequence[Job], *, jobs: int, tell: Tell = _quiet) -> Iterator[Score]:
    """Yield the score of each of *todo* in its order, *jobs* at a time."""
    if jobs < 1:
        raise UsageError(f"--jobs {jobs}: at least one run at a time")
    if jobs == 1 or len(todo) == 1:
        for job in todo:
            tell(job.label, False)
            done = work(job)
            tell(job.label, True)
            yield done
        return
    yield from _side_by_side(todo, jobs, tell)


def _side_by_side(todo: Sequence[Job], jobs: int, tell: Tell) -> Iterator[Score]:
    pool = ProcessPoolExecutor(min(jobs, len(todo)), mp_context=get_context("spawn"))
    running: dict[Future[Score], int] = {}
    done: dict[int, Score] = {}
    given = begun = 0
    try:
        while given < len(todo):
            while begun < len(todo) and len(running) < jobs:
                tell(todo[begun].label, False)
                running[pool.submit(work, todo[begun])] = begun
                begun += 1
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                place = running.pop(future)
                tell(todo[place].label, True)
                done[place] = future.result()
            while given in done:
                yield done.pop(given)
                given += 1
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
