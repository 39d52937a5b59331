"""The judge of routing: Alertmanager's own `amtool` must name the same receivers for every rule.

It comes with Alertmanager (Debian package `prometheus-alertmanager`).
"""

from __future__ import annotations

import shutil
import subprocess

from twin.errors import JudgesDisagree, UsageError
from twin.monitoring.routing import Routing
from twin.monitoring.rules import RuleSet

__all__ = ["find_amtool", "judge_routing"]


def find_amtool() -> str:
    """Return the path of amtool; raises UsageError saying where it comes from."""
    found = shutil.which("amtool")
    if found is None:
        raise UsageError(
            "amtool is not on this machine: install Alertmanager (Debian: apt install "
            "prometheus-alertmanager), or leave out --judge"
        )
    return found


def _ask(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own file and labels
        [tool, *arguments], capture_output=True, text=True, check=False
    )


def judge_routing(routing: Routing, rules: RuleSet) -> int:
    """Let amtool route the labels of every alert rule by the file of *routing*; return how many.

    Raises JudgesDisagree where it refuses the file or names other receivers.
    """
    tool, file = find_amtool(), str(routing.path)
    checked = _ask(tool, "check-config", file)
    if checked.returncode:
        raise JudgesDisagree(f"amtool refuses {file}:\n{(checked.stdout + checked.stderr).strip()}")
    wrong = []
    alerts = [rule for rule in rules.rules if rule.kind == "alert"]
    for rule in alerts:
        labels = {**rule.labels, "alertname": rule.name}
        pairs = [f"{name}={value}" for name, value in sorted(labels.items())]
        done = _ask(tool, "config", "routes", "test", f"--config.file={file}", *pairs)
        theirs, ours = done.stdout.strip().split(","), routing.receivers_of(labels)
        if theirs != ours:
            wrong.append(f"  {rule.name}: ours {ours}, amtool {theirs} {done.stderr.strip()}")
    if wrong:
        shown = "\n".join(wrong[:5])
        raise JudgesDisagree(f"routing and amtool differ for {len(wrong)} rules:\n{shown}")
    return len(alerts)
