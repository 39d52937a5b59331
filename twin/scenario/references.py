"""Names in a scenario that stand for something else: everything named is there.

A table says where names stand and where the things are. It is checked on the file's tree, so that
an unknown name is found although another section has a mistake of its own. In the parameters of
agents and faults and in the settings of procedures a field called `source`, `sources`,
`commodity`, `venue`, `node`, `authority` or `person` (or its plural) names one of those.
"""

from __future__ import annotations

from collections.abc import Collection

from pydantic import BaseModel

from twin.scenario.expressions import check_expression
from twin.scenario.messages import said
from twin.scenario.names import event_fields, names_of, texts
from twin.scenario.parsing import seconds
from twin.scenario.positions import Node, Step, find, reach
from twin.scenario.problems import Place, Report, hint
from twin.scenario.shown import show_input, show_seconds
from twin.scenario.vocabulary import Vocabulary

__all__ = ["References"]

_REFERENCES = (
    ("market.sources.*.commodity", "commodity"),
    ("market.custodians.*.bank", "bank"),
    ("market.custodians.*.holdings.*.commodity", "commodity"),
    ("protocol.reserve.cash.*", "bank account"),
    ("services.makers.*.venue", "venue"),
    ("team.authorities.*.signers.*", "person"),
    ("invariants.*", "invariant"),
    ("loss.measure", "measure of loss"),
    ("monitoring.silence.*", "rule"),
    ("monitoring.rules.*", "rule"),
    ("agents.*.family", "family of agents"),
    ("only.*", "procedure"),
)
"""Where names stand, and the kind of thing each names."""

_SCOPES = ("", "controls.*")
"""The sections with faults, expectations and thresholds of their own."""

_DISTINCT = (
    ("agents.*.name", "agent"),
    ("team.people.*.name", "person"),
    ("team.authorities.*.signers.*", "signer"),
    ("sealed.faults.*.name", "fault"),
    ("controls.*.name", "control"),
    ("controls.*.faults.*.name", "fault"),
    ("thresholds.*.name", "threshold"),
    ("controls.*.thresholds.*.name", "threshold"),
    ("invariants.*", "invariant"),
    ("seeds.*", "seed"),
    ("suite.tags.*", "tag"),
    ("only.*", "procedure"),
)
"""Names that may occur once among their neighbours."""

_FIELDS = {
    "bank": "bank", "custodian": "custodian", "export_feed": "export feed",
    "commodity": "commodity", "commodities": "commodity", "source": "source", "sources": "source",
    "venue": "venue", "venues": "venue", "node": "agent", "nodes": "agent",
    "authority": "authority", "authorities": "authority", "person": "person", "people": "person",
}  # fmt: skip
"""Fields of parameters that name something, and the kind of thing."""

_START = "start"


class References:
    """Checks the names of one file, whose tree is *root*, against what there is."""

    def __init__(self, root: Node, vocabulary: Vocabulary, report: Report) -> None:
        """Collect the valid names."""
        self._root, self._vocabulary, self._report = root, vocabulary, report
        self._names = names_of(root, vocabulary)

    def check(self) -> None:
        """Report every name that nothing answers to, and names given twice."""
        for pattern, kind in _REFERENCES:
            for path, node in find(self._root, pattern):
                self._name(path, node, kind)
        self._keyed("protocol.feeds", "commodity")
        self._keyed("procedures", "procedure")
        self._keyed("services.exchanges", "venue")
        for pattern, kind in _DISTINCT:
            self._distinct(pattern, kind)
        for path, item in find(self._root, "suite.slices.*"):
            for field in ("since", "until"):
                self._inside((*path, field), reach(item, (field,)))
        for pattern in _SCOPES:
            for path, scope in find(self._root, pattern) if pattern else [((), self._root)]:
                self._scope(path, scope)

    def check_parameters(
        self, model: type[BaseModel], path: tuple[Step, ...], *, defaults: bool
    ) -> None:
        """Report the names in the parameters at *path*, of *model*, that nothing answers to.

        With *defaults* a field that is left out counts with its default, at the place of the
        section: a default that is not there is a mistake of the scenario too.
        """
        for name, info in model.model_fields.items():
            kind, field = _FIELDS.get(name), (*path, name)
            node = reach(self._root, field)
            if kind is None:
                continue
            if node is not None:
                self._name(field, node, kind)
                for index, item in enumerate(node.items or ()):
                    self._name((*field, index), item, kind)
            elif defaults and not info.default_factory_takes_validated_data:
                self._default(field, info.get_default(call_default_factory=True), kind)

    def _default(self, field: tuple[Step, ...], default: object, kind: str) -> None:
        """Check the *default* of a *field* that the file leaves out."""
        section = reach(self._root, field[:-1]) or reach(self._root, field[:-2])
        for value in default if isinstance(default, tuple) else (default,):
            if isinstance(value, str) and section is not None and not section.broken:
                self._known(section.anchor, field, value, kind)

    def _known(self, place: Place, path: tuple[Step, ...], value: str, kind: str) -> None:
        """Report *value* unless a thing of *kind* is called so."""
        valid = self._names[kind]
        if value not in valid:
            self._report.add(
                place, f"{said(path)}: there is no {kind} {show_input(value)}", hint(value, valid)
            )

    def _name(self, path: tuple[Step, ...], node: Node | None, kind: str) -> None:
        """Report the text of *node*, if it holds text, unless a thing of *kind* is called so."""
        if node is not None and isinstance(node.scalar, str) and not node.broken:
            self._known(node.place, path, node.scalar, kind)

    def _keyed(self, pattern: str, kind: str) -> None:
        """Report the keys of a mapping that are no names of *kind*."""
        for path, node in find(self._root, pattern):
            for key, child in (node.fields or {}).items():
                if key not in self._names[kind]:
                    message = f"{said(path)}: there is no {kind} {key!r}"
                    self._report.add(child.anchor, message, hint(key, self._names[kind]))

    def _distinct(self, pattern: str, kind: str) -> None:
        seen: dict[tuple[tuple[Step, ...], object], Place] = {}
        for path, node in find(self._root, pattern):
            if node.broken or not isinstance(node.scalar, (str, int)):
                continue
            inner = 1 if isinstance(path[-1], int) else 2
            key = (path[:-inner], node.scalar)
            if key in seen:
                where = f"first in line {seen[key].line}"
                message = (
                    f"{said(path)}: the {kind} {show_input(node.scalar)} is here twice, {where}"
                )
                self._report.add(node.place, message)
            seen.setdefault(key, node.place)

    def _scope(self, path: tuple[Step, ...], scope: Node) -> None:
        """Check the faults, expectations and thresholds of the scenario or of a control."""
        faults = "faults.*" if path else "sealed.faults.*"
        began = {_START}
        for inner, fault in find(scope, faults):
            began.update(texts(fault, "name"))
            self._fault((*path, *inner), fault)
        for inner, node in find(scope, "expect.*"):
            self._expectation((*path, *inner), node, began)
        for inner, node in find(scope, "thresholds.*"):
            self._inside((*path, *inner, "since"), reach(node, ("since",)))
            expr = reach(node, ("expr",))
            if expr is not None and isinstance(expr.scalar, str) and not expr.broken:
                check_expression(
                    expr.scalar, expr.place, what=said((*path, *inner, "expr")),
                    metrics=self._vocabulary.metrics, report=self._report,
                )  # fmt: skip

    def _fault(self, path: tuple[Step, ...], node: Node) -> None:
        self._name((*path, "kind"), reach(node, ("kind",)), "kind of fault")
        name = reach(node, ("name",))
        if name is not None and name.scalar == _START:
            message = f"{said((*path, 'name'))}: 'start' is the beginning of the run: rename it"
            self._report.add(name.place, message)
        for field in ("at", "until"):
            self._inside((*path, field), reach(node, (field,)))

    def _inside(self, path: tuple[Step, ...], node: Node | None) -> None:
        """Report a moment that lies after the end of the run."""
        whole = reach(self._root, ("duration",))
        if node is None or whole is None or node.broken or node.scalar is None:
            return
        try:
            moment, duration = seconds(node.scalar), seconds(whole.scalar)
        except ValueError:
            return  # the field itself says so
        if moment > duration:
            shown = show_input(node.scalar)
            message = f"{said(path)}: {shown} is after the end of the run, {show_seconds(duration)}"
            self._report.add(node.place, message)

    def _expectation(self, path: tuple[Step, ...], node: Node, began: Collection[str]) -> None:
        self._name((*path, "procedure"), reach(node, ("procedure",)), "procedure")
        for field in ("alert", "no_alert"):
            self._runs((*path, field), reach(node, (field,)))
        after = reach(node, ("after",))
        if after is not None and isinstance(after.scalar, str) and after.scalar not in began:
            message = f"{said((*path, 'after'))}: there is no fault {show_input(after.scalar)}"
            self._report.add(after.place, message, hint(after.scalar, began))
        if reach(node, ("loss_at_most",)) and not reach(self._root, ("loss",)):
            message = f"{said(path)} limits a loss, but the scenario declares none"
            self._report.add(node.anchor, message, "add 'loss'")
        self._event(path, node)

    def _runs(self, path: tuple[Step, ...], node: Node | None) -> None:
        """Report a rule that is not known, or that this scenario does not run."""
        self._name(path, node, "rule")
        chosen = reach(self._root, ("monitoring", "rules"))
        if node is None or chosen is None or chosen.items is None:
            return
        running = [item.scalar for item in chosen.items]
        known = isinstance(node.scalar, str) and node.scalar in self._vocabulary.rules
        if known and node.scalar not in running:
            message = f"{said(path)}: the rule {node.scalar!r} does not run in this scenario"
            self._report.add(node.place, message, "add it to monitoring.rules")

    def _event(self, path: tuple[Step, ...], node: Node) -> None:
        event, where = reach(node, ("event",)), reach(node, ("where",))
        self._name((*path, "event"), event, "event")
        if event is None or where is None or not isinstance(event.scalar, str):
            return
        fields = event_fields().get(event.scalar)
        for key, child in (where.fields or {}).items():
            if fields is not None and key not in fields:
                message = f"{said((*path, 'where'))}: the event {event.scalar!r} has no {key!r}"
                self._report.add(child.anchor, message, hint(key, fields))
