"""Services around the oracle network and the backups: operators, candidates, vendors, files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from twin.scenario.spec import Spec, disagree
from twin.scenario.values import Label, Pips, Seconds

__all__ = ["BackupsSpec", "CandidateSpec", "OperatorsSpec", "VendorsSpec"]


class BackupsSpec(Spec):
    """A backup of each kind *first* seconds after the start and then *every* so many, *keep* kept.

    A restore waits *provision* seconds for a machine and fetches *read_rate* bytes a second.
    *quorum* of the escrow's *holders* restore a key.
    """

    first: Seconds = Field(default=7_200, ge=1)
    every: Seconds = Field(default=86_400, ge=600)
    keep: int = Field(default=7, ge=1, le=400, strict=True)
    provision: Seconds = 900
    read_rate: int = Field(default=2_000_000, ge=1, strict=True)
    holders: tuple[Label, ...] = Field(
        default=("vault-a", "vault-b", "notary", "auditor", "custodian"), min_length=1
    )
    quorum: int = Field(default=3, ge=1, strict=True)

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if self.quorum > len(self.holders):
            raise disagree("quorum", "is more than there are holders: no key could be restored")
        return self


class CandidateSpec(Spec):
    """Somebody who wants to run an oracle node; *noise* is the s.d. of its own reading error."""

    name: Label
    source: Label
    operator: str = Field(min_length=1, max_length=80)
    owner: str = Field(min_length=1, max_length=80)
    kyc: Literal["passed", "pending", "refused"] = "passed"
    network: str = Field(default="AS64496", min_length=1, max_length=40)
    funded_by: Label
    noise: Pips = 200


class OperatorsSpec(Spec):
    """The *release* that nodes are asked to run, *versions* that differ, and who applies."""

    release: str = Field(default="2.4.1", min_length=1, max_length=20)
    versions: Mapping[Label, str] = Field(default_factory=dict)
    candidates: tuple[CandidateSpec, ...] = ()


class VendorsSpec(Spec):
    """The register of sources: *licences* in seconds after the start, *upstream* by vendor.

    A vendor that is not named has a licence for a year and prices of its own. Quotes are sampled
    *every* so many seconds, and *kept* of them.
    """

    licences: Mapping[Label, Seconds] = Field(default_factory=dict)
    upstream: Mapping[Label, Label] = Field(default_factory=dict)
    every: Seconds = Field(default=900, ge=60)
    kept: int = Field(default=4_320, ge=100, strict=True)
