"""OpenMetrics: what is written, and that real Prometheus takes all of it."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest
import world_lab as lab

from twin.cli import main
from twin.monitoring.metrics import Metrics, MetricSpec, metric_table
from twin.monitoring.openmetrics import (
    OPENMETRICS,
    TEXT,
    exposition,
    wanted,
    write_openmetrics,
)
from twin.monitoring.series import SeriesStore

PROMTOOL = shutil.which("promtool")
TABLE = Metrics([
    MetricSpec("fictra_swaps_total", "counter", "", 'Swaps "seen"\nso far', ("pool",)),
    MetricSpec("fictra_price_ratio", "gauge", "ratio", "Price"),
])  # fmt: skip


def sample() -> SeriesStore:
    store = SeriesStore()
    swaps = store.series("fictra_swaps_total", {"pool": 'a"\\b'})
    price = store.series("fictra_price_ratio")
    for step in range(3):
        swaps.append(1_700_000_000 + 60 * step, 2.0 * step)
        price.append(1_700_000_000 + 60 * step, (1.0, float("nan"), float("inf"))[step])
    price.mark_stale(1_700_000_180)
    store.series("ALERTS", {"alertname": "X"}).append(1_700_000_000, 1.0)
    return store


def written(store: SeriesStore) -> str:
    out = io.StringIO()
    count = write_openmetrics(store, TABLE, out)
    text = out.getvalue()
    assert count == len([line for line in text.splitlines() if not line.startswith("#")])
    return text


def test_families_say_their_type_and_help_and_samples_their_time() -> None:
    assert written(sample()).splitlines() == [
        "# TYPE ALERTS gauge",
        'ALERTS{alertname="X"} 1.0 1700000000',
        "# TYPE fictra_price_ratio gauge",
        "# HELP fictra_price_ratio Price",
        "fictra_price_ratio 1.0 1700000000",
        "fictra_price_ratio NaN 1700000060",
        "fictra_price_ratio +Inf 1700000120",
        "# TYPE fictra_swaps counter",
        '# HELP fictra_swaps Swaps \\"seen\\"\\nso far',
        'fictra_swaps_total{pool="a\\"\\\\b"} 0.0 1700000000',
        'fictra_swaps_total{pool="a\\"\\\\b"} 2.0 1700000060',
        'fictra_swaps_total{pool="a\\"\\\\b"} 4.0 1700000120',
        "# EOF",
    ]


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (prometheus)")
def test_prometheus_back_fills_a_run(tmp_path: Path) -> None:
    run, target = tmp_path / "run", tmp_path / "run.om"
    assert main(["run", "oracle-unit-error", "--until", "3h", "--out", str(run), "--quiet"]) == 1
    assert main(["export", str(run), "--prometheus", str(target), "--json"]) == 0
    samples = [line for line in target.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, "tsdb", "create-blocks-from", "openmetrics", str(target), str(tmp_path / "data")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    # a row a block: id, least and greatest time, duration, samples, chunks, series, size
    rows = [line.split() for line in done.stdout.splitlines()[1:]]
    assert sum(int(row[4]) for row in rows) == len(samples)


def test_a_folder_is_no_file_to_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    main(["run", "oracle-unit-error", "--until", "30m", "--out", str(run), "--quiet"])
    assert main(["export", str(run), "--prometheus", str(tmp_path)]) == 2
    assert "is a folder; name a file" in capsys.readouterr().err


# -- what /metrics answers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", TEXT), ("*/*", TEXT), ("text/plain", TEXT), ("text/html, */*;q=0.1", TEXT),
        ("application/openmetrics-text", OPENMETRICS),
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         OPENMETRICS),
        ("text/plain;q=0.9, application/openmetrics-text;q=0.3", TEXT),
        ("application/openmetrics-text;q=much", TEXT),
    ],
)  # fmt: skip
def test_the_format_is_the_one_that_is_asked_for(accept: str, media: str) -> None:
    assert wanted(accept) == media


def test_the_present_is_shown_in_both_formats_without_what_rules_wrote() -> None:
    store, now = sample(), 1_700_000_120
    assert exposition(store, TABLE, now).splitlines() == [
        "# HELP fictra_price_ratio Price",
        "# TYPE fictra_price_ratio gauge",
        "fictra_price_ratio +Inf",
        '# HELP fictra_swaps_total Swaps "seen"\\nso far',
        "# TYPE fictra_swaps_total counter",
        'fictra_swaps_total{pool="a\\"\\\\b"} 4.0',
    ]
    modern = exposition(store, TABLE, now, media=OPENMETRICS).splitlines()
    assert modern[3:] == [
        '# HELP fictra_swaps Swaps \\"seen\\"\\nso far',
        "# TYPE fictra_swaps counter",
        'fictra_swaps_total{pool="a\\"\\\\b"} 4.0',
        "# EOF",
    ]
    assert exposition(store, TABLE, now + 10_000) == ""


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (prometheus)")
def test_promtool_takes_everything_that_a_world_exposes() -> None:
    assert PROMTOOL is not None
    made = lab.stage(agents=lab.NODES).run(lab.HOUR)
    text = exposition(made.world.monitor.store, metric_table(), made.world.clock.now)
    assert text.count("# TYPE") > 60
    done = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
