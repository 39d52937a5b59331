"""Integration with external systems: APIs, canaries, one fact by two paths, versions, papers (IE)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.catalog import Settings, check, daily, every
from twin.desk.port import Answer, Desk, Integration
from twin.desk.samples import right
from twin.desk.steps import Finding
from twin.errors import NoData
from twin.procedures.integration.paths import by_indexer, by_nodes, by_partners
from twin.procedures.integration.versions import blocked, drift, expiring, matrix, running

__all__ = [
    "ApiPerformance",
    "CanaryChecks",
    "DataConsistency",
    "DocumentCare",
    "VersionCare",
    "api_performance",
    "canary_checks",
    "data_consistency",
    "document_care",
    "version_care",
]

PPM = 1_000_000


def _judged(problems: Mapping[str, int], what: str, data: Mapping[str, Any]) -> Finding:
    """Return the finding that *problems* make."""
    wrong = [name for name, count in problems.items() if count]
    return Finding(
        verdict="finding" if wrong else "ok",
        summary=f"{what}: {', '.join(wrong)}" if wrong else f"{what} in order",
        data=data,
        problems=problems,
    )


def _no_endpoints(desk: Desk) -> str | None:
    return None if desk.services.endpoints.names() else "no endpoints are declared"


class ApiPerformance(Settings):
    """Limits of IE1: *slo_ppm* of the requests of *window* go well; latencies in milliseconds.

    *burn* is how many times faster than allowed the error budget may be used up.
    """

    window: str = "1h"
    slo_ppm: int = 990_000
    burn: int = 10
    max_p95: int = 2_000
    min_right_ppm: int = 900_000


def _series(desk: Desk, expression: str) -> dict[str, float]:
    """Return the value of *expression* by endpoint."""
    return {labels.get("endpoint", ""): value for labels, value in desk.metrics.query(expression)}


def _level(
    endpoint: str, series: Mapping[str, Mapping[str, float]], settings: ApiPerformance
) -> tuple[dict[str, int], dict[str, Any]]:
    """Judge the service level of one endpoint: problems by item, and the figures."""
    up = round(series["up"][endpoint] * PPM)
    p95 = round(series["p95"].get(endpoint, 0) * 1000)
    true = round(series["right"].get(endpoint, 1) * PPM)
    burn = (PPM - up) // (PPM - settings.slo_ppm)
    problems = {
        "errors": int(burn >= settings.burn),
        "slow": int(p95 > settings.max_p95),
        "wrong": int(true < settings.min_right_ppm),
    }
    return problems, {"available_ppm": up, "burn": burn, "p95_ms": p95, "right_ppm": true}


def _now(desk: Desk, agreed: Integration) -> dict[str, Any]:
    """Return what one synthetic request brings now."""
    answer: Answer = desk.services.endpoints.probe(agreed.endpoint)
    return {"status": answer.status, "latency_ms": answer.latency, "version": answer.version,
            "right": right(desk, agreed, answer)}  # fmt: skip


@check(
    "IE1",
    "Integration Management / External System Integration / API performance monitoring",
    cadence=every(minutes=15),
    inputs=("synthetic requests to every endpoint", "fictra_endpoint_* series"),
    evidence="service level of each endpoint: availability, burn rate, latency, right answers",
    settings=ApiPerformance,
    applies=_no_endpoints,
)
def api_performance(desk: Desk, settings: ApiPerformance) -> Finding:
    """API performance monitoring.

    What the probes of *settings.window* brought, by endpoint: how fast the error budget burns,
    the 95th percentile of latency, and how many samples were right. Endpoints are also added up
    by region: many at once is a cloud outage, and one alone is not (us-east-1, 2025-10-20).
    """
    endpoints, window = desk.services.endpoints, settings.window
    series = {
        "up": _series(desk, f"avg_over_time(fictra_endpoint_up[{window}])"),
        "p95": _series(
            desk, f"quantile_over_time(0.95, fictra_endpoint_latency_seconds[{window}])"
        ),
        "right": _series(desk, f"avg_over_time(fictra_endpoint_correct[{window}])"),
    }
    total = {"errors": 0, "slow": 0, "wrong": 0, "no-series": 0, "region": 0}
    levels: dict[str, Any] = {}
    regions: dict[str, list[bool]] = {}
    for name in endpoints.names():
        agreed = endpoints.integration(name)
        levels[name] = {"region": agreed.region, "now": _now(desk, agreed)}
        if name not in series["up"]:
            total["no-series"] += 1
            continue
        problems, figures = _level(name, series, settings)
        levels[name].update(figures)
        regions.setdefault(agreed.region, []).append(any(problems.values()))
        for item, count in problems.items():
            total[item] += count
    ill = [name for name, bad in regions.items() if len(bad) > 1 and all(bad)]
    total["region"] = len(ill)
    if not series["up"]:
        return Finding("no-data", "no probe of an endpoint was recorded", levels, total)
    return _judged(total, "APIs", {"endpoints": levels, "regions_ill": ill})


class CanaryChecks(Settings):
    """Parameters of IE2: a probe transaction of the last *window* seconds must be seen by all."""

    window: int = 3600


def _canary(agreed: Integration, answer: Answer) -> str:
    """Say what an end-to-end canary found: ok, unreachable, or how it broke."""
    if answer.status != 200:
        return "unreachable"
    missing = [key for key in agreed.canary if key not in answer.body]
    if missing:
        return f"broken: the answer lacks {', '.join(missing)}"
    other = [key for key, known in agreed.canary.items() if answer.body[key] != known]
    if other:
        return f"broken: other values of {', '.join(other)}"
    return "ok" if answer.version == agreed.version else f"version {answer.version}"


def _seen(desk: Desk, settings: CanaryChecks) -> dict[str, str]:
    """Look for our newest settled probe transaction through every node."""
    probes = [one for one in desk.services.probes.since(desk.now - settings.window)
              if one.confirmed is not None]  # fmt: skip
    if not probes:
        return {}
    found: dict[str, str] = {}
    for node in desk.services.nodes.names():
        try:
            receipt = desk.services.nodes.request(
                node, "eth_getTransactionReceipt", probes[-1].transaction
            )
        except NoData:
            found[node] = "unreachable"
            continue
        if receipt is None:
            found[node] = "broken: it does not know our transaction"
        else:
            found[node] = "ok" if receipt["status"] == "0x1" else "broken: it says it reverted"
    return found


@check(
    "IE2",
    "Integration Management / External System Integration / Integration point verification",
    cadence=every(hours=1),
    inputs=("canary resources with agreed answers", "eth_getTransactionReceipt of our own probes"),
    evidence="verification log: what each integration's canary answered",
    settings=CanaryChecks,
    applies=_no_endpoints,
)
def canary_checks(desk: Desk, settings: CanaryChecks) -> Finding:
    """Integration point verification.

    Each integration has a test resource whose answer was agreed. After a partner's upgrade the
    requests still succeed and are fast: only what they bring has changed. Our own settled probe
    transaction must be seen through every node.
    """
    endpoints = desk.services.endpoints
    log: dict[str, str] = {}
    bodies: dict[str, Any] = {}
    for name in endpoints.names():
        answer = endpoints.canary(name)
        log[name] = _canary(endpoints.integration(name), answer)
        if log[name] != "ok":
            bodies[name] = {"status": answer.status, "body": dict(answer.body)}
    seen = _seen(desk, settings)
    results = [*log.values(), *seen.values()]
    problems = {
        "broken": len([one for one in results if one.startswith("broken")]),
        "unreachable": len([one for one in results if one == "unreachable"]),
        "version": len([one for one in results if one.startswith("version")]),
    }
    data = {"canaries": log, "answers": bodies, "probe_seen_by": seen}
    return _judged(problems, "integrations", data)


class DataConsistency(Settings):
    """Limits of IE3: seconds, blocks and ppm; *depth* blocks below the head nothing moves."""

    depth: int = 6
    max_age: int = 300
    volume_ppm: int = 15_000
    quote_ppm: int = 5_000


@check(
    "IE3",
    "Integration Management / External System Integration / Data consistency checking",
    cadence=every(minutes=30),
    inputs=("eth_call through every node", "indexer", "venue tickers by two paths"),
    evidence="list of differences: fact, path, block, ours and theirs",
    settings=DataConsistency,
)
def data_consistency(desk: Desk, settings: DataConsistency) -> Finding:
    """Data consistency checking.

    The same balance, count and volume by our own node, by each RPC provider and by the indexer,
    at one block. Zeros that a provider shows for full accounts frighten users into runs
    (MetaMask and Infura, 2020-11-11); events that an indexer missed never come back.
    """
    made, nodes = by_nodes(desk, depth=settings.depth)
    problems = {"nodes": len(nodes), "indexer-silent": 0}
    differences = list(nodes)
    try:
        more, found = by_indexer(desk, volume_ppm=settings.volume_ppm, max_age=settings.max_age)
        made += more
    except NoData:
        problems["indexer-silent"], found = 1, {}
    for item, rows in found.items():
        problems[item] = len(rows)
        differences += rows
    partners = by_partners(desk, desk.venues.names(), tolerance_ppm=settings.quote_ppm)
    problems["partner"] = len(partners)
    data = {"compared": made, "differences": [*differences, *partners]}
    if not made:
        return Finding("no-data", "nothing could be compared", data, problems)
    return _judged(problems, "two paths", data)


class VersionCare(Settings):
    """Limits of IE4, seconds: *horizon* of support, *max_test_age* of the last contract tests."""

    horizon: int = 90 * 86_400
    max_test_age: int = 2 * 86_400


def _tests(desk: Desk, settings: VersionCare) -> tuple[str, list[str]]:
    """Return the state of the contract tests, which are IE2's, and the integrations that failed."""
    last = desk.evidence.last("IE2")
    if last is None:
        return "never ran", []
    if desk.now - last.at > settings.max_test_age:
        return "too old", []
    canaries = desk.evidence.data(last.ref).get("canaries", {})
    return "fresh", [name for name, result in canaries.items() if result.startswith("broken")]


@check(
    "IE4",
    "Integration Management / External System Integration / Version compatibility management",
    cadence=daily("07:30"),
    inputs=("version inventory", "web3_clientVersion", "API version headers", "evidence of IE2"),
    evidence="compatibility matrix, blocked upgrades, support that ends, contract tests",
    settings=VersionCare,
)
def version_care(desk: Desk, settings: VersionCare) -> Finding:
    """Version compatibility management.

    What nodes and partners say they run, against what their consumers were tested with and what
    the inventory lists; planned upgrades to something untested are blocked (the hot-fix of a
    client that broke its handler, Infura 2020-11-11); support that ends has a date.
    """
    live = running(desk)
    rows = matrix(desk, live)
    over, soon = expiring(desk, horizon=settings.horizon)
    stopped = blocked(desk)
    tests, failed = _tests(desk, settings)
    problems = {
        "incompatible": len([row for row in rows if not row["fits"]]),
        "undeclared": len([row for row in rows if not row["as_listed"]]),
        "unsupported": len(over),
        "deprecated": len(soon),
        "blocked-upgrade": len(stopped),
        "contract-tests": len(failed) + int(tests != "fresh"),
    }
    return _judged(problems, "versions", {
        "matrix": rows, "unsupported": over, "deprecated": soon, "blocked_upgrades": stopped,
        "contract_tests": tests, "failed_tests": failed,
        "unknown": sorted(row["where"] for row in rows if not row["running"]),
    })  # fmt: skip


class DocumentCare(Settings):
    """Parameters of IE5: whether the endpoints that documents name are called."""

    call: bool = True


def _dead(desk: Desk, facts: Mapping[str, str]) -> list[str]:
    """Return the endpoints that a document names and that do not answer, or are not there."""
    named = [fact.split(".")[1] for fact in facts if fact.startswith("endpoint.")
             and fact.endswith(".url")]  # fmt: skip
    known = desk.services.endpoints.names()
    return [name for name in named
            if name not in known or desk.services.endpoints.canary(name).status != 200]  # fmt: skip


@check(
    "IE5",
    "Integration Management / External System Integration / Integration documentation maintenance",
    level="C",
    cadence=daily("08:00"),
    inputs=("documents and their review dates", "schemas", "signed register", "endpoints"),
    evidence="drift report: what documents say and schemas do not, owners and review dates",
    settings=DocumentCare,
)
def document_care(desk: Desk, settings: DocumentCare) -> Finding:
    """Integration documentation maintenance.

    Documents are generated from schemas and edited by people: what they say of addresses, ABIs
    and endpoints is held against the schema and the signed register, and the endpoints of the
    runbooks are called, since the incident is a bad time to find a wrong one.
    """
    schema = desk.services.documents.schema()
    reports: dict[str, Any] = {}
    total = {"drift": 0, "dead-endpoint": 0, "overdue": 0, "ownerless": 0}
    for document in desk.services.documents.all():
        wrong = drift(desk, document, schema)
        dead = _dead(desk, document.facts) if settings.call else []
        late = desk.now - document.reviewed > document.review_every
        reports[document.id] = {
            "owner": document.owner, "reviewed": document.reviewed, "overdue": late,
            "facts": len(document.facts), "drift": wrong, "dead": dead,
        }  # fmt: skip
        total["drift"] += len(wrong)
        total["dead-endpoint"] += len(dead)
        total["overdue"] += int(late)
        total["ownerless"] += int(not document.owner)
    if not reports:
        return Finding("no-data", "there is no document", {}, total)
    return _judged(total, "documents", {"documents": reports})
