"""How many draws of the real incidents get the right kind."""

from tests.bench.bars import Bars
from tests.checks.test_incidents_csv import CASES, Case, incidents, world

DRAWS = 6
KINDS = {
    "purge": "purge",
    "purge masked by growth": "purge",
    "glitch later restored": "glitch",
    "single-account churn": "unfollow_wave",
    "surge with a cause": "viral",
}


def incident_cases(bars: Bars, first: int) -> None:
    """Every case of incidents.csv, the surge with its views too; draws from `first` on."""
    held = drawn = 0
    for name, case in CASES.items():
        for draw in range(first, first + DRAWS):
            drawn += 1
            held += _is(name, case, draw)
            if case.label.startswith("surge"):
                drawn += 1
                held += _is(name, case, draw, views=True)
    print(f"{held} of {drawn} draws of {len(CASES)} cases held")
    bars.at_least("incidents.csv, share of draws held", 1, held / drawn)


def _is(name: str, case: Case, draw: int, *, views: bool = False) -> bool:
    kind = KINDS[case.label]
    found = [each.kind for each in incidents(world(case, draw, views=views))]
    if found != [kind]:
        print(f"{name}, draw {draw}{', views' if views else ''}: wanted {kind}, got {found}")
    return found == [kind]
