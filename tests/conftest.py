"""What all tests share: chance that repeats, the outside vectors, and a folder for runs.

Hypothesis runs under the profile "ci", whose examples are the same every time;
`HYPOTHESIS_PROFILE=explore` looks for new ones. Tests marked `nightly` run with `--nightly` alone.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("explore", parent=settings.get_profile("ci"), derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts us in the background has us deaf to Ctrl-C, and what we start would
    # inherit that; the tests of interruption need the ordinary state.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for what `make nightly` runs."""
    parser.addoption("--nightly", action="store_true", help="run the tests marked nightly too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes too long for every change, unless it is asked for."""
    if config.getoption("--nightly"):
        return
    late = [item for item in items if item.get_closest_marker("nightly")]
    if late:
        config.hook.pytest_deselected(items=late)
        items[:] = [item for item in items if item not in late]


LIGHT = ("test_agents_", "test_habitat", "test_market", "test_recorder", "test_visits")
"""Modules whose worlds need few procedures and rules (see `world_lab.light`)."""


@pytest.fixture(autouse=True, scope="module")
def _light_worlds(request: pytest.FixtureRequest) -> Iterator[None]:
    """Make the worlds of some modules light."""
    import world_lab

    name = request.module.__name__
    world_lab.WHOLE = not (name.startswith(LIGHT) and not name.endswith("_procedures"))
    yield
    world_lab.WHOLE = True


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of outside vectors, too large to commit, or skip where it is not.

    It is looked for beside the checkout, or where FICTRA_SHARED says.
    """
    folder = Path(os.environ.get("FICTRA_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no outside vectors at {folder} (FICTRA_SHARED names another folder)")
    return folder


@pytest.fixture
def run_dir(tmp_path: Path) -> Callable[[str], Path]:
    """Return a maker of fresh folders for `--out`, all below one that the test owns.

    The folders do not exist yet: a run makes its own.
    """
    made: list[str] = []

    def fresh(name: str = "run") -> Path:
        made.append(name)
        return tmp_path / "runs" / f"{name}-{made.count(name)}"

    return fresh
