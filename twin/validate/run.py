"""A validation from end to end: which checks to run, side by side in processes, and the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from twin.errors import UnknownName
from twin.random import Streams
from twin.validate.checks import CHECKS, Work
from twin.validate.records import Found, Row
from twin.validate.targets import TARGETS, groups, select

__all__ = ["Tell", "validate"]

Tell = Callable[[str, bool], None]
"""Told the name of a check and whether it ended."""


def find(name: str, engine: str, seed: int) -> dict[str, Found]:
    """Run the check called *name* and return what it found, by the id of the target."""
    return CHECKS[name].run(Work(engine, Streams(seed)))


def validate(
    only: Iterable[str] = (), *, engine: str, seed: int, jobs: int, tell: Tell
) -> tuple[Row, ...]:
    """Return a row for every target of *only* (groups such as `B5`, or ids), in their order.

    Checks run in up to *jobs* processes; each draws from streams of its own, so that their number
    changes nothing. A target for which nothing was found is a row that misses. UnknownName is
    raised for what is no target.
    """
    wanted = set(only)
    known = {*groups(), *(target.id for target in TARGETS)}
    for name in sorted(wanted - known):
        raise UnknownName("target", name, known)
    targets = select(wanted)
    ids = {target.id for target in targets} | {target.group for target in targets}
    names = [name for name, check in CHECKS.items() if ids & set(check.finds)]
    found: dict[str, Found] = {}
    if jobs > 1 and len(names) > 1:
        found = _side_by_side(names, engine, seed, jobs=min(jobs, len(names)), tell=tell)
    else:
        for name in names:
            tell(name, False)
            found |= find(name, engine, seed)
            tell(name, True)
    return tuple(Row(target, found.get(target.id)) for target in targets)


def _side_by_side(
    names: Iterable[str], engine: str, seed: int, *, jobs: int, tell: Tell
) -> dict[str, Found]:
    """Run the checks *names* in *jobs* processes."""
    found: dict[str, Found] = {}
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))
    try:
        pending = {pool.submit(find, name, engine, seed): name for name in names}
        for name in pending.values():
            tell(name, False)
        for done in as_completed(pending):
            found |= done.result()
            tell(pending[done], True)
    finally:
        pool.shutdown(cancel_futures=True)
    return found
