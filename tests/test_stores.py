"""The team's stores: entries are opened, changed and ended, and never lost."""

from __future__ import annotations

import pytest
from paper_desk import NOW

from twin.desk.stores import Stores
from twin.errors import CrashError, UnknownName


def test_an_entry_is_opened_changed_and_ended() -> None:
    stores = Stores()
    made = stores.create("risk", NOW, subject="one custodian", owner="amara", data={"score": 4})
    assert (made.id, made.state, made.ended) == ("RSK-001", "open", False)
    stores.change("RSK-001", NOW + 5, state="accepted", data={"by": "board"})
    item = stores.get("RSK-001")
    assert (item.state, item.changed, dict(item.data)) == ("accepted", NOW + 5, {"score": 4, "by": "board"})  # fmt: skip
    stores.change("RSK-001", NOW + 9, state="closed")
    assert stores.entries("risk", unended=True) == []
    assert [item.id for item in stores.entries("risk")] == ["RSK-001"]
    with pytest.raises(CrashError, match="an ended entry"):
        stores.change("RSK-001", NOW + 10, state="open")


def test_ids_count_by_kind_and_unknown_names_are_named() -> None:
    stores = Stores()
    ids = [stores.create(kind, NOW, subject="").id for kind in ("risk", "ticket", "risk")]
    assert ids == ["RSK-001", "TKT-001", "RSK-002"]
    for wrong in (lambda: stores.entries("wish"), lambda: stores.get("RSK-009"),
                  lambda: stores.create("wish", NOW, subject="")):  # fmt: skip
        with pytest.raises(UnknownName):
            wrong()
