"""The weekly procedures on paper: what each finds, and what it says without data."""

from __future__ import annotations

import json
from typing import Any

import pytest
from paper_desk import NOW, PaperDesk, Stage, log_of, quiet_answers
from paper_operations import (
    DAY,
    PaperBackups,
    PaperNews,
    PaperOperators,
    services,
    state_text,
    status,
)

from twin.desk.port import AccountRecord, Component, DecodedCall, Restored, Simulation
from twin.desk.port.bulletins import Bulletin
from twin.desk.port.services import absent
from twin.desk.records import GENESIS
from twin.desk.steps import Case, Finding
from twin.errors import NoData
from twin.procedures.routine.proposals import STATES
from twin.procedures.routine.weekly import (
    BackupVerification,
    Patches,
    Performance,
    Proposals,
    StakeholderDraft,
    assess_patches,
    performance_analysis,
    prepare_communication,
    review_proposals,
    verify_backups,
)

CASE = Case("weekly")
OURS, THEIRS, MALLORY, TIMELOCK = (bytes([number]) * 20 for number in (0xA1, 0xA2, 0xA3, 0xA4))


# -- RW1 ------------------------------------------------------------------------------------------


def series(*days: float | None) -> Any:
    """Answer every indicator with *days*, oldest first, the last of them today."""

    def answer(expression: str) -> list[tuple[dict[str, str], float]]:
        back = (
            int(expression.rpartition("offset ")[2].rstrip("d)")) if "offset" in expression else 0
        )
        value = days[-1 - back] if back < len(days) else None
        return [] if value is None else [({}, value)]

    return answer


ROWS: list[tuple[tuple[float | None, ...], str, int]] = [
    (tuple(10.0 + 5 * day for day in range(12)), "finding", 5),
    ((0.5,) * 12, "ok", 0),
    (tuple(90.0 - 5 * day for day in range(12)), "ok", 0),
    ((0.5, None, None, None, *(0.5,) * 9), "no-data", 0),
    ((0.5, 0.6), "refused", 0),
    ((), "refused", 0),
]


@pytest.mark.parametrize(("days", "verdict", "trends"), ROWS)
def test_a_trend_is_told_from_a_level_from_a_hole_and_from_a_start(
    days: tuple[float | None, ...], verdict: str, trends: int
) -> None:
    desk = PaperDesk()
    desk.answer = series(*days)
    stage = Stage(desk)
    finding = stage.play(performance_analysis(CASE, Performance()))
    assert (finding.verdict, finding.problems.get("trend", 0)) == (verdict, trends)
    assert len(desk.stores.entries("change")) == trends
    again = Stage(desk).play(performance_analysis(CASE, Performance()))
    assert again.verdict == verdict
    assert len(desk.stores.entries("change")) == trends  # proposed once


# -- RW2 ------------------------------------------------------------------------------------------


def patches(**statuses: Any) -> tuple[Finding, Stage]:
    stage = Stage(PaperDesk(services=services(operators=PaperOperators(statuses))))
    return stage.play(assess_patches(CASE, Patches())), stage


def test_patches_of_what_runs() -> None:
    assert patches(a=status("a"))[0].verdict == "ok"
    finding, stage = patches(a=status("a", version="2.4.0"), b=None)
    assert finding.problems == {"unpatched": 1, "overdue": 0, "unsupported": 0, "unread": 1}
    assert [step.advice for step in stage.decisions] == ["patch-now"]
    assert patches(a=None)[0].verdict == "no-data"


def test_what_runs_is_held_against_bulletins_and_its_end_of_support() -> None:
    hole = {"type": "vulnerability", "id": "v", "name": "CVE-1", "x_severity": "critical",
            "x_affected": [{"component": "geth", "before": "1.14.9"}]}  # fmt: skip
    news = PaperNews(
        [Bulletin("b", "cert", NOW - DAY, (hole, {"type": "report"}))],
        [Component("geth", "client", "1.14.8", "rpc-1", "public", NOW - 1),
         Component("geth", "client", "1.14.9", "rpc-2", "public", None)],
    )  # fmt: skip
    stage = Stage(PaperDesk(services=services(bulletins=news, inventory=news)))
    finding = stage.play(assess_patches(CASE, Patches()))
    (match,) = finding.data["matches"]
    assert (match["where"], match["rank"], match["advice"]) == ("rpc-1", 12, "patch-now")
    assert finding.problems == {"unpatched": 1, "overdue": 0, "unsupported": 1, "unread": 0}
    (change,) = stage.desk.stores.entries("change")
    assert change.due == NOW - DAY + 3 * DAY


def test_without_an_inventory_the_nodes_are_judged_and_the_gap_is_told() -> None:
    desk = PaperDesk(
        services=services(
            operators=PaperOperators({"a": status("a")}), inventory=absent("inventory")
        )
    )
    finding = Stage(desk).play(assess_patches(CASE, Patches()))
    assert (wrong(finding), finding.data["unread"]) == ({"unread"}, ["inventory"])


def test_a_hole_that_is_accepted_is_a_risk_somebody_owns() -> None:
    stage = Stage(
        PaperDesk(services=services(operators=PaperOperators({"a": status("a", version="1")})))
    )
    stage.choices["Patch"] = "accept"
    stage.play(assess_patches(CASE, Patches()))
    (risk,) = stage.desk.stores.entries("risk")
    assert risk.data["decision"] == "accept"


# -- RW3 ------------------------------------------------------------------------------------------


class PaperFork:
    """A fork on which one call does *effect* to what reads answer."""

    def __init__(
        self, desk: PaperDesk, effect: dict[tuple[Any, ...], Any], *, success: bool = True
    ) -> None:
        self.desk, self.effect, self.success = desk, effect, success
        self.done: dict[tuple[Any, ...], Any] = {}
        self.senders: list[bytes] = []

    def read(self, contract: str, function: str, *args: Any) -> Any:
        if (contract, function, *args) in self.done:
            return self.done[contract, function, *args]
        return self.desk.at().read(contract, function, *args)

    def send(self, sender: bytes, to: bytes, data: bytes, *, value: int = 0) -> Simulation:
        assert (to, data, value) == (self.desk.to, b"\x01", 0)  # type: ignore[attr-defined]
        self.senders.append(sender)
        if self.success:
            self.done |= self.effect
        return Simulation(self.success, 50_000, "" if self.success else "Refused()")


class PaperLab:
    def __init__(self, fork: Any = None, restored: Any = None) -> None:
        self.made, self.restored, self.loaded = fork, restored, []  # type: ignore[var-annotated]

    def fork(self, purpose: str) -> Any:
        assert purpose
        return self.made

    def restore(self, purpose: str, alloc: dict[str, Any]) -> Restored:
        self.loaded.append(alloc)
        if isinstance(self.restored, Exception):
            raise self.restored
        return Restored(self.restored, len(alloc), 0)


CONTRACTS = ("Authority", "PaymentToken", "OracleNetwork", "LiquidityPool", "Settlement", "AllocationBook",
             "Reserve")  # fmt: skip


def answers() -> dict[tuple[str, str], Any]:
    """Return what every parameter answers, beside a quiet day."""
    zero = {
        ("PaymentToken", "cap"), ("AllocationBook", "maxQuantity"), ("AllocationBook", "settlementCap"),
        ("AllocationBook", "dailyCap"), ("AllocationBook", "twoPerson"), ("AllocationBook", "disputeBond"),
        ("FoundationToken", "lockup"), ("OracleNetwork", "attestationQuorum"),
        ("OracleNetwork", "shadowPeriod"), ("Settlement", "maxAmount"), ("Conversion", "dailyLimit"),
        ("Conversion", "sovereignLimit"), ("Reserve", "dailyLimit"), ("Reserve", "redeemerLimit"),
        ("Reserve", "sliceLimit"), ("Reserve", "slippageLimit"), ("Reserve", "sliceSpacing"),
        ("FictraGovernor", "votingDelay"), ("FictraGovernor", "votingPeriod"),
        ("FictraGovernor", "proposalThreshold"), ("FictraGovernor", "quorumNumerator()"),
        ("FictraTimelock", "getMinDelay"), ("PaymentToken", "totalSupply"),
        ("FoundationToken", "totalSupply"), ("PaymentToken", "balanceOf"), ("StableAsset", "balanceOf"),
    }  # fmt: skip
    return {
        **quiet_answers(),
        **dict.fromkeys(zero, 0),
        ("OracleNetwork", "challengeTerms"): (0, 0),
        ("OracleNetwork", "staking"): (0, 0, 0, 0),
        ("Conversion", "policy"): (0, 0),
        ("Reserve", "holding"): (0, 0, 0, 0, b"", b""),
        ("Authority", "hasRole"): (False, 0),
        ("FoundationToken", "totalSupply"): 1000,
    }


def proposed(to: bytes = OURS, *, decoded: bool = True, state: str = "active") -> PaperDesk:
    """Return a desk with one proposal that calls *to* with the byte 1."""
    desk = PaperDesk(answers=answers())
    desk.to = to  # type: ignore[attr-defined]
    desk.answers["FictraGovernor", "state"] = STATES.index(state)
    desk.logs["FictraGovernor", "ProposalCreated"] = [
        log_of("FictraGovernor", "ProposalCreated", proposalId=7, proposer=MALLORY, targets=(to,),
               values=(0,), calldatas=(b"\x01",), voteEnd=NOW + DAY, description="a good cause")
    ]  # fmt: skip
    if decoded:
        desk.decoded[to, b"\x01"] = DecodedCall("Authority", "grantRole", (1, MALLORY, 0))
    desk.accounts[to] = AccountRecord(1, 0, b"\x0c" * 32, True)
    addresses = {name: bytes([place]) * 20 for place, name in enumerate(CONTRACTS, 1)}
    desk.registered = {"addresses": {**addresses, "FictraTimelock": TIMELOCK},
                       "contracts": {"Authority": b"\x0c" * 32}}  # fmt: skip
    desk.lab = PaperLab(PaperFork(desk, {}))
    return desk


def reviewed(desk: PaperDesk, **settings: int) -> tuple[Finding, Stage]:
    stage = Stage(desk)
    finding = stage.play(review_proposals(CASE, Proposals(**settings)))
    return finding, stage


def wrong(finding: Finding) -> set[str]:
    return {item for item, count in finding.problems.items() if count}


def announce(desk: PaperDesk, **intended: Any) -> None:
    desk.stores.create("change", NOW, subject="x", data={"proposal": "7", "intended": intended})


def test_a_proposal_that_does_what_was_announced_passes_in_the_timelocks_name() -> None:
    desk = proposed()
    desk.lab.made.effect = {("PaymentToken", "cap"): 5}
    announce(desk, **{"pt.cap": 5})
    finding, stage = reviewed(desk)
    assert (finding.verdict, wrong(finding), stage.decisions) == ("ok", set(), [])
    assert desk.lab.made.senders == [TIMELOCK]


def test_what_an_announced_proposal_does_besides_is_a_surprise() -> None:
    desk = proposed()
    desk.lab.made.effect = {("PaymentToken", "cap"): 6, ("OracleNetwork", "attestationQuorum"): 1}
    announce(desk, **{"pt.cap": 5})
    finding, _stage = reviewed(desk)
    assert finding.problems["unintended"] == 2


def test_power_and_money_that_move_are_told() -> None:
    desk = proposed()
    desk.lab.made.effect = {
        ("Authority", "hasRole", 1, MALLORY): (True, 0),
        ("StableAsset", "balanceOf", bytes([7]) * 20): -5,
    }
    finding, stage = reviewed(desk)
    assert wrong(finding) == {"role", "funds", "unannounced", "veto"}
    assert stage.notices[0].audience == "guardians"


@pytest.mark.parametrize(
    ("prepare", "items"),
    [
        (lambda desk: setattr(desk.lab.made, "success", False), {"fails"}),
        (
            lambda desk: desk.accounts.update({OURS: AccountRecord(1, 0, b"\x0d" * 32, True)}),
            {"code"},
        ),
        (lambda desk: desk.decoded.clear(), {"unknown-call"}),
        (lambda desk: (desk.decoded.clear(), desk.accounts.clear()), {"unknown-call", "no-code"}),
    ],
)
def test_what_speaks_against_a_call(prepare: Any, items: set[str]) -> None:
    desk = proposed()
    announce(desk)
    prepare(desk)
    finding, _stage = reviewed(desk)
    assert wrong(finding) - {"veto"} == items


def test_votes_in_one_hand_and_votes_gained_lately_are_concentration() -> None:
    desk = proposed()
    announce(desk)
    desk.logs["FoundationToken", "DelegateVotesChanged"] = [
        log_of("FoundationToken", "DelegateVotesChanged", age=30 * DAY, delegate=OURS, previousVotes=0, newVotes=300),
        log_of("FoundationToken", "DelegateVotesChanged", delegate=MALLORY, previousVotes=0, newVotes=670),
    ]  # fmt: skip
    finding, _stage = reviewed(desk)
    (review,) = finding.data["reviews"]
    assert finding.problems["concentration"] == 2
    assert review["power"]["largest_ppm"] == review["power"]["gained_ppm"] == 670_000


@pytest.mark.parametrize("state", ["executed", "defeated", "canceled", "expired"])
def test_a_proposal_that_is_over_is_not_reviewed(state: str) -> None:
    assert reviewed(proposed(state=state))[0].data["reviews"] == []


# -- RW4 ------------------------------------------------------------------------------------------


def test_a_number_that_nothing_supports_is_no_data_and_is_not_released() -> None:
    desk = PaperDesk(answers=answers() | {(name, "paused"): False for name in
                     ("FoundationToken", "OracleNetwork", "PaymentToken")})  # fmt: skip
    stage = Stage(desk)
    finding = stage.play(prepare_communication(CASE, StakeholderDraft()))
    assert (finding.verdict, finding.problems["withheld"]) == ("no-data", 1)
    assert finding.problems["unsupported"] == 3
    assert stage.notices == []


# -- RW5 ------------------------------------------------------------------------------------------

ROOT = b"\x05" * 32
ALLOC = {"0x" + "11" * 20: {"balance": "0x1"}}


def backed_up() -> tuple[PaperDesk, PaperBackups]:
    """Return a desk whose backups are all as they should be."""
    store = PaperBackups(keys={"pauser": MALLORY})
    desk = PaperDesk(services=services(backups=store), lab=PaperLab(restored=ROOT))
    desk.registered = {
        "addresses": {"Authority": OURS, "pauser": MALLORY},
        "contracts": {"Authority": ROOT},
    }
    desk.approved = {"pt.cap": 5, "feed.WTI": (1, 2)}
    store.add("state", state_text(ALLOC), state_root=ROOT)
    deployment = {"contracts": {"Authority": {"address": "0x" + OURS.hex(), "code_hash": "0x" + ROOT.hex()}},
                  "parameters": {"pt.cap": 5}}  # fmt: skip
    store.add("deployment", json.dumps(deployment))
    store.add("keyshares", json.dumps({"pauser": {"quorum": 1, "shares": [{}]}}))
    store.add("evidence", "", follows=GENESIS, last=GENESIS)
    return desk, store


def restore(desk: PaperDesk) -> Finding:
    return Stage(desk).play(verify_backups(CASE, BackupVerification()))


def test_backups_that_restore() -> None:
    desk, _store = backed_up()
    finding = restore(desk)
    assert (finding.verdict, wrong(finding)) == ("ok", set())
    assert desk.lab.loaded == [ALLOC]


def replaced(kind: str, text: str | None, **about: Any) -> Any:
    def prepare(desk: PaperDesk, store: PaperBackups) -> None:
        del desk
        store.files = [file for file in store.files if file.kind != kind]
        store.add(kind, text, **about)

    return prepare


def unlogged(desk: PaperDesk, store: PaperBackups) -> None:
    del desk
    store.texts["state-0"] = state_text(ALLOC) + " "


OTHER = {"contracts": {"Authority": {"address": "0x" + MALLORY.hex(), "code_hash": "0x" + ROOT.hex()}},
         "parameters": {"pt.cap": 6}}  # fmt: skip


@pytest.mark.parametrize(
    ("prepare", "item"),
    [
        (replaced("state", None, state_root=ROOT), "corrupt"),
        (unlogged, "corrupt"),
        (replaced("state", state_text(ALLOC), state_root=b"\x06" * 32), "root"),
        (replaced("state", "[]", state_root=ROOT), "unusable"),
        (lambda desk, _store: setattr(desk.lab, "restored", NoData("no account")), "unusable"),
        (replaced("deployment", json.dumps(OTHER)), "config"),
        (replaced("deployment", '{"contracts": {}, "parameters": {"pt.cap": 5}}'), "config"),
        (replaced("keyshares", json.dumps({"pauser": {"quorum": 2, "shares": [{}]}})), "keyshares"),
        (lambda _desk, store: store.keys.clear(), "keyshares"),
        (lambda _desk, store: store.keys.update(pauser=OURS), "keyshares"),
        (replaced("evidence", '{"hash": "x"}\n', follows=GENESIS), "evidence"),
        (replaced("deployment", "", age=30 * 3600), "stale"),
        (lambda _desk, store: store.files.pop(), "missing"),
    ],
)  # fmt: skip
def test_a_backup_that_would_not_help(prepare: Any, item: str) -> None:
    desk, store = backed_up()
    prepare(desk, store)
    finding = restore(desk)
    assert finding.verdict == "finding"
    assert item in wrong(finding)


def test_without_any_backup_there_is_no_data() -> None:
    assert restore(PaperDesk(services=services())).verdict == "no-data"
