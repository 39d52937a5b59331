"""Makes a plausible run folder through the real logs and stores, for tests of what reads one."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from twin.desk.records import Records
from twin.desk.steps import Finding
from twin.events import (
    Acknowledged,
    AlertChanged,
    BlockMined,
    ContractLogged,
    Event,
    EventLog,
    EvidenceFiled,
    FaultChanged,
    IncidentChanged,
    NoticePublished,
    Paged,
    ProcedureEnded,
    ProcedureStarted,
    RunEnded,
    RunStarted,
    StepTaken,
    TransactionIncluded,
)
from twin.monitoring.series import STALE, SeriesStore
from twin.results import Check, Counts, IncidentRow, Loss, Part, RunFolder, Speed, Summary

HOUR = 3600
START = 1_214_870_400  # 2008-07-01 00:00 UTC
FAULT, HIT, PAUSED, CLOSED = (START + int(hours * HOUR) for hours in (6, 20.5, 20.8, 37))
HOSTILE = "<script>alert('x')</script> & \"quoted\" $\\alpha$ 漢字"

SCENARIO = """\
schema_version: 1
name: oracle-unit-error
title: "Oracle unit error with unnoticed source deaths"
description: >-
  Two of three price sources die unnoticed; later the one that is left reports 1000 times the
  price. The team must stop the oracle before exports are settled at the wrong value.
procedures:
  TP4: {target: 180000000000, period: 21600}
loss:
  measure: ft-over-issued
  unit: FT
  reference: {rate_per_usd: "0.01"}
  floor: 100
claims_not_made:
  - "It does not reproduce the prices of the incident it is modelled on."
  - "Reaction times of people are assumptions, not measurements."
"""


@dataclass(frozen=True)
class Written:
    """What a run folder asks of a scenario."""

    path: Path
    name: str = "oracle-unit-error"
    source_sha256: str = "5c" * 32
    start: int = START
    end: int = START + 48 * HOUR


def wave(at: int) -> float:
    hours = (at - START) / HOUR
    return 139 + 3 * math.sin(hours / 7) + 1.1 * math.sin(hours * 1.7)


def sample(store: SeriesStore, at: int, name: str, value: float, **labels: str) -> None:
    store.series(name, labels).append(at, value)


def series(*, step: int = 300, hours: int = 48) -> SeriesStore:
    """Plausible series: the fault multiplies the answer by 1000 between HIT and PAUSED + 1 h."""
    store = SeriesStore()
    noise = np.random.default_rng(7)
    volume = 0.0
    for at in range(START, START + hours * HOUR + 1, step):
        price, wrong = wave(at), HIT <= at < PAUSED + HOUR
        put = partial(sample, store, at)
        put("fictra_oracle_answer_usd", price * (1000 if wrong else 1), feed="WTI")
        put("fictra_index_usd", price * (1 + 0.002 * noise.normal()), commodity="WTI")
        put("fictra_oracle_max_answer_usd", 1_000_000.0, feed="WTI")
        put("fictra_oracle_min_answer_usd", 1.0, feed="WTI")
        put("fictra_oracle_spread_ratio", 0.004 + 0.002 * abs(noise.normal()), feed="WTI")
        put("fictra_oracle_reporters", 7.0, feed="WTI")
        put("fictra_oracle_sources", 3.0 if at < FAULT else 1.0, feed="WTI")
        put("fictra_oracle_quorum", 4.0, feed="WTI")
        put("fictra_pool_price_ratio", 1 + 0.0015 * noise.normal())
        put("fictra_venue_mid_ratio", 1 + 0.0008 * noise.normal(), venue="alpha")
        put("fictra_venue_mid_ratio", 1 + 0.001 * noise.normal(), venue="beta")
        for level, depth in (("1", 12_470.0), ("5", 61_737.0), ("10", 122_000.0)):
            put("fictra_pool_depth_stable", depth * (1 + 0.01 * noise.normal()), level=level)
        volume += step * (8.0 + 5 * math.sin((at - START) / HOUR / 4)) * (2 if wrong else 1)
        put("fictra_pool_volume_stable_total", volume)
        put("fictra_fee_ratio", 0.003 if at < START + 24 * HOUR else 0.0034, kind="swap")
        put("fictra_chain_base_fee_wei", 1e10 * (1 + 0.3 * math.sin((at - START) / HOUR / 3)))
        put("fictra_chain_utilisation_ratio", 0.5 + 0.08 * noise.normal())
        lively = noise.random() < 0.8
        put("fictra_chain_confirmation_seconds", float(noise.integers(2, 40)) if lively else STALE)
    return store


class Play:
    """Writes a run folder as the world does: events, evidence, series, summary, manifest."""

    def __init__(self, root: Path, name: str = "runs") -> None:
        source = root / "oracle-unit-error.twin.yaml"
        source.write_text(SCENARIO)
        self.run = RunFolder.create(root / name, Written(source), seed=7)
        self.log = EventLog(self.run.events)
        self.records = Records(self.run.evidence)
        self.script: list[tuple[int, Callable[[int], Event]]] = []

    def at(self, when: int, event: Event) -> None:
        self.script.append((when, lambda _now: event))

    def filed(self, when: int, procedure: str, finding: Finding) -> None:
        def happen(now: int) -> Event:
            ref, digest = self.records.file(procedure, now, finding)
            return EvidenceFiled(ref=ref, procedure=procedure, verdict=finding.verdict, hash=digest)

        self.script.append((when, happen))

    def step(
        self, when: int, key: tuple[str, int, int], action: str, who: str, result: Any
    ) -> None:
        procedure, run, number = key
        text = json.dumps(result)
        self.at(when, StepTaken(procedure, run, number, action, who, text))

    def alert(self, when: int, rule: str, state: str, severity: str = "P1") -> None:
        labels = {"domain": "oracle", "feed": "WTI", "severity": severity, "owner": "ops"}
        self.at(when, AlertChanged(rule, labels, state, severity))

    def play(self) -> None:
        for when, make in sorted(self.script, key=lambda item: item[0]):
            self.log.emit(when, make(when))
        self.log.close()
        self.records.close()

    def incident(self) -> None:
        """The story: sources die, the answer is wrong, the team pauses, recovers, closes."""
        hit, who = HIT + 300, "ada"
        self.at(FAULT, FaultChanged("sources-die", "source-death", "begin", "alpha, beta are dead"))
        self.at(HIT, FaultChanged("unit-error", "source-scale", "begin", "gamma reports x 1000"))
        self.at(PAUSED + HOUR, FaultChanged("unit-error", "source-scale", "end", "as before"))
        self.alert(FAULT + 600, "OracleSourcesLow", "pending", "P4")
        self.alert(FAULT + 1500, "OracleSourcesLow", "firing", "P4")
        self.alert(hit, "OracleIndexDivergence", "firing")
        self.alert(PAUSED + HOUR + 300, "OracleIndexDivergence", "resolved")
        self.at(hit, Paged(who, "P1 OracleIndexDivergence"))
        self.at(hit + 90, Acknowledged(who, "P1 OracleIndexDivergence"))
        self.at(hit + 90, ProcedureStarted("ND1", 1, "OracleIndexDivergence fires"))
        self.step(
            hit + 270, ("ND1", 1, 1), "look: what do the feeds say?", "desk", {"gap_ppm": 999}
        )
        self.step(hit + 280, ("ND1", 1, 2), "update: new incident", "desk", "INC-001")
        opened = ("INC-001", "P1", "oracle", "WTI is 1000 times its index")
        self.at(hit + 280, IncidentChanged(opened[0], "open", *opened[1:]))
        self.filed(hit + 280, "ND1", Finding("done", "true alarm", {"incident": "INC-001"}))
        self.at(hit + 280, ProcedureEnded("ND1", 1, "done", "ND1-00001"))
        self.at(hit + 300, ProcedureStarted("NR1", 1, "INC-001 classified"))
        act = {"success": True, "block": 6214, "transaction": "0x" + "ab" * 32, "reason": ""}
        self.step(PAUSED, ("NR1", 1, 1), "act: OracleNetwork.pause as pauser", "ada+bob", act)
        self.at(PAUSED + 5, IncidentChanged(opened[0], "contained", *opened[1:]))
        self.at(PAUSED + 5, NoticePublished("market", "OracleNetwork paused", "for INC-001"))
        self.filed(PAUSED + 6, "NR1", Finding("done", "OracleNetwork paused", {"log": [act]}))
        self.at(PAUSED + 6, ProcedureEnded("NR1", 1, "done", "NR1-00001"))
        self.at(PAUSED + 10, ProcedureStarted("NR3", 1, "INC-001 contained"))
        for number, when in enumerate(range(PAUSED + 60, CLOSED - 60, 600), start=1):
            key = ("NR3", 1, number)
            self.step(when, key, "look: Is the cause gone?", "desk", {"firing": [], "n": number})
        self.at(CLOSED, IncidentChanged(opened[0], "closed", *opened[1:]))
        self.filed(CLOSED, "NR3", Finding("done", "recovered", {"waited": 3600}))
        self.at(CLOSED, ProcedureEnded("NR3", 1, "done", "NR3-00001"))

    def routine(self) -> None:
        """Checks every 15 minutes, trades and settlements every ten."""
        for when in range(START + 900, START + 48 * HOUR, 900):
            bad = HIT <= when < PAUSED + HOUR
            data = {"feed": "WTI", "answer": 139_000, "reports": [{"node": "n1", "gap": 4}]}
            found = Finding("finding", "WTI off its index", data, {"WTI": 1})
            self.filed(when, "ME4", found if bad else Finding("ok", "1 feed verified", data))
            self.filed(when, "MP1", Finding("ok", "chain as it should be", {"head": when // 12}))
        for number, when in enumerate(range(START + 600, START + 48 * HOUR, 600)):
            block = (when - START) // 12
            name = ("AllocationBook", "settle") if number % 7 == 0 else ("LiquidityPool", "swap")
            good = number % 11 > 0
            tx = TransactionIncluded(
                block, bytes([number % 256]) * 32, "noise-1", *name, success=good,
                gas_used=90_000 + number, reason="" if good else "Slippage",
            )  # fmt: skip
            self.at(when, BlockMined(block, b"\1" * 32, 1, 15_000_000, 10**10))
            self.at(when, tx)
            if name[1] == "settle" and good:
                args = {"documentHash": "0x01", "amount": 5_000 * 10**18}
                self.at(when, ContractLogged(block, "AllocationBook", "EntitlementIssued", args))

    def end(self, *, checks: tuple[Check, ...] = ()) -> RunFolder:
        digest, root = self.log.digest(), "0x" + "cd" * 32
        self.run.write_summary(
            Summary(
                passed=all(check.passed for check in checks), partial=False,
                scenario="oracle-unit-error", seed=7, control=None, digest=digest, state_root=root,
                checks=checks, counts=Counts(transactions=287, blocks=287, alerts=2, pages=1,
                                             incidents=1, evidence=387, events=self.log.count),
                loss=Loss(measure="ft-over-issued", unit="FT", value=41_700, without_fault=0, net=41_700),
                incidents=(IncidentRow(id="INC-001", severity="P1", family="oracle", opened=HIT,
                                       closed=CLOSED, summary="WTI is 1000 times its index"),),
                speed=Speed(wall_seconds=4.2, cpu_seconds=4.1, peak_rss_mb=210.0,
                            transactions_per_second=2_900.0, parts=(
                                Part(part="chain", seconds=2.0, share=0.6452),
                                Part(part="agents", seconds=1.1, share=0.3548),
                            )),
            )
        )  # fmt: skip
        end = START + 48 * HOUR
        self.run.finish("finished", digest=digest, state_root=root, head=14_400, reached=end)
        return self.run


CHECKS = (
    Check(kind="expect", name="alert OracleIndexDivergence", limit="within 10m", got=300, passed=True,
          at=HIT + 300, why="the answer is 1000 times the index"),
    Check(kind="threshold", name="pool price", limit=1.01, got=1.0043, passed=True),
    Check(kind="invariant", name="ft-supply", limit=None, got="held", passed=True),
    Check(kind="loss", name="FT over-issued", limit=10_000, got=41_700, passed=False, at=HIT + 900),
)  # fmt: skip


def plausible(root: Path) -> RunFolder:
    play = Play(root)
    play.at(START, RunStarted("oracle-unit-error", 7, START, START + 48 * HOUR))
    play.incident()
    play.routine()
    play.at(START + 48 * HOUR, RunEnded(b"\xcd" * 32, 14_400, partial=False))
    play.play()
    play.run.write_series(series())
    return play.end(checks=CHECKS)
