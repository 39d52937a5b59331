"""Security monitoring: events, anomalies, access, attempts at our own doors, and bulletins (MS)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.catalog import Settings, check, daily, every, runbook, weekly
from twin.desk.port import Desk, Entry
from twin.desk.steps import (
    Case,
    Decide,
    Finding,
    Keep,
    Look,
    Notify,
    Runbook,
    Work,
)
from twin.errors import NoData
from twin.procedures.escalation import escalate
from twin.procedures.monitoring.access import (
    Difference,
    chain_access,
    iam_access,
    revoke_test,
    timelock_access,
)
from twin.procedures.monitoring.anomalies import RATES, Flow, flows, rate_of, round_trips
from twin.procedures.monitoring.happenings import CONTRACTS, ROLES, approved, happenings
from twin.procedures.monitoring.penetration import attempts, scan_ages
from twin.procedures.monitoring.threats import Running, matches

__all__ = [
    "Access",
    "Anomalies",
    "Penetration",
    "SecurityEvents",
    "Threats",
    "access_control",
    "anomalies",
    "penetration_test",
    "security_events",
    "threat_intelligence",
]

EVENT_ITEMS = ("grant", "revoke", "control", "operation", "cancel", "hasty", "pause", "transfer")


class SecurityEvents(Settings):
    """MS1 looks back *window* seconds, for transfers *transfer_window*, larger than *large_ppm*.

    *large_ppm* is of the token's supply. A head older than *max_head_age* seconds is a stream of
    events that stopped.
    """

    window: int = 6 * 3600
    transfer_window: int = 3600
    large_ppm: int = 20_000
    max_head_age: int = 180


@check(
    "MS1",
    "System Monitoring / Security Monitoring / Real-time security event monitoring",
    cadence=every(minutes=5),
    inputs=("Authority, FictraTimelock and FictraGovernor logs", "Paused", "Transfer", "register"),
    evidence="events with what explains them; those that nothing explains",
    settings=SecurityEvents,
)
def security_events(desk: Desk, settings: SecurityEvents) -> Finding:
    """Real-time security event monitoring.

    Grants, changes of control, operations, votes, brakes and large transfers are held against the
    register, the timelock and the open incidents. A stream that stands still is a problem of its
    own: a detector without events looks like a quiet network.
    """
    view = desk.at()
    age = desk.now - view.timestamp
    found = happenings(
        desk, view, window=settings.window, transfer_window=settings.transfer_window,
        large_ppm=settings.large_ppm,
    )  # fmt: skip
    problems = dict.fromkeys(EVENT_ITEMS, 0) | {"stalled": int(age > settings.max_head_age)}
    for event in found:
        if event.item:
            problems[event.item] += 1
    wrong = [name for name, count in problems.items() if count]
    return Finding(
        verdict="finding" if wrong else "ok",
        summary=f"security events: {', '.join(wrong)}" if wrong else "nothing unexplained",
        data={"block": view.block, "head_age": age, "window": settings.window,
              "events": [event.record() for event in found[-50:]]},
        problems=problems,
    )  # fmt: skip


class Anomalies(Settings):
    """Limits of MS2; token amounts in units of 6 decimals, *score* in robust deviations.

    A rate is judged once *history* hours are known, and until then against nothing. *drain* is
    what leaves for one silent recipient in an hour, *leak* what leaves in at least *drips* parts
    in a day; a ring is *trips* round trips within *trip_window* seconds.
    """

    score: int = 12
    history: int = 24
    drain: int = 20_000 * 10**6
    leak: int = 5_000 * 10**6
    drips: int = 4
    trips: int = 8
    trip_within: int = 600
    trip_window: int = 6 * 3600
    trip_tolerance_ppm: int = 20_000


def _outflows(desk: Desk, settings: Anomalies) -> tuple[list[Flow], list[Flow]]:
    """Return what drains at once and what leaks slowly."""
    view, ours = desk.at(), frozenset({desk.register.address(name) for name in CONTRACTS})
    neutral = ours | {bytes(20)}
    drains, leaks = [], []
    for token in ("PaymentToken", "StableAsset"):
        day = view.logs(token, "Transfer", since=max(0, desk.now - 86_400))
        for flow in flows(token, day, ours=neutral):
            if flow.count >= settings.drips and flow.total >= settings.leak:
                leaks.append(flow)
            elif flow.last >= desk.now - 3600 and flow.total >= settings.drain:
                drains.append(flow)
    return drains, leaks


@check(
    "MS2",
    "System Monitoring / Security Monitoring / Anomaly detection and alerting",
    cadence=every(hours=1),
    inputs=("rates of the last week", "Transfer and Swapped logs"),
    evidence="rates beside their median, drains, leaks, rings, and findings per week",
    settings=Anomalies,
)
def anomalies(desk: Desk, settings: Anomalies) -> Finding:
    """Anomaly detection and alerting.

    Each rate of the last hour is held against the median and quartiles of its week. Direct
    transfers to accounts that only receive, and swaps that one account undoes for another, are
    patterns that need no history.
    """
    rates = [rate_of(desk, name, measure, floor=floor) for name, measure, floor in RATES]
    known = [rate for rate in rates if rate is not None]
    if len(known) < len(RATES):
        raise NoData(f"{len(RATES) - len(known)} of {len(RATES)} rates have no value")
    wild = [rate for rate in known
            if rate.samples >= settings.history and rate.score_tenths > 10 * settings.score]  # fmt: skip
    drains, leaks = _outflows(desk, settings)
    swaps = desk.at().logs(
        "LiquidityPool", "Swapped", since=max(0, desk.now - settings.trip_window)
    )
    trips = round_trips(
        swaps, within=settings.trip_within, tolerance_ppm=settings.trip_tolerance_ppm
    )
    rings = {pair: times for pair, times in trips.items() if len(times) >= settings.trips}
    week = desk.evidence.of("MS2", since=desk.now - 7 * 86_400)
    problems = {"rate": len(wild), "drain": len(drains), "leak": len(leaks), "wash": len(rings)}
    wrong = [name for name, count in problems.items() if count]
    return Finding(
        verdict="finding" if wrong else "ok",
        summary=f"anomalies: {', '.join(wrong)}" if wrong else "nothing out of the ordinary",
        data={
            "rates": {rate.name: {"value": rate.value, "median": rate.median,
                                  "score_tenths": rate.score_tenths, "samples": rate.samples}
                      for rate in known},
            "wild": [rate.name for rate in wild],
            "drains": [flow.record() for flow in drains],
            "leaks": [flow.record() for flow in leaks],
            "rings": [{"accounts": list(pair), "trips": len(times), "last": times[-1]}
                      for pair, times in sorted(rings.items())],
            "findings_in_week": len([item for item in week if item.verdict == "finding"]),
        },
        problems=problems,
    )  # fmt: skip


class Access(Settings):
    """MS3 tries revocation on a copy of the chain where *revoke_test*."""

    revoke_test: bool = True


ACCESS_ITEMS = ("role", "lost", "delay", "timelock", "person", "mfa", "leaver", "key", "scope",
                "quorum", "revoke")  # fmt: skip


@check(
    "MS3",
    "System Monitoring / Security Monitoring / Access control verification",
    cadence=daily("07:00"),
    inputs=("RoleGranted logs and hasRole", "IAM export", "signing wallets", "signed register"),
    evidence="differences, the recertification record of every holder, the revoke test",
    settings=Access,
)
def access_control(desk: Desk, settings: Access) -> Finding:
    """Access control verification.

    Roles on chain, the timelock's own roles, people, keys and signing wallets are held against the
    signed register, and every role is taken away on a copy of the chain to see that it can be.
    """
    view = desk.at()
    people = {item.account: item for item in desk.services.identities.people()}
    wrong, record = chain_access(desk, view, people)
    wrong += timelock_access(desk, view, people)
    wrong += iam_access(desk)
    if settings.revoke_test:
        wrong += revoke_test(desk, desk.lab.fork("MS3"))
    return _differences(wrong, record, block=view.block)


def _differences(wrong: list[Difference], record: list[dict[str, Any]], *, block: int) -> Finding:
    problems = dict.fromkeys(ACCESS_ITEMS, 0)
    for item in wrong:
        problems[item["item"]] += 1
    items = [name for name, count in problems.items() if count]
    return Finding(
        verdict="finding" if wrong else "ok",
        summary=f"access differs: {', '.join(items)}" if wrong else "access is as approved",
        data={"block": block, "differences": wrong, "recertified": record},
        problems=problems,
    )


class Penetration(Settings):
    """MS4 makes *calls* random calls; a scan finding may be open for so many days by severity."""

    calls: int = 120
    effort: int = 3600
    max_days: Mapping[str, int] = {"critical": 2, "high": 7, "medium": 30, "low": 90}


@runbook(
    "MS4",
    "System Monitoring / Security Monitoring / Penetration testing and vulnerability scanning",
    cadence=weekly("tue", "10:00"),
    role="security",
    effort=3600,
    inputs=("public chain state", "attack library", "CI scan report"),
    evidence="matrix of attempts, fuzzing, scan findings with their age",
    settings=Penetration,
)
def penetration_test(case: Case, settings: Penetration) -> Runbook:
    """Penetration testing and vulnerability scanning.

    The attack library and seeded fuzzing are run against a copy of the chain. An attempt that
    succeeds opens an incident at once; scan findings that are open for too long become tickets.
    """
    del case
    made = yield Look("Does any attack get through?", attempts, (settings.calls,))
    got = [item for item in made["attempts"] if item["outcome"] == "succeeded"]
    idle = [item for item in made["attempts"] if item["outcome"] == "not-run"]
    ages = yield Look("What is open in the scans?", scan_ages)
    old = [item for item in ages["findings"]
           if item["age"] > 86_400 * settings.max_days[item["severity"]]]  # fmt: skip
    yield Work("security", settings.effort, "read the matrix and the scan report")
    if got:
        names = ", ".join(item["attack"] for item in got[:3])
        yield from escalate(f"an attack succeeds: {names}", family="security", severity="P1")
    known = yield Look("Which findings have a ticket?", open_tickets, ("scan",))
    for item in old:
        if item["id"] not in known:
            subject = f"{item['id']}: {item['severity']} in {item['component']}, {item['title']}"
            yield Keep("ticket", subject=subject, state="open",
                       data={"about": "scan", "key": item["id"], "age": item["age"]})  # fmt: skip
    for key, entry in known.items():
        if key not in {item["id"] for item in ages["findings"]}:
            yield Keep("ticket", entry=entry, state="done")
    problems = {"attack": len(got), "old-finding": len(old), "not-run": 0}
    summary = f"{len(got)} attacks succeed, {len(old)} scan findings are too old"
    return Finding(
        "finding" if got or old else "done",
        summary if got or old else f"{len(made['attempts']) - len(idle)} attacks stopped",
        {"matrix": made["attempts"], "not_run": len(idle), "scan": ages, "old": old},
        problems,
    )


def open_tickets(desk: Desk, about: str) -> dict[str, str]:
    """Return the tickets of ours *about* a kind of thing that are not ended, by its key."""
    return {
        str(entry.data["key"]): entry.id
        for entry in desk.stores.entries("ticket", unended=True)
        if entry.data.get("about") == about
    }


class Threats(Settings):
    """MS5: a match has to be acted on within *within* seconds by its kind; *effort* seconds each."""

    within: Mapping[str, int] = {"address": 4 * 3600, "version": 24 * 3600}
    effort: int = 900


def _book(desk: Desk) -> dict[bytes, str]:
    """Return the addresses that we deal with: contracts, roles, participants, traders of a week."""
    view = desk.at()
    book = {desk.register.address(name): name for name in CONTRACTS}
    book |= {account: label for label in ROLES for account, _delay in approved(desk, label)
             if account not in book}  # fmt: skip
    for record in view.logs("ParticipantRegistry", "ParticipantRegistered", since=0):
        book.setdefault(record.args["account"], "a participant")
    week = max(0, desk.now - 7 * 86_400)
    for record in view.logs("LiquidityPool", "Swapped", since=week):
        book.setdefault(record.args["sender"], "a trader on the pool")
    for record in view.logs("LiquidityPool", "LiquidityAdded", since=0):
        book.setdefault(record.args["to"], "a liquidity provider")
    return book


def _running(desk: Desk) -> list[Running]:
    """Return what runs, by the inventory."""
    components = desk.services.inventory.components()
    return [(item.component, item.version, item.where) for item in components]


def threat_facts(desk: Desk) -> dict[str, Any]:
    """Return what the bulletins say about us that no ticket knows, and how earlier matches stand."""
    last = desk.evidence.last("MS5")
    since = desk.evidence.data(last.ref).get("until", 0) if last else 0
    bulletins = desk.services.bulletins.since(since)
    running = _running(desk)
    bulletins = [item for item in bulletins if item.published < desk.now]
    found = list(matches(bulletins, book=_book(desk), running=running))
    tickets = [
        _standing(desk, entry, running)
        for entry in desk.stores.entries("ticket", unended=True)
        if entry.data.get("about") == "threat"
    ]
    return {"until": desk.now, "read": len(bulletins), "matches": found, "tickets": tickets,
            "inventory": len(running)}  # fmt: skip


def _standing(desk: Desk, entry: Entry, running: list[Running]) -> dict[str, Any]:
    """Return whether the cause of a ticket is gone: frozen, or no longer running that version."""
    data = entry.data
    if data["kind"] == "address":
        gone = bool(desk.at().read("PaymentToken", "frozen", bytes.fromhex(data["address"][2:])))
    else:
        gone = (data["component"], data["version"], data["where"]) not in running
    late = entry.due is not None and desk.now > entry.due
    return {"entry": entry.id, "gone": gone, "late": late and not gone,
            "took": desk.now - data["published"]}  # fmt: skip


@runbook(
    "MS5",
    "System Monitoring / Security Monitoring / Threat intelligence integration",
    cadence=every(hours=4),
    role="security",
    effort=900,
    inputs=("bulletins", "inventory", "address book"),
    evidence="matches, a ticket for each, time to act",
    settings=Threats,
)
def threat_intelligence(case: Case, settings: Threats) -> Runbook:
    """Threat intelligence integration.

    New bulletins are matched against addresses and versions of ours. A match becomes a ticket with
    a date; it is done when the address is frozen or the version no longer runs.
    """
    del case
    facts = yield Look("What do the bulletins say about us?", threat_facts)
    acted = []
    for ticket in facts["tickets"]:
        if ticket["gone"]:
            yield Keep("ticket", entry=ticket["entry"], state="done", data={"took": ticket["took"]})
            acted.append(ticket["took"])
    late = [ticket for ticket in facts["tickets"] if ticket["late"]]
    opened = []
    for match in facts["matches"]:
        yield Work("security", settings.effort, f"examine {match['name']}")
        what = match.get("who") or match.get("component")
        choice = yield Decide(
            "security", f"Does {match['name']} concern {what}?", ("act", "ignore"), "act", match
        )
        if choice == "ignore":
            continue
        entry = yield Keep(
            "ticket", subject=f"{match['name']}: {what}", state="open",
            due=match["published"] + settings.within[match["kind"]],
            data={"about": "threat", "key": match["object"], **match},
        )  # fmt: skip
        opened.append(entry)
        yield Notify("compliance" if match["kind"] == "address" else "engineering",
                     f"{entry}: {match['name']}", f"{match['kind']} match: {what}")  # fmt: skip
    problems = {"match": len(opened), "late": len(late)}
    data = {**facts, "opened": opened, "late": len(late), "time_to_act": acted}
    if opened or late:
        return Finding("finding", f"{len(opened)} matches, {len(late)} late", data, problems)
    return Finding("done", f"{facts['read']} bulletins, none about us", data, problems)
