from __future__ import annotations

import pytest

from twin.events import (
    AlertChanged,
    BlockMined,
    ContractLogged,
    Event,
    EventLog,
    EvidenceFiled,
    FaultChanged,
    IncidentChanged,
    InvariantBroken,
    NoticePublished,
    Paged,
    ProcedureEnded,
    ProcedureStarted,
    Reorganised,
    RunStarted,
    StepTaken,
    TransactionDropped,
    TransactionIncluded,
    VenueTraded,
)
from twin.witness import Witness

NOW = 1_700_000_000


def tx(*, success: bool = True) -> TransactionIncluded:
    return TransactionIncluded(block=1, hash=b"", sender="a", contract="Pool", function="swap",
                               success=success, gas_used=1, reason="")  # fmt: skip


def firing(state: str = "firing") -> AlertChanged:
    return AlertChanged(rule="High", labels={}, state=state, severity="P1")


def incident(name: str, state: str = "open") -> IncidentChanged:
    return IncidentChanged(incident=name, state=state, severity="P1", family="pool", summary="x")


def block() -> BlockMined:
    return BlockMined(number=1, hash=b"", transactions=1, gas_used=1, base_fee=1)


KEPT: list[Event] = [
    firing(), incident("INC-001"), Paged(person="a", subject="x"),
    ContractLogged(block=1, contract="Pool", event="Swapped", args={}),
    EvidenceFiled(ref="r", procedure="ME4", verdict="ok", hash=b""),
    FaultChanged(fault="f", family="source-death", phase="begin", detail=""),
    InvariantBroken(invariant="pt-supply", block=1, detail="x"),
    NoticePublished(audience="market", subject="s", text="t"),
    ProcedureStarted(procedure="NR1", run=1, cause="x"),
    ProcedureEnded(procedure="NR1", run=1, verdict="done", evidence="r"),
    TransactionDropped(hash=b"", reason="x"),
]  # fmt: skip
COUNTED: list[Event] = [
    tx(), block(), RunStarted(scenario="s", seed=1, start=NOW, end=NOW),
    VenueTraded(venue="v", taker="t", side="buy", price=1, quantity=1),
    StepTaken(procedure="NR1", run=1, step=1, action="x", who="a", result="{}"),
]  # fmt: skip


def heard(*events: Event) -> Witness:
    log = EventLog()
    witness = Witness(log)
    for number, event in enumerate(events):
        log.emit(NOW + number, event)
    return witness


@pytest.mark.parametrize("event", KEPT, ids=lambda event: event.kind)
def test_events_of_a_kept_kind_come_back_with_their_second(event: Event) -> None:
    witness = heard(tx(), event, event)
    assert list(witness.seen(type(event))) == [(NOW + 1, event), (NOW + 2, event)]
    assert list(witness.named(event.kind)) == [(NOW + 1, event), (NOW + 2, event)]
    assert witness.keeps(event.kind)


@pytest.mark.parametrize("event", COUNTED, ids=lambda event: event.kind)
def test_the_others_are_counted_alone(event: Event) -> None:
    witness = heard(event, event)
    assert witness.counts == {event.kind: 2}
    assert not witness.keeps(event.kind)
    assert list(witness.named(event.kind)) == []
    with pytest.raises(KeyError):
        list(witness.seen(type(event)))


def test_what_happened_before_it_listened_is_not_seen() -> None:
    log = EventLog()
    log.emit(NOW, firing())
    assert list(Witness(log).seen(AlertChanged)) == []


def test_the_summary_counts_by_hand() -> None:
    witness = heard(
        tx(), tx(success=False), tx(), block(), block(), firing("pending"), firing(), firing("resolved"),
        firing(), incident("INC-001"), incident("INC-001", "closed"), incident("INC-002"),
        Paged(person="a", subject="x"), EvidenceFiled(ref="r", procedure="p", verdict="ok", hash=b""),
    )  # fmt: skip
    assert witness.summary() == {
        "transactions": 3, "blocks": 2, "pages": 1, "evidence": 1, "reverted": 1, "alerts": 2,
        "incidents": 2, "events": 14,
    }  # fmt: skip
    assert heard().summary() == dict.fromkeys(witness.summary(), 0)


def test_logs_of_orphaned_blocks_never_happened() -> None:
    def log(block: int) -> ContractLogged:
        return ContractLogged(block=block, contract="LiquidityPool", event="Swapped", args={})

    reorg = Reorganised(first=8, depth=3, base_hash=bytes(32))
    witness = heard(log(7), log(8), log(10), reorg, log(9))
    assert [event.block for _, event in witness.seen(ContractLogged)] == [7, 9]
