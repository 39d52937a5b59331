from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from program_lab import LOSS, inside, write
from scoring_lab import by_the_book
from test_after import judged

from twin.errors import UsageError
from twin.library import Library
from twin.scoring.response import Worth
from twin.scoring.score import Score
from twin.study.scores import Study
from twin.study.seeds import Job, score_all, seeds_of


def valued(seed: int, loss: int) -> Score:
    found = judged(by_the_book())[0]
    return replace(found, seed=seed, worth=Worth(loss=loss, nothing=100, ideal=0, quiet=0))


def test_a_study_counts_shares_and_gives_their_intervals() -> None:
    study = Study.of([valued(1, 10), valued(2, 60), valued(3, 130)])
    assert (study.better.good, study.better.count) == (2, 3)
    assert (study.near_misses.good, study.near_misses.count) == (2, 3)
    body = study.described()
    assert body["seeds"] == [1, 2, 3]
    assert body["value_ppm"]["p0"] == -300_000
    assert body["value_ppm"]["p50"] == 400_000
    assert body["better_than_no_response"]["low"] == pytest.approx(0.208, abs=0.001)
    assert body["durations"]["contain"]["median"] == 700
    assert body["durations"]["contain"]["censored"] == 0


def test_a_value_that_is_not_defined_is_counted_as_such() -> None:
    undefined = replace(valued(1, 0), worth=Worth(0, 0, 0, 0))
    body = Study.of([undefined, valued(2, 0)]).described()
    assert (body["value_ppm"]["count"], body["value_ppm"]["not_defined"]) == (1, 1)
    assert body["better_than_no_response"]["good"] == 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path, duration="1h", more=LOSS)


@pytest.mark.parametrize(
    ("own", "count", "seeds"),
    [((), None, (1,)), ((5, 9), None, (5, 9)), ((5, 9), 1, (5,)), ((5, 9), 4, (5, 9, 10, 11)),
     ((), 3, (1, 2, 3))],
)  # fmt: skip
def test_seeds_are_the_scenarios_and_those_after(
    path: Path, own: tuple[int, ...], count: int | None, seeds: tuple[int, ...]
) -> None:
    scenario = Library().load(path).model_copy(update={"seeds": own})
    assert seeds_of(scenario, count) == seeds


def test_no_seeds_are_refused(path: Path) -> None:
    with pytest.raises(UsageError, match="one seed or more"):
        seeds_of(Library().load(path), 0)


def test_side_by_side_gives_what_one_after_the_other_does(path: Path) -> None:
    todo = [Job(path, seed) for seed in (1, 2)]
    told: list[tuple[str, bool]] = []
    alone = list(score_all(todo, jobs=1, tell=lambda name, ended: told.append((name, ended))))
    assert told == [("seed 1", False), ("seed 1", True), ("seed 2", False), ("seed 2", True)]
    beside = list(score_all(todo, jobs=2))
    assert [item.described() for item in beside] == [item.described() for item in alone]


def test_the_command_scores_seeds_and_a_run(path: Path, tmp_path: Path) -> None:
    done = inside("score", path, "--seeds", "1", "--out", "study.json", cwd=tmp_path)
    assert done.returncode == 0
    assert "better than no response: 0 of 1" in done.stdout
    assert (tmp_path / "study.json").is_file()
    assert inside("score", path, "--at-least", "1", "--jobs", "1", cwd=tmp_path).returncode == 1
    inside("run", path, "--quiet", "--out", "r", cwd=tmp_path)
    done = inside("score", "r", cwd=tmp_path)
    assert done.returncode == 0
    assert "not defined" in done.stdout
    assert (tmp_path / "r" / "score.json").is_file()
    assert inside("report", "r", "--incident", "1", cwd=tmp_path).returncode == 2
    assert inside("report", "r", "--seeds", "2", cwd=tmp_path).returncode == 2
    assert inside("score", "r", "--seeds", "2", cwd=tmp_path).returncode == 2


def test_without_a_loss_there_is_nothing_to_score_by(tmp_path: Path) -> None:
    done = inside("score", write(tmp_path, duration="1h"), cwd=tmp_path)
    assert done.returncode == 2
    assert "declares no loss" in done.stderr
