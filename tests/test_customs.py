"""Customs: documents and their hashes, reading errors, and the errors all readers share."""

from __future__ import annotations

import json

import pytest
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import UsageError
from twin.market.customs import Customs, Document
from twin.random import Streams

NOW = 1_700_006_400
MILLION = 1_000_000


def exports(customs: Customs, count: int) -> list[Document]:
    return [customs.declare("norland", "WTI", 600_000_000, NOW + index) for index in range(count)]


def test_a_document_is_named_by_the_hash_of_its_papers() -> None:
    customs = Customs(Streams(1))
    document = customs.declare("norland", "WTI", 600_000_000, NOW)
    published = customs.published(document.hash)
    text = json.dumps(published, sort_keys=True, separators=(",", ":"))
    assert document.hash == keccak(text.encode())
    assert published == {
        "bill_of_lading": "norland-000001", "commodity": "WTI", "exporter": "norland",
        "loaded_at": NOW, "port": "port of norland", "quantity": 600_000_000,
    }  # fmt: skip
    assert customs.document(document.hash) == document


def test_the_same_cargo_twice_is_two_documents() -> None:
    customs = Customs(Streams(1))
    one, two = (customs.declare("norland", "WTI", 5, NOW, port="east quay") for _ in range(2))
    assert (one.bill_of_lading, two.bill_of_lading) == ("norland-000001", "norland-000002")
    assert one.hash != two.hash
    assert one.port == "east quay"


def test_what_customs_does_not_know_reads_as_none() -> None:
    customs = Customs(Streams(1))
    assert customs.published(b"\1" * 32) is None
    assert customs.document(b"\1" * 32) is None
    assert customs.reading(b"\1" * 32, Streams(1).stream("agents", "a"), 0) is None


def test_bad_declarations_and_correlations_are_refused() -> None:
    with pytest.raises(UsageError, match="declare 1 or more"):
        Customs(Streams(1)).declare("norland", "WTI", 0, NOW)
    with pytest.raises(UsageError, match="between 0 and"):
        Customs(Streams(1), common_mode_ppm=MILLION + 1)


def test_readings_without_error_are_the_papers() -> None:
    customs = Customs(Streams(1), common_mode_ppm=MILLION)
    stream = Streams(1).stream("agents", "node")
    assert {customs.reading(item.hash, stream, 0) for item in exports(customs, 200)} == {
        600_000_000
    }


@pytest.mark.parametrize("common", [0, 300_000, MILLION])
def test_errors_come_as_often_as_declared_and_together_as_declared(common: int) -> None:
    """Both wrong: p beta + (1 - p beta) q^2, with q the error left over for a reader alone."""
    count, error = 4000, 100_000
    customs = Customs(Streams(2), common_mode_ppm=common)
    streams = [Streams(2).stream("agents", name) for name in ("a", "b")]
    pairs = [
        tuple(customs.reading(item.hash, stream, error) for stream in streams)
        for item in exports(customs, count)
    ]
    wrong = [tuple(value != 600_000_000 for value in pair) for pair in pairs]
    p, beta = error / MILLION, common / MILLION
    alone = (p - p * beta) / (1 - p * beta)
    both = p * beta + (1 - p * beta) * alone**2
    for index in (0, 1):
        share = sum(pair[index] for pair in wrong) / count
        assert share == pytest.approx(p, abs=4 * (p * (1 - p) / count) ** 0.5)
    share = sum(all(pair) for pair in wrong) / count
    assert share == pytest.approx(both, abs=4 * (both * (1 - both) / count) ** 0.5)
    same = [a == b for (a, b), bad in zip(pairs, wrong, strict=True) if all(bad)]
    assert (common == MILLION) <= all(same)


def test_a_common_error_is_one_quantity_for_everybody_and_follows_the_document() -> None:
    readings = []
    for _ in range(2):
        customs = Customs(Streams(9), common_mode_ppm=MILLION)
        document = exports(customs, 1)[0]
        streams = [Streams(9).stream("agents", str(node)) for node in range(7)]
        readings.append({customs.reading(document.hash, stream, MILLION) for stream in streams})
    assert readings[0] == readings[1]
    assert len(readings[0]) == 1
    assert readings[0] != {600_000_000}


@given(quantity=st.integers(1, 10**13), seed=st.integers(0, 1000))
def test_a_wrong_reading_is_another_positive_quantity_near_the_true_one(
    quantity: int, seed: int
) -> None:
    customs = Customs(Streams(seed))
    document = customs.declare("norland", "WTI", quantity, NOW)
    read = customs.reading(document.hash, Streams(seed).stream("agents", "a"), MILLION)
    assert read is not None
    assert read > 0
    assert 0 < abs(read - quantity) <= max(1, quantity // 10)


def test_a_reading_takes_the_same_draws_whatever_comes_of_it() -> None:
    states = []
    for error in (0, MILLION):
        customs = Customs(Streams(4))
        stream = Streams(4).stream("agents", "a")
        customs.reading(exports(customs, 1)[0].hash, stream, error)
        states.append(stream.bit_generator.state)
    assert states[0] == states[1]
