"""The metrics of the twin, each declared once: name, kind, unit, help and labels.

Names follow the conventions of Prometheus: prefix `fictra_`, base units, `_total` for
counters, `_timestamp_seconds` for points in time, `_ratio` for shares and for prices of one
token in another (1.0 is par). What is not in this table can be neither written nor used in a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from twin.errors import CrashError, UnknownName

__all__ = ["MetricSpec", "Metrics", "metric_table"]

Kind = Literal["gauge", "counter"]


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric: what it is called, what it counts and which *labels* each series carries."""

    name: str
    kind: Kind
    unit: str
    help: str
    labels: tuple[str, ...] = ()


class Metrics(Mapping[str, MetricSpec]):
    """Declared metrics by name; asking for another raises UnknownName with the nearest one."""

    def __init__(self, specs: Iterable[MetricSpec]) -> None:
        """Refuse two declarations of one name."""
        self._by_name: dict[str, MetricSpec] = {}
        for spec in specs:
            if spec.name in self._by_name:
                raise CrashError(f"metric {spec.name} is declared twice; once is the rule")
            self._by_name[spec.name] = spec

    def __getitem__(self, key: str) -> MetricSpec:
        try:
            return self._by_name[key]
        except KeyError:
            raise UnknownName("metric", key, self._by_name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, key: object) -> bool:
        return key in self._by_name

    def check(self, name: str, labels: Iterable[str]) -> MetricSpec:
        """Return the declaration of *name*; raises CrashError unless *labels* are exactly its own."""
        spec = self[name]
        given = tuple(sorted(labels))
        if given != tuple(sorted(spec.labels)):
            takes = ", ".join(spec.labels) or "none"
            raise CrashError(
                f"metric {name}: labels {', '.join(given) or 'none'}; it takes {takes}"
            )
        return spec


def _family(prefix: str, labels: str, rows: str) -> list[MetricSpec]:
    """Read rows of `name | kind | unit | help`; `name{a,b}` overrides the family's *labels*."""
    specs = []
    for row in rows.strip().splitlines():
        name, kind, unit, text = (cell.strip() for cell in row.split("|"))
        name, _, own = name.partition("{")
        chosen = own.rstrip("}") if own else labels
        if kind not in {"gauge", "counter"}:
            raise CrashError(f"metric {name}: kind {kind!r}; it is gauge or counter")
        specs.append(
            MetricSpec(
                name=f"fictra_{prefix}_{name}",
                kind="counter" if kind == "counter" else "gauge",
                unit=unit,
                help=text,
                labels=tuple(chosen.split(",")) if chosen else (),
            )
        )
    return specs


def metric_table() -> Metrics:
    """Return the declarations of everything that the twin measures."""
    return Metrics([spec for family in _FAMILIES for spec in _family(*family)])


_FAMILIES: tuple[tuple[str, str, str], ...] = (
    ("chain", "", """
head_block                  | gauge   | block   | Number of the latest block
head_timestamp_seconds      | gauge   | seconds | Unix time of the latest block
base_fee_wei                | gauge   | wei     | Base fee of the latest block
utilisation_ratio           | gauge   | ratio   | Gas used over gas limit since the last scrape, background included
pending_transactions        | gauge   | count   | Transactions in the mempool
transactions_total          | counter | count   | Transactions included since monitoring started
reverted_transactions_total | counter | count   | Included transactions that reverted
confirmation_seconds        | gauge   | seconds | Longest time from submission to inclusion since the last scrape; absent when none was included
"""),
    ("pool", "", """
price_ratio         | gauge   | stable/PT | Spot price of the liquidity pool
reserve_pt          | gauge   | PT        | Payment Tokens in the pool
reserve_stable      | gauge   | stable    | Stable asset in the pool
depth_stable{level} | gauge   | stable    | Stable asset that moves the price up by this percentage, fee aside
volume_stable_total | counter | stable    | Gross volume since deployment
fees_stable_total   | counter | stable    | Fees paid since deployment
swaps_total         | counter | count     | Swaps since deployment
"""),
    ("oracle", "feed", """
answer_usd                         | gauge | USD     | Accepted answer of the feed
updated_timestamp_seconds          | gauge | seconds | Unix time of the accepted answer
reporters                          | gauge | count   | Reports that the accepted answer rests on
spread_ratio                       | gauge | ratio   | Highest less lowest report that counted, over the answer
report_usd{feed,node}              | gauge | USD     | Newest report of a node
report_timestamp_seconds{feed,node} | gauge | seconds | Unix time of the observation behind it
max_answer_usd                     | gauge | USD     | Highest answer that the feed accepts
min_answer_usd                     | gauge | USD     | Lowest answer that the feed accepts
heartbeat_seconds                  | gauge | seconds | Longest time between two answers that the feed promises
quorum                             | gauge | count   | Reports that an answer needs
sources                            | gauge | count   | Distinct data sources that the newest signed reports name
"""),
    ("index", "commodity", """
usd               | gauge | USD     | Independent index of the commodity
timestamp_seconds | gauge | seconds | Unix time of the index value
"""),
    ("fee", "kind", """
ratio                     | gauge | ratio   | Fee now
min_ratio                 | gauge | ratio   | Lowest fee that the steward may set
max_ratio                 | gauge | ratio   | Highest fee that the steward may set
changed_timestamp_seconds | gauge | seconds | Unix time of the last change
"""),
    ("ft", "", "supply | gauge | FT | Foundation Tokens in existence"),
    ("pt", "", """
supply | gauge | PT | Payment Tokens in existence
cap    | gauge | PT | Most Payment Tokens that may exist
minted_total | counter | PT | Payment Tokens ever minted
burned_total | counter | PT | Payment Tokens ever burned
"""),
    ("reserve", "", """
coverage_ratio          | gauge | ratio  | Stated assets over Payment Tokens, as the last reconciliation proved them
ladder_stable{horizon}  | gauge | stable | What can be paid out within the horizon, by the calendars of banks and custodians
demand_stable{horizon}  | gauge | stable | What a run along the declared profile would ask for within the horizon
"""),
    ("contract", "contract", "paused | gauge | bool | 1 while the contract is paused"),
    ("venue", "venue", """
mid_ratio       | gauge   | stable/PT | Middle of best bid and best ask
spread_ratio    | gauge   | ratio     | Best ask less best bid, over the middle
volume_pt_total | counter | PT        | Volume that the venue reports since the start
up              | gauge   | bool      | 1 while the venue answers
"""),
    ("exchange", "venue", """
order_ok                      | gauge | bool    | 1 where our last order probe was placed and taken back
book_live                     | gauge | bool    | 1 where the public book showed our last order probe
order_rtt_seconds             | gauge | seconds | Time that the last order probe took
withdrawal_pending_seconds    | gauge | seconds | Longest time for which a withdrawal probe is pending; 0 for none
status_healthy                | gauge | bool    | 1 while the venue's status page says that all is operational
key_expires_timestamp_seconds | gauge | seconds | Unix time at which our key ends; 0 where the venue refuses it
"""),
    ("maker", "maker,venue", """
honoured     | gauge | bool  | 1 while the maker quotes what its contract asks for
depth_pt     | gauge | PT    | The lesser side's depth within the contract's distance
spread_ratio | gauge | ratio | The maker's own spread over its middle
"""),
    ("redemption", "", """
redeemed_pt_total | counter | PT | Payment Tokens redeemed at the reserve since deployment
minted_pt_total   | counter | PT | Payment Tokens minted at the reserve since deployment
"""),
    ("check", "procedure", """
problems{procedure,item}    | gauge   | count   | Problems that the last run of a check found
runs_total{procedure,verdict} | counter | count | Runs of a check by verdict
last_run_timestamp_seconds  | gauge   | seconds | Unix time of the last run
interval_seconds            | gauge   | seconds | Time between two runs that the catalogue promises
"""),
    ("incidents", "severity", "open | gauge | count | Incidents that are not closed"),
    ("alerts", "severity", "firing | gauge | count | Alerts that fired after the last evaluation"),
    ("pages", "", "total | counter | count | Times that somebody was called"),
    ("operator", "node", """
up              | gauge | bool    | 1 while the node's metrics endpoint answers
latency_seconds | gauge | seconds | Median of the last hour from observation to submission, as the node says
gas_ether       | gauge | ether   | Balance of the account that the node pays its gas from
"""),
    ("scrape", "collector", """
samples                        | gauge   | count   | Samples that the collector wrote at this scrape
errors_total                   | counter | count   | Answers that were missing
last_success_timestamp_seconds | gauge   | seconds | Unix time of its last scrape without a missing answer
"""),
    ("node", "node", """
up                     | gauge | bool    | 1 while the RPC node answers
head_block             | gauge | block   | Number of its latest block
head_timestamp_seconds | gauge | seconds | Unix time of its latest block
peers                  | gauge | count   | Peers it is connected to
latency_seconds        | gauge | seconds | Time that its answer took
"""),
    ("indexer", "", """
up                     | gauge | bool    | 1 while the indexer answers
head_block             | gauge | block   | Number of the last block it has indexed
head_timestamp_seconds | gauge | seconds | Unix time of the last block it has indexed
events                 | gauge | count   | Events it has counted
"""),
    ("endpoint", "endpoint", """
up              | gauge | bool    | 1 when the last synthetic request brought a result
latency_seconds | gauge | seconds | Time that the last synthetic request took
correct         | gauge | bool    | 1 when the sample that it brought was right; absent where there was none
"""),
    ("probe", "role", """
sent_total        | counter | count   | Probe transactions sent since monitoring started
slow_total        | counter | count   | Probes that waited longer for their block than the service level allows
inclusion_seconds | gauge   | seconds | Time from submission to inclusion of the newest probe that was included
pending_seconds   | gauge   | seconds | Age of the oldest probe that still waits, 0 where none does
"""),
    ("tickets", "topic", "opened_total | counter | count | Tickets that users opened since monitoring started"),
    ("alertpath", "", "delivered_total | counter | count | Alerts that the receiver got since monitoring started"),
    ("reserve", "", """
value_usd          | gauge   | USD   | Worth of the reserve at the oracle's prices
contract_coverage_ratio | gauge | ratio | Worth of the reserve as its contract values it, for each PT in existence
open               | gauge   | bool  | 1 while the reserve mints and redeems
redeemed_today_pt  | gauge   | PT    | PT redeemed on the present UTC day
daily_limit_pt     | gauge   | PT    | Most PT that may be redeemed on a day
haircut_ratio      | gauge   | ratio | Haircut on the next redemption
redeemed_pt_total  | counter | PT    | PT redeemed since deployment
minted_pt_total    | counter | PT    | PT minted against the reserve since deployment
holding{asset}             | gauge | units | Holding of an asset: stable units, USD of bills, ounces of gold
attested_timestamp_seconds{asset} | gauge | seconds | Unix time of the newest attestation
expiry_timestamp_seconds{asset}   | gauge | seconds | Unix time until which it holds
policy_weight_ratio{asset} | gauge | ratio | Share of the reserve that the policy gives the asset
weight_ratio{asset}        | gauge | ratio | Share of the reserve that the asset has; absent where the reserve is empty
"""),
    ("conversion", "", """
today_pt       | gauge   | PT | PT that conversions gave on the present UTC day
daily_limit_pt | gauge   | PT | Most PT that conversions may give on a day
pt_total       | counter | PT | PT that conversions gave since deployment
ft_total       | counter | FT | FT converted since deployment
"""),
    ("settlement", "", """
escrow_pt         | gauge   | PT    | PT that lies in escrow
released_pt_total | counter | PT    | PT released to sellers since deployment
fees_pt_total     | counter | PT    | Fees of settlements since deployment
deals_total       | counter | count | Deals opened since deployment
max_amount_pt     | gauge   | PT    | Highest price of one deal
disputes_open     | gauge   | count | Deals that are disputed and not ruled on
"""),
    ("governance", "", """
proposals{state}          | gauge | count   | Proposals made since monitoring started, by their state
operations_waiting{queue} | gauge | count   | Operations that are scheduled and neither executed nor cancelled
timelock_delay_seconds    | gauge | seconds | Shortest delay of the timelock
"""),
    ("participants", "", """
registered | gauge | count | Participants in the registry
suspended  | gauge | count | Participants suspended since monitoring started and not approved again
"""),
    ("bank", "bank,account", """
balance_stable              | gauge | stable  | Balance of the newest statement
outgoing_stable             | gauge | stable  | Payments under way in the newest statement
statement_timestamp_seconds | gauge | seconds | Closing time of the newest statement
up                          | gauge   | bool    | 1 while statements come; absent before the first
open{bank}                  | gauge | bool    | 1 while payments of the bank move
"""),
    ("custody", "custodian", """
up                          | gauge | bool    | 1 while statements come; absent before the first
value_usd                   | gauge | USD     | Worth of all holdings in the newest statement
unsettled_stable            | gauge | stable  | Sales not settled in the newest statement
statement_timestamp_seconds | gauge | seconds | Closing time of the newest statement
holding{custodian,asset}    | gauge | units   | Holding of an asset in the newest statement
"""),
    ("notifications", "receiver", """
total        | counter | count | Notifications that a receiver took
failed_total | counter | count | Attempts to notify a receiver that failed
"""),
    ("rule", "", "evaluation_failures_total | counter | count | Evaluations of a rule that failed"),
    ("rule", "", "evaluations_total | counter | count | Evaluations of rules"),
)  # fmt: skip
