"""The run folder: names, atomic files, what is refused, what survives a kill or a full disk."""

from __future__ import annotations

import errno
import hashlib
import json
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from twin.errors import CrashError, UsageError
from twin.events import EventLog, RunStarted
from twin.monitoring.series import SeriesStore
from twin.results import (
    Check,
    Counts,
    RunFolder,
    Speed,
    Summary,
    latest,
    saving,
    write_atomic,
)


@dataclass(frozen=True)
class Written:
    path: Path
    name: str = "baseline"
    source_sha256: str = "ab" * 32
    start: int = 1_000
    end: int = 2_000


@pytest.fixture
def scenario(tmp_path: Path) -> Written:
    path = tmp_path / "baseline.twin.yaml"
    path.write_text("name: baseline\n")
    return Written(path)


def summary(*, passed: bool = True) -> Summary:
    return Summary(
        passed=passed, partial=False, scenario="baseline", seed=7, control=None, digest="d" * 64,
        state_root="0x00", checks=(Check(kind="threshold", name="t", limit=1, got=0.5, passed=passed),),
        loss=None, counts=Counts(transactions=3), incidents=(),
        speed=Speed(wall_seconds=1, cpu_seconds=1.0, peak_rss_mb=90.0, transactions_per_second=3.0),
    )  # fmt: skip


def finish(run: RunFolder, state: Any = "finished") -> RunFolder:
    run.finish(state, digest="d" * 64, state_root="0x00", head=5, reached=2_000)
    return run


def test_folders_are_numbered_and_named(tmp_path: Path, scenario: Written) -> None:
    root = tmp_path / "runs"
    names = [
        RunFolder.create(root, scenario, seed=seed, control=control).path.name
        for seed, control in ((7, None), (7, None), (8, None), (7, "calm"))
    ]
    assert names == [
        "baseline-seed7-1",
        "baseline-seed7-2",
        "baseline-seed8-1",
        "baseline.calm-seed7-1",
    ]


def test_manifest_is_written_first_and_says_what_runs(tmp_path: Path, scenario: Written) -> None:
    run = RunFolder.create(tmp_path / "runs", scenario, seed=7, without=("MP1",), engine="revm")
    body = json.loads(run.manifest.read_bytes())
    assert set(body) == {
        "schema_version", "twin_version", "scenario", "scenario_sha256", "seed", "control", "without",
        "engine", "policy", "python", "packages", "platform", "started_at", "state", "digest", "state_root",
        "head", "virtual_start", "virtual_end", "virtual_reached", "files",
    }  # fmt: skip
    assert (body["state"], body["without"], body["engine"]) == ("running", ["MP1"], "revm")
    assert (body["virtual_start"], body["virtual_end"], body["digest"]) == (1_000, 2_000, None)
    assert "numpy" in body["packages"]
    assert run.scenario.read_text() == "name: baseline\n"


def test_finish_lists_the_hash_of_every_file(tmp_path: Path, scenario: Written) -> None:
    run = RunFolder.create(tmp_path / "runs", scenario, seed=7)
    log = EventLog(run.events)
    log.emit(1_000, RunStarted("baseline", 7, 1_000, 2_000))
    log.close()
    store = SeriesStore()
    store.series("fictra_chain_head_block").append(1_000, 1.0)
    run.write_series(store)
    run.write_summary(summary())
    manifest = run.finish("finished", digest=log.digest(), state_root="0x00", head=5, reached=2_000)
    assert sorted(manifest.files) == [
        "baseline.twin.yaml",
        "events.jsonl",
        "metrics.sqlite",
        "summary.json",
    ]
    assert manifest.files["events.jsonl"] == manifest.digest
    assert manifest.files["summary.json"] == hashlib.sha256(run.summary.read_bytes()).hexdigest()
    assert run.altered() == ()
    run.summary.write_text("{}")
    run.metrics.unlink()
    assert run.altered() == ("metrics.sqlite", "summary.json")


def test_load_gives_back_what_was_written(tmp_path: Path, scenario: Written) -> None:
    run = RunFolder.create(tmp_path / "runs", scenario, seed=7)
    store = SeriesStore()
    store.series("fictra_pool_price_ratio").extend([1_000, 1_300], [1.0, 0.5])
    run.write_series(store)
    run.write_summary(summary())
    run.evidence.write_text('{"ref":"MP1-00001"}\n{"ref":"torn')
    run.events.write_text('{"kind":"run-started","n":0,"t":1000}\n{"kind":"torn')
    loaded = RunFolder.load(finish(run).path)
    assert loaded == run
    assert loaded.read_summary() == summary()
    assert [event["kind"] for event in loaded.read_events()] == ["run-started"]
    assert [item["ref"] for item in loaded.read_evidence()] == ["MP1-00001"]
    (series,) = loaded.series().select("fictra_pool_price_ratio")
    assert list(series.values) == [1.0, 0.5]


def test_a_run_that_only_began_reads_as_empty(tmp_path: Path, scenario: Written) -> None:
    run = RunFolder.load(RunFolder.create(tmp_path / "runs", scenario, seed=7).path)
    assert run.read_summary() is None
    assert list(run.read_events()) == []
    assert list(run.read_evidence()) == []
    assert len(run.series()) == 0


def broken(run: RunFolder, what: str) -> None:
    """Damage the folder of *run* in the way *what* names."""
    body = json.loads(run.manifest.read_bytes())
    match what:
        case "no manifest":
            run.manifest.unlink()
        case "not JSON":
            run.manifest.write_text("{")
        case "a newer schema":
            run.manifest.write_text(json.dumps({**body, "schema_version": 2}))
        case "a key missing":
            run.manifest.write_text(json.dumps({k: v for k, v in body.items() if k != "seed"}))
        case "a number as text":
            run.manifest.write_text(json.dumps({**body, "seed": "7"}))
        case _:
            run.summary.write_text('{"passed": true}')


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("no manifest", "is not a run folder: manifest.json: No such file"),
        ("not JSON", "manifest.json is not a manifest of this twin: the file"),
        ("a newer schema", "is not a manifest of this twin: schema_version"),
        ("a key missing", "is not a manifest of this twin: seed: Field required"),
        ("a number as text", "is not a manifest of this twin: seed"),
        ("a bad summary", "summary.json is not a summary of this twin"),
    ],
)
def test_load_refuses(tmp_path: Path, scenario: Written, what: str, message: str) -> None:
    run = RunFolder.create(tmp_path / "runs", scenario, seed=7)
    broken(run, what)
    with pytest.raises(UsageError, match=message):
        RunFolder.load(run.path)


def test_load_refuses_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such folder"):
        RunFolder.load(tmp_path / "gone")


def test_out_is_used_exactly_and_again(tmp_path: Path, scenario: Written) -> None:
    out = tmp_path / "deep" / "mine"
    first = finish(RunFolder.create(tmp_path, scenario, seed=7, out=out))
    for stale in (first.events, first.evidence, first.metrics, first.summary, first.report):
        stale.write_text("old")
    (out / "notes.txt").write_text("mine")
    second = RunFolder.create(tmp_path, scenario, seed=8, out=out)
    assert second.path == out
    assert sorted(path.name for path in out.iterdir()) == [
        "baseline.twin.yaml",
        "manifest.json",
        "notes.txt",
    ]
    assert second.read_manifest().seed == 8


@pytest.mark.parametrize(
    ("content", "message"),
    [("file", "is a file"), ("notes.txt", "is not empty and holds no run"),
     ("manifest.json", "is not empty and holds no run")],
)  # fmt: skip
def test_out_refuses_what_it_would_harm(
    tmp_path: Path, scenario: Written, content: str, message: str
) -> None:
    out = tmp_path / "out"
    if content == "file":
        out.write_text("precious")
    else:
        out.mkdir()
        (out / content).write_text('{"name": "a web application"}')
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match=message):
        RunFolder.create(tmp_path, scenario, seed=7, out=out)
    assert sorted(tmp_path.rglob("*")) == before


def test_out_takes_an_empty_folder(tmp_path: Path, scenario: Written) -> None:
    (tmp_path / "empty").mkdir()
    assert RunFolder.create(tmp_path, scenario, seed=7, out=tmp_path / "empty").manifest.is_file()


def test_running_from_the_copy_inside_the_folder_keeps_it(
    tmp_path: Path, scenario: Written
) -> None:
    run = RunFolder.create(tmp_path, scenario, seed=7, out=tmp_path / "out")
    again = RunFolder.create(tmp_path, replace(scenario, path=run.scenario), seed=7, out=run.path)
    assert again.scenario.read_text() == "name: baseline\n"


class FullDisk:
    """A disk that takes nothing more."""

    def __call__(self, *_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_harms_nothing_finished(
    tmp_path: Path, scenario: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder.create(tmp_path / "runs", scenario, seed=7)
    run.write_summary(summary())
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    monkeypatch.setattr(Path, "write_bytes", FullDisk())
    with pytest.raises(CrashError, match=r"summary\.json: the disk is full; .* unharmed"):
        run.write_summary(summary(passed=False))
    monkeypatch.setattr("os.fsync", FullDisk())
    with pytest.raises(CrashError, match=r"metrics\.sqlite: the disk is full"):
        run.write_series(SeriesStore())
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before
    assert RunFolder.load(run.path).read_manifest().state == "running"


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (sqlite3.OperationalError("database or disk is full"), "the disk is full"),
        (PermissionError(errno.EACCES, "Permission denied"), "Permission denied"),
    ],
)
def test_failures_to_write_say_what_to_do(raised: Exception, message: str) -> None:
    with pytest.raises(CrashError, match=f"{message}.*--out"), saving(Path("x")):
        raise raised


def test_a_write_replaces_whole_and_leaves_no_temporary(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomic(path, b"one")
    write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_latest_is_the_newest_finished(tmp_path: Path, scenario: Written) -> None:
    root = tmp_path / "runs"
    with pytest.raises(UsageError, match="no finished run in"):
        latest(root)
    first = finish(RunFolder.create(root, scenario, seed=7))
    other = finish(RunFolder.create(root, replace(scenario, name="other"), seed=7))
    finish(RunFolder.create(root, scenario, seed=7), "partial")
    finish(RunFolder.create(root, scenario, seed=7), "crashed")
    RunFolder.create(root, scenario, seed=7)
    broken(RunFolder.create(root, scenario, seed=7), "not JSON")
    (root / "stray").mkdir()
    assert latest(root) == other
    assert latest(root, "baseline") == first
    with pytest.raises(UsageError, match="no finished run of gone"):
        latest(root, "gone")


def test_a_record_refuses_nan_and_unknown_keys() -> None:
    good = {"kind": "loss", "name": "l", "limit": 1, "got": 1, "passed": True}
    assert Check.model_validate(good).got == 1
    for bad in ({"got": float("nan")}, {"passed": "yes"}, {"surprise": 1}, {"kind": "other"}):
        with pytest.raises(ValueError, match="validation error"):
            Check.model_validate({**good, **bad})
