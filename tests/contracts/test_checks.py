"""Every check keeps the promises of `checks.detectors.table.Check`."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from bot.message.alert import MEANINGS
from bot.message.kinds import KINDS
from bot.message.reasons import ADVICE, SENTENCES
from checks.context import merge, summarise
from checks.detectors.table import CHECKS, Check
from checks.judge import detect, judge, judgements
from checks.model import Incident, Kind
from checks.panel.panel import Panel
from checks.reasons import REASONS
from checks.replay import incidents_of, replay
from checks.rules import rules_for
from tests.contracts.checks import CASES, DAYS, Case, panel_of

RULES = rules_for("balanced")
BY_NAME = {check.name: check for check in CHECKS}

every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.check)


def found(panel: Panel, case: Case, columns: slice | int) -> list[tuple[object, ...]]:
    """The check's findings: who, from when to when, and every number."""
    hits = detect(panel, RULES, columns=columns).hits
    hits = hits.take((hits.check == case.check) & hits.alarm)
    return sorted(
        (each.account, each.metric, each.start, each.at, each.change, each.expected, each.score)
        for each in hits.objects(panel)
    )


def incidents(case: Case) -> list[Incident]:
    """Those of the first account that this check opened."""
    days = replay(panel_of(case), RULES, columns=np.arange(case.first - 5, DAYS))
    return [
        each
        for each in incidents_of(days)
        if each.memory["check"] == case.check and each.account == "x/a0"
    ]


def test_every_check_has_a_case() -> None:
    assert {case.check for case in CASES} == {check.name for check in CHECKS}, (
        "a check needs lives in which it finds something: tests/contracts/checks.py"
    )


@every
def test_it_finds_what_it_is_for_and_nothing_in_calm_lives(case: Case) -> None:
    hits = found(panel_of(case), case, slice(case.first - 5, case.last + 1))
    assert {account for account, *_ in hits} == {"x/a0"}
    assert {metric for _, metric, *_ in hits} == {BY_NAME[case.check].metric}


@every
def test_one_day_alone_says_what_a_replay_says(case: Case) -> None:
    panel = panel_of(case)
    days = range(case.first, case.last + 1, 3)
    whole = found(panel, case, slice(case.first, case.last + 1))
    for column in days:
        then = [each for each in whole if each[3] == panel.ends[column]]
        assert found(panel.until(column), case, -1) == then


@every
def test_later_readings_change_nothing(case: Case) -> None:
    panel, stop = panel_of(case), case.last - 2
    later = {name: grid.copy() for name, grid in panel.metrics.items()}
    for grid in later.values():
        grid[:, stop + 1 :] = grid[:, stop : stop + 1] * 3
    changed = replace(panel, metrics=later)
    span = slice(case.first, stop + 1)
    assert found(panel, case, span) == found(changed, case, span)


@every
def test_the_order_of_accounts_does_not_matter(case: Case) -> None:
    panel = panel_of(case)
    order = np.random.default_rng(0).permutation(len(panel.accounts))
    span = slice(case.first, case.last + 1)
    assert found(panel, case, span) == found(panel.take(order), case, span)


@every
def test_parts_say_what_the_whole_says(case: Case) -> None:
    panel, columns = panel_of(case), np.arange(case.last - 12, case.last + 1)
    parts = [panel.take(np.array(rows)) for rows in ([1, 4], [0, 2], [3, 5])]
    context = merge((summarise(part, columns) for part in parts), RULES)
    whole = judgements(panel, RULES, columns=columns)
    said = [judgements(part, RULES, context=context) for part in parts]
    told = [each for part in said for _, day in part for each in day.verdicts]
    want = [each for _, day in whole for each in day.verdicts]
    assert sorted(map(repr, told)) == sorted(map(repr, want))


@every
def test_its_incidents_have_a_standing_and_close_as_calm(case: Case) -> None:
    opened = incidents(case)
    assert opened
    assert {each.closed_as for each in opened} <= {"calm", "overtaken"}
    assert opened[-1].closed_as == "calm"
    panel = panel_of(case)
    standing = judge(panel, RULES).view.standing("x/a0", BY_NAME[case.check].metric)
    assert standing is not None
    assert standing.judged


@every
def test_everything_it_says_has_a_sentence(case: Case) -> None:
    for each in incidents(case):
        assert each.kind in get_args(Kind)
        assert each.kind in KINDS, "its name: bot/message/kinds.py"
        assert each.kind in MEANINGS, "what it means: bot/message/alert.py"
        assert each.advice
        assert set(each.advice) <= ADVICE.keys(), "its advice: bot/message/reasons.py"
        for said in each.reasons:
            assert tuple(said.values) == REASONS[said.code].values
            assert said.code in SENTENCES, "its sentence: bot/message/reasons.py"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_it_finds_nothing_where_there_is_nothing(check: Check) -> None:
    panel = panel_of(CASES[0])
    empty = replace(
        panel,
        metrics={name: np.full_like(grid, np.nan) for name, grid in panel.metrics.items()},
    )
    for each in (empty, panel.take(np.zeros(0, np.int64))):
        assert len(detect(each, RULES, columns=slice(150, None)).hits) == 0
