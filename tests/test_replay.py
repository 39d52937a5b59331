from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from program_lab import inside, manifest, write


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a finished run."""
    folder = tmp_path_factory.mktemp("replay")
    done = inside("run", write(folder, duration="1h"), "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "out"


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of it, to be tampered with."""
    return Path(shutil.copytree(finished, tmp_path / "out"))


def forge(run: Path, **fields: object) -> None:
    """Write other *fields* into the manifest of *run*."""
    (run / "manifest.json").write_text(json.dumps({**manifest(run), **fields}), "utf-8")


def test_the_same_digest_passes(run: Path) -> None:
    done = inside("replay", "out", "--json", cwd=run.parent)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["passed"], answer["schema_version"]) == (0, True, 1)
    assert answer["digest"] == answer["replayed"] == manifest(run)["digest"]
    assert [item.name for item in run.parent.iterdir()] == ["out"], "a replay leaves nothing"


@pytest.mark.parametrize("name", ["events.jsonl", "quiet.twin.yaml", "evidence.jsonl"])
def test_what_was_altered_is_refused(run: Path, name: str) -> None:
    with (run / name).open("a", encoding="utf-8") as file:
        file.write("\n")
    done = inside("replay", "out", cwd=run.parent)
    assert done.returncode == 2
    assert done.stderr == f"out was altered since the run: {name}\n"


def test_a_digest_forged_alone_is_found(run: Path) -> None:
    forge(run, digest="0" * 64)
    done = inside("replay", "out", "--json", cwd=run.parent)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["passed"]) == (4, False)
    assert "the digest in manifest.json is not that of the run" in done.stderr


def test_a_log_forged_with_its_digest_shows_where(run: Path) -> None:
    events = run / "events.jsonl"
    lines = events.read_text("utf-8").splitlines(keepends=True)
    place = len(lines) // 2
    lines[place] = lines[place].replace('"n":', '"forged":1,"n":')
    events.write_text("".join(lines), "utf-8")
    digest = hashlib.sha256(events.read_bytes()).hexdigest()
    forge(run, digest=digest, files={**manifest(run)["files"], "events.jsonl": digest})
    done = inside("replay", "out", cwd=run.parent)
    assert done.returncode == 4
    gave, first, then, now = done.stderr.splitlines()[-4:]
    assert gave.startswith(f"out gave {digest}, its replay ")
    assert first == f"first difference at out/events.jsonl:{place + 1}"
    assert then.startswith("  then {")
    assert '"forged":1' in then
    assert now.startswith("  now  {")
    assert "forged" not in now
    assert "Traceback" not in done.stderr


def test_the_engine_of_the_run_is_taken_again(run: Path) -> None:
    forge(run, engine="pyvem")
    gone = inside("replay", "out", cwd=run.parent)
    assert (gone.returncode, "no engine is called 'pyvem'" in gone.stderr) == (2, True)
    other = inside("replay", "out", "--engine", "pyevm", cwd=run.parent)
    assert other.returncode == 0, other.stderr


def test_a_replay_that_breaks_is_a_crash(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object, **_more: object) -> None:
        raise KeyError("a")

    monkeypatch.setattr("twin.commands.replay.simulate", broken)
    done = inside("replay", "out", cwd=run.parent)
    assert (done.returncode, done.stderr) == (
        3, "`twin replay` broke: KeyError: 'a' (--traceback shows where in the code)\n",
    )  # fmt: skip


def test_no_run_folder_and_no_digest(run: Path) -> None:
    missing = inside("replay", "elsewhere", cwd=run.parent)
    assert (missing.returncode, "there is no such folder" in missing.stderr) == (2, True)
    forge(run, digest=None, state="crashed")
    crashed = inside("replay", "out", cwd=run.parent)
    assert crashed.returncode == 2
    assert crashed.stderr == "out has no digest: the run is crashed, not at its end\n"
