"""A finding: what does not fit, where, and which public definition says so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, order=True, slots=True)
class Finding:
    """One thing that AWS would refuse, ignore, or take otherwise than it is meant.

    Attributes:
        place: Where: a configuration and an address in its plan, a file and a line, a member of a document.
        text: What is wrong.
        kind: The definition it was held against: ``api``, ``iam``, ``cloudformation``, ``states-language``, ...
    """

    place: str
    text: str
    kind: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text} [{self.kind}]"


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings in order, those once that several configurations share."""
    places: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        # A configuration's name stands before the first colon.
        where = re.sub(r"^\w+: ", "", finding.place)
        places.setdefault((where, finding.text, finding.kind), []).append(finding)
    return sorted(
        replace(same[0], text=same[0].text + (f" (and {len(same) - 1} more)" if len(same) > 1 else ""))
        for same in places.values()
    )
