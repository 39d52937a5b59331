"""The catalogue against the seed document: every bullet is a procedure, under its id.

The document stands beside the checkout; where it is not, what is held is that the ids of the
catalogue are those that seven areas of three groups of five bullets give.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from twin import procedures
from twin.catalog import Catalog

SEED = Path(__file__).resolve().parents[2] / "shared" / "seed-operational-procedures.md"
GROUPS = ("MP", "MS", "ME", "RD", "RW", "RM", "TF", "TP", "TR", "IE", "IO", "IX",
          "DO", "DC", "DS", "ND", "NR", "NP", "CR", "CI", "CV")  # fmt: skip
"""The groups in the document's order; the five bullets of each are numbered."""

PENDING = (
    *(f"DC{number}" for number in range(1, 6)),
)  # fmt: skip
"""Bullets that no procedure stands for yet."""


def bullets(text: str) -> dict[str, str]:
    """Return the path of every bullet of the document by its id."""
    found: dict[str, str] = {}
    area, group, groups = "", "", iter(GROUPS)
    letters, number = "", 0
    for line in text.splitlines():
        if heading := re.fullmatch(r"## (.+)", line):
            area = heading[1].strip()
        elif heading := re.fullmatch(r"### (.+)", line):
            group, letters, number = heading[1].strip(), next(groups), 0
        elif item := re.fullmatch(r"- (.+)", line):
            number += 1
            found[f"{letters}{number}"] = f"{area} / {group} / {item[1].strip()}"
    return found


def test_a_document_is_read_in_its_order() -> None:
    text = "# T\n## A\n### One\n- x\n- y\n### Two\n- z\n"
    assert bullets(text) == {"MP1": "A / One / x", "MP2": "A / One / y", "MS1": "A / Two / z"}


def test_every_bullet_has_its_procedure() -> None:
    if not SEED.is_file():
        pytest.skip("the seed document is not beside this checkout")
    found = bullets(SEED.read_text("utf-8"))
    assert len(found) == 105
    catalog = Catalog.below(procedures)
    assert {name: item.seed for name, item in catalog.items()} == {
        name: path for name, path in found.items() if name not in PENDING
    }


def test_the_ids_are_those_of_the_groups() -> None:
    ids = {f"{group}{number}" for group in GROUPS for number in range(1, 6)}
    assert set(Catalog.below(procedures)) <= ids
    assert set(Catalog.below(procedures)) & set(PENDING) == set()
