"""Judging in parts: however a panel is cut, the parts say what the whole says."""

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.context import combine, merge, small_groups, summarise
from checks.evidence.cohort import MEMBERS
from checks.faults.notices import told_once
from checks.judge import Shortlist, judge_shortlist, judgements, shortlist
from checks.model import Notice
from checks.panel.build import Readings, build_panel
from checks.panel.panel import Panel
from checks.rules import rules_for
from tests.bench.world import DAY, NEWEST, WIDE, make

RULES = rules_for("balanced")
Said = dict[int, tuple[list[str], list[Notice], dict[str, int]]]


def world(seed: int, accounts: int = 70, days: int = 140) -> Panel:
    """Two platforms, tags across them, a fall of many, copied values and lasting zeros."""
    made = make(accounts, seed, days=days, ranges=WIDE)
    rng = np.random.default_rng(seed)
    counts = {name: grid.copy() for name, grid in made.counts.items()}
    followers, day = counts["followers"], int(rng.integers(100, days - 2))
    followers[rng.random(accounts) < 0.3, day:] *= 0.96
    followers[rng.random(accounts) < 0.2, day - 10 :] *= 1.07
    followers[rng.choice(accounts, 6, replace=False), day + 1] = 4711
    followers[rng.choice(accounts, 3, replace=False), -4:] = 0
    counts["followers"] = np.round(followers)
    counts["posts"] = np.cumsum(rng.poisson(1.5, followers.shape), axis=1).astype(float)
    flat: dict[str, Any] = {name: grid.ravel() for name, grid in counts.items()}
    lost = rng.poisson(20, followers.shape) + np.where(
        rng.random(followers.shape) < 1e-3, 900, 0
    )
    flat |= {"lost": lost.ravel().astype(float)}
    names = [f"{('x', 'y')[n % 3 == 0]}/a{n}" for n in range(accounts)]
    tags = {name: (("even", "odd")[n % 2], f"team{n % 5}") for n, name in enumerate(names)}
    return build_panel(
        Readings(
            names,
            np.repeat(np.arange(accounts), days),
            np.tile(NEWEST - DAY * np.arange(days)[::-1], accounts),
            flat,
        ),
        now=NEWEST,
        timezone="UTC",
        days=days,
        tags=tags,
    )


def said(days: Any) -> Said:
    """Everything judged times say, in an order of its own."""
    return {
        at: (
            sorted(map(repr, each.verdicts)),
            sorted(each.notices, key=repr),
            dict(each.early),
        )
        for at, each in days
    }


def cut(panel: Panel, labels: Any) -> list[Panel]:
    """One part for each label; a part may hold a single account."""
    return [panel.take(np.flatnonzero(labels == label)) for label in np.unique(labels)]


def added(parts: list[Said]) -> Said:
    whole: dict[int, list[Any]] = {}
    for part in parts:
        for at, (verdicts, notices, early) in part.items():
            known = whole.setdefault(at, [[], [], {}])
            known[0] += verdicts
            known[1] += notices
            known[2] |= early
    return {
        at: (sorted(v), sorted(told_once(n), key=repr), e) for at, (v, n, e) in whole.items()
    }


@settings(max_examples=4)
@given(seed=st.integers(1, 10_000), parts=st.integers(1, 9), days=st.sampled_from([1, 3, 30]))
def test_parts_say_together_what_the_whole_says(seed: int, parts: int, days: int) -> None:
    panel = world(seed)
    rng = np.random.default_rng(seed)
    columns = np.arange(panel.days - days, panel.days)
    floors = {panel.accounts[1]: 0.5, panel.accounts[2]: 2.0}
    whole = said(judgements(panel, RULES, columns=columns, floors=floors))
    pieces = cut(panel, rng.integers(0, parts, len(panel.accounts)))
    pieces = [piece.take(rng.permutation(len(piece.accounts))) for piece in pieces]
    summaries = [pickle.loads(pickle.dumps(summarise(piece, columns))) for piece in pieces]
    context = pickle.loads(pickle.dumps(merge(summaries, RULES, floors=floors)))
    spoken = [said(judgements(piece, RULES, context=context)) for piece in pieces]
    assert added(spoken) == whole


def test_a_shortlist_says_what_the_whole_says_of_those_it_names() -> None:
    panel = world(5)
    columns = np.arange(panel.days - 25, panel.days)
    pieces = cut(panel, np.arange(len(panel.accounts)) % 4)
    context = merge((summarise(piece, columns) for piece in pieces), RULES)
    kept = panel.accounts[3]
    short = Shortlist.joined([shortlist(each, RULES, context, keep=[kept]) for each in pieces])
    whole = said(judgements(panel, RULES, columns=columns))
    told = said(judge_shortlist(short, RULES, context))
    assert kept in short.panel.accounts
    assert len(short.panel.accounts) < len(panel.accounts)
    assert {at: each[:2] for at, each in told.items()} == {
        at: each[:2] for at, each in whole.items()
    }


def test_summaries_are_small_and_add_up_in_any_order() -> None:
    many = 3 * MEMBERS
    grid = np.tile(np.arange(30.0) + 5_000, (many, 1))
    whole = build_panel(
        Readings(
            [f"x/{n}" for n in range(many)],
            np.repeat(np.arange(many), 30),
            np.tile(NEWEST - DAY * np.arange(30)[::-1], many),
            {"followers": grid.ravel()},
        ),
        now=NEWEST,
        timezone="UTC",
        days=30,
    )
    parts = [summarise(part) for part in cut(whole, np.arange(many) % 3)]
    once, again = combine(parts), combine([parts[2], combine(parts[:2])])
    assert once.sample.accounts == again.sample.accounts
    assert len(once.sample.accounts) == MEMBERS
    assert set(once.sample.accounts) == set(summarise(whole).sample.accounts)
    assert once.sizes == again.sizes
    assert once.sizes["platform:x"] == many


def test_many_small_tags_keep_nobody_in_the_summaries_and_change_nothing() -> None:
    panel = world(7)
    persons = {f"#person:{n}": np.array([n, n + 1]) for n in range(0, 20, 2)}
    panel = replace(panel, groups={**panel.groups, **persons})
    small = small_groups(panel.groups)
    assert small >= persons.keys()
    columns = np.arange(panel.days - 3, panel.days)
    pieces = cut(panel, np.arange(len(panel.accounts)) % 3)
    summaries = [summarise(piece, columns, small=small) for piece in pieces]
    assert not any(small & each.sample.groups.keys() for each in summaries)
    context = merge(summaries, RULES)
    spoken = [said(judgements(piece, RULES, context=context)) for piece in pieces]
    whole = merge([summarise(piece, columns) for piece in pieces], RULES)
    assert spoken == [said(judgements(piece, RULES, context=whole)) for piece in pieces]


def test_parts_of_different_days_are_refused() -> None:
    panel = world(1)
    parts = cut(panel, np.arange(len(panel.accounts)) % 2)
    late = replace(parts[1], ends=parts[1].ends + 60)
    with pytest.raises(ValueError, match="different days"):
        merge([summarise(parts[0]), summarise(late)], RULES)
    with pytest.raises(ValueError, match="no summary"):
        merge([], RULES)
