"""The section `services`: its defaults, and names in it that nothing answers to."""

from __future__ import annotations

import pytest
from scenario_lab import HEAD, VOCABULARY, problems

from twin.scenario import loads
from twin.scenario.services import ServicesSpec
from twin.scenario.services_exchanges import ExchangeSpec

VENUES = "market: {venues: {meridian: {}}}\n"


def test_what_is_left_out_is_ordinary() -> None:
    spec = ServicesSpec()
    assert (dict(spec.exchanges), spec.makers, dict(spec.contacts)) == ({}, (), {})
    assert ExchangeSpec().band_low < 10**6 < ExchangeSpec().band_high


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("services: {exchanges: {meridien: {}}}", "there is no venue 'meridien'"),
        ("services: {makers: [{maker: ann, venue: zephyr}]}", "there is no venue 'zephyr'"),
        ("services: {exchanges: {meridian: {tik: 1}}}", "no field 'tik'"),
        ("services: {news: {evry: 1h}}", "no field 'evry'"),
    ],
)
def test_names_that_nothing_answers_to_are_told_with_their_place(line: str, told: str) -> None:
    (problem,) = problems(f"{HEAD}{VENUES}{line}\n")
    assert problem.startswith("9:")
    assert told in problem


def test_what_is_right_is_loaded() -> None:
    text = f"{HEAD}{VENUES}services: {{exchanges: {{meridian: {{tick: 0.001}}}}}}\n"
    made = loads(text, "s.twin.yaml", VOCABULARY)
    assert made.services.exchanges["meridian"].tick == 1_000
