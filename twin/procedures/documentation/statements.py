"""Statements for sovereigns: exports, allocation, ledger, disputes and notices of one period."""

from __future__ import annotations

from typing import Any

from twin.desk.port import Desk, LogRecord
from twin.procedures.documentation.lineage import figure, judged

__all__ = ["MAIL", "received", "statements"]

MAIL = "sovereign:"
"""A notice to the audience `sovereign:NAME` is mail to that sovereign."""


def _of(logs: list[LogRecord], account: bytes, field: str = "sovereign") -> list[LogRecord]:
    return [log for log in logs if log.args.get(field) == account]


def _statement(
    desk: Desk, name: str, account: bytes, since: int, logs: dict[str, list[LogRecord]]
) -> dict[str, dict[str, Any]]:
    """Return the figures of one statement: each names the event, the account and since when."""
    view, now = desk.at(), desk.now
    claims, issues = _of(logs["claims"], account), _of(logs["issues"], account)
    moved = logs["moves"]
    into = [log.args["value"] for log in moved if log.args["to"] == account]
    out = [log.args["value"] for log in moved if log.args["from"] == account]
    recent = [log for log in issues if log.timestamp >= since]
    forms = [form for form in desk.services.disputes.forms(since=since)
             if name in {form.sovereign, form.by}]  # fmt: skip
    who = f"0x{account.hex()}"

    def told(value: int, unit: str, query: str, source: str = "chain") -> dict[str, Any]:
        return figure(
            value, unit, source=source, query=f"{query} of {who} since {since}", as_of=now
        )

    late = [log for log in claims if log.timestamp >= since]
    return {
        "exports_claimed": told(len(late), "exports", "AllocationBook.ExportClaimed"),
        "exports_issued": told(len(recent), "exports", "AllocationBook.EntitlementIssued"),
        "ft_issued": told(_total([log.args["amount"] for log in recent]), "FT wei",
                          "amount in AllocationBook.EntitlementIssued"),
        "ft_balance": figure(
            int(view.read("FoundationToken", "balanceOf", account)), "FT wei", source="chain",
            query=f"FoundationToken.balanceOf({who}) at {view.block}", as_of=view.timestamp),
        "ft_ledger": figure(_total(into) - _total(out), "FT wei", source="chain",
                            query=f"FoundationToken.Transfer to less from {who}", as_of=now),
        "disputes": told(len(forms), "disputes", "dispute forms", "disputes"),
        "notices": told(
            len(desk.notices.published(name, since=since))
            + len(desk.notices.published(MAIL + name, since=since)),
            "notices", "published notices", "notices"),
    }  # fmt: skip


def _total(values: list[int]) -> int:
    total = 0
    for value in values:
        total += value
    return total


def _all(desk: Desk, since: int) -> dict[str, dict[str, dict[str, Any]]]:
    view = desk.at()
    logs = {
        "claims": view.logs("AllocationBook", "ExportClaimed", since=since),
        "issues": view.logs("AllocationBook", "EntitlementIssued", since=since),
        "moves": view.logs("FoundationToken", "Transfer", since=0),
    }
    return {
        name: _statement(desk, name, account, since, logs)
        for name, account in desk.services.transfers.holders().items()
    }


def statements(desk: Desk, period: int, max_age: int) -> dict[str, Any]:
    """Return the proof of each statement, what is wrong with it, and what of its mail was lost.

    The balance must be what the token's own transfers add up to. *period* and *max_age* are
    seconds.
    """
    since = max(0, desk.now - period)
    given, found = _all(desk, since), _all(desk, since)
    rows: dict[str, Any] = {}
    for name, figures in found.items():
        proof = dict(desk.services.editors.proof(f"statement-{name}", given[name]))
        wrong = judged(proof, figures, counters={}, now=desk.now, max_age=max_age)
        if figures["ft_balance"]["value"] != figures["ft_ledger"]["value"]:
            wrong["wrong"].append(
                f"ledger: balance {figures['ft_balance']['value']}, "
                f"transfers give {figures['ft_ledger']['value']}"
            )
        audiences = {name, MAIL + name}
        lost = [
            {"subject": item.subject, "sent": item.sent}
            for item in desk.services.deliveries.log(since=since)
            if item.audience in audiences and item.delivered is None and desk.now - item.sent > 3600
        ]
        rows[name] = {"proof": proof, "wrong": wrong, "lost": lost}
    return {"since": since, "until": desk.now, "rows": rows}


def received(desk: Desk, since: int) -> dict[str, int | None]:
    """Return when the newest mail to each sovereign since then arrived, None where it has not."""
    found: dict[str, int | None] = {}
    for item in desk.services.deliveries.log(since=since):
        if item.audience.startswith(MAIL):
            found[item.audience.removeprefix(MAIL)] = item.delivered
    return found
