"""Every check there is: a new one is a file beside this one and a row here."""

from collections.abc import Callable
from dataclasses import dataclass

from checks.detectors import dilution, fall, leak, oscillation, posting, rise, surge
from checks.detectors.explain import Evidence, Explanation
from checks.detectors.findings import Day, Findings, nothing
from checks.model import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One kind of evidence about single accounts: how it is found, and what it means.

    `metric` is what its findings are about (reach is about interactions where no views are
    known). `find` judges all accounts on the days it is given, each by what came before it
    alone. `explain` says what one finding means, on its own day and for a week after it, as
    more evidence comes in.

    `sudden`: false-discovery control may hold it, and where its move really began is looked
    for. `slow`: a sum over weeks. `hidden`: a loss that the count itself does not show.
    """

    name: str
    metric: str
    find: Callable[[Day], Findings]
    explain: Callable[[Finding, Evidence], Explanation]
    sudden: bool = False
    slow: bool = False
    hidden: bool = False


CHECKS = (
    Check(name="rise", metric="followers", find=rise.find, explain=rise.explain, sudden=True),
    Check(name="fall", metric="followers", find=fall.find, explain=fall.explain, sudden=True),
    Check(
        name="hidden_loss",
        metric="followers",
        find=fall.find_hidden,
        explain=fall.explain,
        hidden=True,
    ),
    Check(name="surge", metric="followers", find=surge.find, explain=rise.explain, slow=True),
    Check(name="leak", metric="followers", find=leak.find, explain=leak.explain, slow=True),
    Check(
        name="oscillation",
        metric="following",
        find=oscillation.find,
        explain=oscillation.explain,
    ),
    Check(
        name="dilution",
        metric="interactions",
        find=dilution.find,
        explain=dilution.explain,
        slow=True,
    ),
    Check(
        name="reach",
        metric="views",
        find=dilution.find_reach,
        explain=dilution.explain_reach,
        slow=True,
    ),
    Check(
        name="fading",
        metric="interactions",
        find=dilution.find_fading,
        explain=dilution.explain,
        slow=True,
    ),
    Check(name="posting_stopped", metric="posts", find=posting.find, explain=posting.explain),
)

WAVE_MEMBER = Check(
    name="cohort", metric="followers", find=lambda day: nothing(), explain=fall.explain
)
"""An account that only a wave shows: no check finds it by itself."""

FORGOTTEN = Check(name="", metric="", find=lambda day: nothing(), explain=fall.explain)
"""What found an incident that another version has stored: it is not explained anew."""

_BY_NAME = {check.name: check for check in (*CHECKS, WAVE_MEMBER)}
_BY_NAME |= {
    # as incidents of version 0.1 remember them
    "spike": _BY_NAME["rise"],
    "churn": _BY_NAME["fall"],
    "seesaw": _BY_NAME["oscillation"],
    "reach_after_surge": _BY_NAME["reach"],
}


def check_named(name: str) -> Check:
    """The check of a finding or incident, FORGOTTEN where there is none of that name."""
    return _BY_NAME.get(name, FORGOTTEN)
