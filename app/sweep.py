"""The settings at which each rule of committing is measured: one alone, or several along a curve."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from s2t_core.streaming.policy import POLICIES, CommitPolicy

# Of each rule the setting that trades delay for certainty, from hasty to patient; the rest stays as it is.
CURVES: dict[str, tuple[str, tuple[Any, ...]]] = {
    "agree-and-hold": ("steps", (
        ((280, 0.0),), ((560, 0.0),), ((560, 0.8), (1600, 0.0)), ((560, 0.8), (1600, 0.5)), ((560, 0.9),),
    )),
    "local-agreement-2": ("passes", (1, 2, 3, 4, 6)),
    "align-att": ("hold_ms", (160, 320, 640, 960, 1280)),
    "hold-5": ("tokens", (1, 3, 5, 7, 10)),
    "wait-k": ("wait_ms", (1000, 2000, 3000, 4000, 6000)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Point:
    """A rule at one value of a setting; both are empty where the rule is as it is."""

    policy: str
    setting: str
    value: str
    rule: CommitPolicy

    @property
    def name(self) -> str:
        """For tables."""
        return f"{self.curve} {self.value}" if self.setting else self.policy

    @property
    def curve(self) -> str:
        """The points with the same one belong together."""
        return f"{self.policy}, {self.setting}" if self.setting else self.policy


def _label(value: Any) -> str:
    """A number as it is, steps as "ms/certainty" one after the other."""
    return " ".join(f"{ms}/{least:g}" for ms, least in value) if isinstance(value, tuple) else str(value)


def points(policies: Iterable[str], *, sweep: bool) -> list[Point]:
    """Each of the policies as it is, or with `sweep` at all settings of its curve."""
    found: list[Point] = []
    for policy in policies:
        rule: Any = POLICIES[policy]  # a frozen dataclass with the setting that CURVES names
        if sweep and policy in CURVES:
            setting, values = CURVES[policy]
            found += [Point(policy, setting, _label(value), replace(rule, **{setting: value})) for value in values]
        else:
            found.append(Point(policy, "", "", rule))
    return found
