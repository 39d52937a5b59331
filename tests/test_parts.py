from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from program_lab import inside, write

from twin.errors import CrashError
from twin.results import RunFolder
from twin.runner.parts import MODULES, PARTS, Parts, part_of


@pytest.mark.parametrize(
    ("module", "part"),
    [
        ("twin.chain.revm", "engine"),
        ("twin.chain.pyevm_state", "engine"),
        ("eth.vm.computation", "engine"),
        ("twin.chain.producer", "chain"),
        ("twin.protocol.codec", "chain"),
        ("twin_agents.noise", "agents"),
        ("twin_agents_1.greeter", "agents"),
        ("twin.desk.twin_side", "team"),
        ("twin.desk.records", "recording"),
        ("twin.results.folder", "recording"),
        ("twin.world", "rest"),
        ("numpy.random", None),
        ("ethereum", None),
        ("simpy.core", None),
    ],
)
def test_the_longest_beginning_decides(module: str, part: str | None) -> None:
    assert part_of(module) == part


def test_the_table_names_parts_that_are_shown() -> None:
    assert {*MODULES.values()} == {*PARTS}


def within(name: str, inner: Callable[[], object]) -> Callable[[], object]:
    """Return a function of a module called *name* that calls *inner*."""
    module = ModuleType(name)
    exec("def outer():\n    inner()", module.__dict__)  # noqa: S102 - a module made here
    module.__dict__["inner"] = inner
    outer: Callable[[], object] = module.__dict__["outer"]
    return outer


def tick() -> None:
    """What the timer does."""
    signal.raise_signal(signal.SIGPROF)


ROWS: list[tuple[tuple[str, ...], str]] = [
    (("twin_agents.noise",), "agents"),
    (("twin_agents.noise", "twin.chain.chain"), "chain"),
    (("twin.market.venue", "numpy.core"), "market"),
    (("somebody.else",), "rest"),
]


@pytest.mark.parametrize(("stack", "part"), ROWS)
def test_the_innermost_part_of_the_stack_is_counted(stack: tuple[str, ...], part: str) -> None:
    parts = Parts(every=3600)  # the test sends the signals itself
    call: Callable[[], object] = tick
    for name in reversed(stack):
        call = within(name, call)
    with parts:
        assert parts.shares() == {}
        call()
        call()
    assert parts.shares() == {**dict.fromkeys(PARTS, 0.0), part: 1.0}


@pytest.fixture
def taken() -> Iterator[Callable[..., None]]:
    """Somebody else's profiler, who has the timer's signal."""

    def theirs(*_: object) -> None:
        return

    signal.signal(signal.SIGPROF, theirs)
    yield theirs
    signal.signal(signal.SIGPROF, signal.SIG_DFL)


def test_another_profiler_keeps_its_timer(taken: Any) -> None:
    with Parts() as parts:
        assert signal.getsignal(signal.SIGPROF) is taken
    assert signal.getsignal(signal.SIGPROF) is taken
    assert parts.shares() == {}


def test_in_another_thread_nothing_is_measured_and_nothing_breaks() -> None:
    log: list[dict[str, float]] = []

    def measure() -> None:
        with Parts() as parts:
            log.append(parts.shares())

    thread = threading.Thread(target=measure)
    thread.start()
    thread.join()
    assert log == [{}]


def test_the_timer_is_off_afterwards_whatever_happened() -> None:
    def break_down() -> None:
        with Parts():
            assert signal.getitimer(signal.ITIMER_PROF)[1] > 0
            raise CrashError("the run broke")

    with pytest.raises(CrashError):
        break_down()
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGPROF) == signal.SIG_DFL


def test_a_run_says_what_its_parts_took(tmp_path: Path) -> None:
    path = write(tmp_path, duration="26h")
    done = inside("run", path, "--profile", "--quiet", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0
    summary = RunFolder(tmp_path / "out").read_summary()
    assert summary is not None
    shown = summary.speed.parts
    assert [item.part for item in shown] == list(PARTS)
    assert math.fsum(item.share for item in shown) == pytest.approx(1, abs=0.001)
    assert math.fsum(item.seconds for item in shown) == pytest.approx(
        summary.speed.cpu_seconds, abs=0.01
    )
    rows = [line.split("│")[0].strip() for line in done.stdout.splitlines() if "│" in line]
    assert rows[-len(PARTS) :] == list(PARTS)


@pytest.mark.usefixtures("taken")
def test_what_could_not_be_measured_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, duration="1h")
    done = inside("run", path, "--profile", "--quiet", "--out", "out", cwd=tmp_path)
    assert "was not measured" in done.stdout
    summary = RunFolder(tmp_path / "out").read_summary()
    assert summary is not None
    assert summary.speed.parts == ()
