"""The collector rests while a world runs, and works as before afterwards."""

from __future__ import annotations

import gc

import pytest

from twin.runner.collector import resting


def test_the_collector_rests_and_is_as_before_afterwards() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    with resting():
        assert gc.isenabled()
        assert gc.get_threshold()[0] > before[0][0]
        assert gc.get_freeze_count() > before[1]
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_a_run_that_breaks_wakes_it_too() -> None:
    before = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), resting():
        raise ZeroDivisionError
    assert gc.get_threshold() == before
