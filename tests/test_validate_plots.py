"""The pictures of a validation: every one is drawn, and rows that were not run leave a gap."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from twin.validate import plots
from twin.validate.records import Found, Row
from twin.validate.targets import TARGETS


def rows(found: dict[str, Found]) -> list[Row]:
    return [Row(target, found.get(target.id)) for target in TARGETS]


def test_the_points_of_the_pool_are_the_rows() -> None:
    full, empty = Figure(), Figure()
    plots.pool(full, rows({"B5.lvr": Found(0.0003125), "B6.ratio": Found(0.1, 0.01),
                           "B7.10bp": Found(0.3)}))  # fmt: skip
    plots.pool(empty, rows({}))
    assert len(full.axes[0].containers) == 2
    assert len(full.axes[0].get_lines()) > len(empty.axes[0].get_lines())
    assert empty.axes[0].containers == []


def test_the_excerpt_of_wti_is_a_year_of_days() -> None:
    assert 240 < plots.wti().size < 260


def test_every_picture_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "PATHS", 8)
    monkeypatch.setattr(plots, "DAYS", 600)
    monkeypatch.setattr(plots, "swing", lambda law, _elasticity, delay: law.gain_ppm * delay / 1e6)
    drawn = plots.draw(rows({}), tmp_path, seed=1)
    assert [path.name for path in drawn] == [
        "returns.png", "autocorrelation.png", "lvr.png", "liars.png", "fee-stability.png",
    ]  # fmt: skip
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)
