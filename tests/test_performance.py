from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from paper_desk import NO_STATS, NOW, PaperDesk, broken, log_of
from paper_services import (
    CLIENTS,
    HEAD,
    SIDE_HASH,
    PaperNodes,
    PaperProbes,
    PaperServices,
    probe,
    status,
)

from twin.catalog import MARK
from twin.desk.port import CallStats, LogRecord, Probe
from twin.desk.records import canonical
from twin.desk.steps import Finding
from twin.errors import NoData
from twin.procedures.monitoring.nodes import majority
from twin.procedures.monitoring.performance import (
    ChainPerformance,
    ContractExecution,
    GasUsage,
    NodeHealth,
    ProbeLatency,
    chain_performance,
    contract_execution,
    gas_usage,
    node_health,
    probe_latency,
)


def look(**stats: Any) -> tuple[str, set[str]]:
    finding = chain_performance(PaperDesk(stats=replace(NO_STATS, **stats)), ChainPerformance())
    assert set(finding.problems) == {"head", "utilisation", "confirmation", "reverts"}
    return finding.verdict, {name for name, count in finding.problems.items() if count}


@pytest.mark.parametrize(
    ("stats", "items"),
    [
        ({"timestamp": NOW - 61}, {"head"}),
        ({"utilisation_ppm": 950_001}, {"utilisation"}),
        ({"confirmation_max": 181}, {"confirmation"}),
        ({"transactions": 20, "reverted": 5}, {"reverts"}),
        ({"timestamp": NOW - 9999, "confirmation_max": 10**6}, {"head", "confirmation"}),
    ],
)
def test_what_is_outside_its_service_level_is_named(stats: Any, items: set[str]) -> None:
    assert look(**stats) == ("finding", items)


@pytest.mark.parametrize(
    "stats",
    [
        {},
        {"timestamp": NOW - 60, "utilisation_ppm": 950_000, "confirmation_max": 180},
        {"transactions": 20, "reverted": 4},
        {"transactions": 19, "reverted": 19},  # too few to mean anything
        {"transactions": 0, "confirmation_max": -1},
    ],
    ids=["quiet", "at every limit", "20 %", "too few", "no transaction"],
)
def test_what_is_inside_is_well(stats: Any) -> None:
    assert look(**stats) == ("ok", set())


def test_it_looks_back_over_its_window_and_leaves_the_levels() -> None:
    desk = PaperDesk()
    finding = chain_performance(desk, ChainPerformance(window=600))
    assert desk.asked == [NOW - 600]
    assert finding.data == {
        "blocks": [1, 300], "head_age": 4, "base_fee_wei": 10**9, "utilisation_ppm": 400_000,
        "transactions": 100, "reverted_ppm": 10_000, "pending": 0, "confirmation_max": 12,
    }  # fmt: skip


def test_a_chain_that_cannot_be_read_is_no_data() -> None:
    with pytest.raises(NoData, match="explorer"):
        chain_performance(PaperDesk(stats=None), ChainPerformance())


# -- MP2: probes ----------------------------------------------------------------------------------


def items(finding: Finding) -> list[str]:
    canonical(finding.data)  # evidence is JSON
    return [name for name, count in finding.problems.items() if count]


def probing(*sent: Probe) -> Finding:
    services = PaperServices(probes=PaperProbes(list(sent)))
    return probe_latency(PaperDesk(services=services), ProbeLatency())


def many(role: str, *took: int | None) -> list[Probe]:
    return [probe(role, 5_000 - 10 * place, one) for place, one in enumerate(took)]


@pytest.mark.parametrize(
    ("sent", "problems"),
    [
        ([*many("user", 12, 12, 24), *many("keeper", 12, 12, 60)], []),
        (many("user", 12, 12, 61), ["slow"]),
        (many("user", *[12] * 9, 61), []),  # a tenth is the budget
        (many("user", 12, 61), []),  # too few to say anything
        (many("keeper", 12, 12, None), ["slow", "stuck"]),
        ([probe("user", 30, None)], []),
        ([probe("user", 30, None, dropped="replacement")], ["dropped"]),
    ],
    ids=["quiet", "slow", "within budget", "two", "one is stuck", "on its way", "dropped"],
)
def test_probes_are_judged_by_role(sent: list[Probe], problems: list[str]) -> None:
    finding = probing(*sent)
    assert (items(finding), finding.verdict) == (problems, "finding" if problems else "ok")


def test_histograms_are_cumulative_and_roles_apart() -> None:
    data = probing(*many("user", 12, 24, 300), *many("keeper", 12)).data["roles"]
    assert data["user"]["inclusion"] == {
        "12": 1, "24": 2, "36": 2, "60": 2, "120": 2, "300": 3, "600": 3, "+Inf": 3,
    }  # fmt: skip
    assert (data["user"]["slow_ppm"], data["user"]["burn_rate_ppm"]) == (333_333, 3_333_330)
    assert data["keeper"]["sent"] == 1


def test_no_probe_is_no_data_and_no_role_is_no_object() -> None:
    assert probing().verdict == "no-data"
    mark: Any = vars(probe_latency)[MARK]
    services = PaperServices(probes=PaperProbes(named=()))
    assert mark.applies(PaperDesk(services=services)) == "no probe transactions are declared"
    assert mark.applies(PaperDesk(services=PaperServices())) is None


# -- MP3: contracts -------------------------------------------------------------------------------

ADDRESSES = {
    "LiquidityPool": b"\xaa" * 20, "PaymentToken": b"\xbb" * 20, "Reserve": b"\xcc" * 20,
    "Conversion": b"\xdd" * 20,
}  # fmt: skip
THIEF, ISSUER = b"\x66" * 20, b"\x77" * 20


def calls(function: str = "swap", **given: Any) -> CallStats:
    made = CallStats("LiquidityPool", function, 30, 0, {}, {}, 90_000, 95_000, 110_000,
                     2_850_000, 10**16)  # fmt: skip
    return replace(made, **given)


def contracts(**given: Any) -> PaperDesk:
    made = PaperDesk(services=PaperServices(), addresses=ADDRESSES, **given)
    for contract, function in (
        ("PaymentToken", "totalSupply"), ("PaymentToken", "cap"), ("FoundationToken", "totalSupply"),
        ("PaymentToken", "totalMinted"), ("LiquidityPool", "quote"), ("AllocationBook", "issuedToday"),
        ("Conversion", "convertedToday"), ("Reserve", "redeemedToday"), ("FeeSchedule", "fee"),
        ("PaymentToken", "balanceOf"), ("StableAsset", "balanceOf"),
    ):  # fmt: skip
        made.answers.setdefault((contract, function), 10**13)
    made.answers.setdefault(("PaymentToken", "totalBurned"), 0)
    return made


def executed(desk: PaperDesk) -> Finding:
    return contract_execution(desk, ContractExecution())


UNAUTHORISED = "AccessManagedUnauthorized"
PAUSED_CALLS = calls(calls=5, reverted=5, reasons={"EnforcedPause": 5})


@pytest.mark.parametrize(
    ("called", "problems"),
    [
        ([calls()], []),
        ([calls(calls=3, reverted=3, reasons={"without a reason": 3})], ["bricked"]),
        ([calls(calls=2, reverted=2, reasons={"Panic": 2})], []),
        ([calls(calls=30, reverted=29, reasons={"Panic": 29})], ["reverts"]),
        ([calls(calls=30, reverted=6, reasons={"SlippageExceeded": 6})], []),
        ([PAUSED_CALLS], []),
        ([replace(PAUSED_CALLS, reasons={"EnforcedPause": 4, "Panic": 1})], ["bricked"]),
        ([replace(PAUSED_CALLS, reasons={UNAUTHORISED: 5})], []),
        ([replace(PAUSED_CALLS, reasons={UNAUTHORISED: 3, "Panic": 2})], []),
        ([replace(PAUSED_CALLS, reasons={UNAUTHORISED: 2, "Panic": 3})], ["bricked"]),
    ],
    ids=[
        "quiet",
        "bricked",
        "two calls",
        "most",
        "a fifth",
        "the brake",
        "not only the brake",
        "outsiders",
        "two calls among outsiders",
        "three calls among outsiders",
    ],
)
def test_reverts_by_function(called: list[CallStats], problems: list[str]) -> None:
    assert items(executed(contracts(called=called))) == problems


def test_a_view_that_fails_and_sums_that_do_not_hold() -> None:
    desk = contracts()
    desk.answers["LiquidityPool", "quote"] = broken()
    silent = executed(desk)
    assert items(silent) == ["view"]
    assert silent.data["silent_views"] == {"LiquidityPool.quote": "Panic(17)"}
    desk = contracts()
    desk.answers["PaymentToken", "totalBurned"] = 1
    assert list(executed(desk).data["broken_sums"]) == ["pt-supply"]
    desk = contracts()
    desk.answers["PaymentToken", "balanceOf"] = 1
    assert list(executed(desk).data["broken_sums"]) == ["pool-pt"]


def minted(by: bytes, amount: int = 5, *, block: int = 290) -> LogRecord:
    return replace(log_of("PaymentToken", "Minted", by=by, to=THIEF, amount=amount), block=block)


def minting(*records: LogRecord, **others: LogRecord) -> PaperDesk:
    desk = contracts()
    desk.logs["PaymentToken", "Minted"] = list(records)
    if "reserve" in others:
        desk.logs["Reserve", "MintedAgainst"] = [others["reserve"]]
    if "conversion" in others:
        desk.logs["Conversion", "Converted"] = [others["conversion"]]
    return desk


def test_a_mint_needs_something_behind_it() -> None:
    against = log_of("Reserve", "MintedAgainst", ptAmount=5)
    converted = log_of("Conversion", "Converted", ptAmount=4, fee=1)
    reserve, conversion = ADDRESSES["Reserve"], ADDRESSES["Conversion"]
    rows = [
        (minting(minted(ISSUER)), 1),
        (minting(minted(ISSUER, block=0)), 0),  # the genesis
        (minting(minted(reserve), reserve=against), 0),
        (minting(minted(reserve, 6), reserve=against), 1),
        (minting(minted(reserve)), 1),
        (minting(minted(conversion), conversion=converted), 0),
        (minting(minted(conversion, 7), conversion=converted), 1),
    ]
    assert [executed(desk).problems["unbacked"] for desk, _ in rows] == [n for _, n in rows]


ASKED = {"mint": {"to": f"0x{THIEF.hex()}", "amount": 5}}


@pytest.mark.parametrize(
    ("data", "state", "mints", "count"),
    [
        (ASKED, "approved", 1, 0),
        (ASKED, "rejected", 1, 1),
        (ASKED, "approved", 2, 1),  # asked for once, minted twice
        ({"mint": {"to": f"0x{THIEF.hex()}", "amount": 6}}, "approved", 1, 1),
        ({"mint": {"to": f"0x{ISSUER.hex()}", "amount": 5}}, "approved", 1, 1),
        ({}, "approved", 1, 1),
    ],
)
def test_an_issuers_mint_is_covered_by_the_change_that_asks_for_it(
    data: Any, state: str, mints: int, count: int
) -> None:
    desk = minting(*[minted(ISSUER)] * mints)
    desk.stores.create("change", NOW, subject="mint", state=state, owner="emeka", data=data)
    assert executed(desk).problems["unbacked"] == count


# -- MP4: gas -------------------------------------------------------------------------------------

SNAPSHOT = {"LiquidityPool.swap": {"calls": 50, "min": 87_000, "median": 95_000, "max": 118_000}}


def gas(*called: CallStats, usual: float = 10**9, base_fee: int = 10**9) -> Finding:
    desk = PaperDesk(
        called=list(called), stats=replace(NO_STATS, base_fee=base_fee),
        series={"quantile_over_time(0.5, fictra_chain_base_fee_wei": [usual]},
        approved={"gas.snapshot": SNAPSHOT},
    )  # fmt: skip
    return gas_usage(desk, GasUsage())


@pytest.mark.parametrize(
    ("called", "problems"),
    [
        ([calls()], []),
        ([calls(gas_median=129_000)], []),
        ([calls(gas_median=130_000)], ["regression"]),
        ([calls(gas_min=105_000)], ["regression"]),  # even the cheapest
        ([calls(gas_min=105_000, calls=19)], []),
        ([calls(gas_median=200_000, calls=2)], []),
        ([calls("flash")], ["unlisted"]),
        ([calls(reverted=50, calls=99, reverted_by={"0x66": 50})], ["griefing"]),
        ([calls(reverted=49, calls=99, reverted_by={"0x66": 49})], []),
    ],
    ids=["quiet", "at the limit", "median", "cheapest", "too few", "two calls", "unlisted",
         "griefer", "unlucky"],
)  # fmt: skip
def test_gas_against_the_snapshot(called: list[CallStats], problems: list[str]) -> None:
    assert items(gas(*called)) == problems


def test_a_gas_war_and_what_an_action_costs() -> None:
    quiet = gas(calls())
    # 95,000 gas x 2 gwei x 2,000 USD
    assert quiet.data["cost_cents"] == {"swap": 38}
    assert quiet.data["coin_basis"] == "assumed: nobody quotes it"
    war = gas(calls(), base_fee=600 * 10**9)
    assert items(war) == ["budget", "gas-war"]
    assert war.data["cost_cents"] == {"swap": 11_419}
    assert war.data["base_fee_ratio_ppm"] == 600_000_000
    assert gas().data["cost_cents"] == {"swap": 38}  # nobody swapped: the snapshot's median


def test_without_series_or_snapshot_there_is_no_data() -> None:
    desk = PaperDesk(approved={"gas.snapshot": SNAPSHOT})
    with pytest.raises(NoData, match="no base fee was recorded"):
        gas_usage(desk, GasUsage())
    with pytest.raises(NoData, match="no gas snapshot"):
        gas_usage(PaperDesk(), GasUsage())


# -- MP5: nodes -----------------------------------------------------------------------------------


def nodes(**given: Any) -> Finding:
    """Judge four nodes; *given* are statuses by node, or hashes and answers."""
    paper = PaperNodes(hashes=given.pop("hashes", {}), answers=given.pop("answers", {}))
    paper.all |= given
    desk = PaperDesk(services=PaperServices(nodes=paper))
    desk.answers |= dict.fromkeys(
        [("PaymentToken", "totalSupply"), ("LiquidityPool", "reserves"),
         ("FoundationToken", "totalSupply")], 7)  # fmt: skip
    return node_health(desk, NodeHealth())


NODE_ROWS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("quiet", {}, []),
    ("one down", {"alder": None}, ["down"]),
    ("two down", {"alder": None, "birch": None}, ["down", "quorum"]),
    ("five behind", {"alder": status("alder", number=HEAD - 5)}, []),
    ("six behind", {"alder": status("alder", number=HEAD - 6)}, ["behind"]),
    ("a side chain", {"hashes": {"alder": SIDE_HASH}}, ["forked"]),
    ("behind on a side chain", {"alder": status("alder", number=HEAD - 9, hash=SIDE_HASH)},
     ["behind", "forked"]),
    ("a split", {"hashes": {"alder": SIDE_HASH, "birch": SIDE_HASH}}, ["forked", "quorum"]),
    ("zeros", {"answers": {"alder": 0}}, ["wrong"]),
    ("zeros from two", {"answers": {"alder": 0, "birch": 0}}, ["wrong", "quorum"]),
    ("zeros from most", {"answers": {"alder": 0, "birch": 0, "cedar": 0}}, ["wrong", "own-path"]),
    ("an old release", {"alder": status("alder", client="geth/v1.9.7/x")}, ["stale-version"]),
    ("not the listed one", {"alder": status("alder", client="geth/v1.15.0/x")}, ["stale-version"]),
    ("lonely", {"alder": status("alder", peers=4)}, ["peers"]),
]  # fmt: skip


@pytest.mark.parametrize(("case", "given", "problems"), NODE_ROWS, ids=[r[0] for r in NODE_ROWS])
def test_nodes_are_compared(case: str, given: dict[str, Any], problems: list[str]) -> None:
    del case
    assert items(nodes(**given)) == problems


def test_the_quorum_table_names_who_differs() -> None:
    data = nodes(answers={"alder": 0}, birch=None).data
    assert (data["wrong"], list(data["silent"])) == (["alder"], ["birch"])
    assert data["agreeing"] == ["cedar", "doorn"]
    assert data["nodes"]["cedar"]["client"] == "reth/v1.1.4/linux"


def test_nodes_that_are_all_silent_are_no_data() -> None:
    finding = nodes(**dict.fromkeys(CLIENTS))
    assert (finding.verdict, finding.problems) == (
        "no-data",
        {"down": 4, "quorum": 1, "no-data": 1},
    )


def test_majorities() -> None:
    rows = [
        ({"a": 1, "b": 1, "c": 2}, (1, ["c"])),
        ({"a": 1, "b": 2}, (None, ["a", "b"])),
        ({"a": 1}, (1, [])),
        ({}, (None, [])),
    ]
    assert [majority(answers) for answers, _ in rows] == [wanted for _, wanted in rows]
