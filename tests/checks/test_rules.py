"""What the sensitivities mean."""

from checks.rules import rules_for


def test_strict_asks_for_more_than_sensitive() -> None:
    strict, balanced, sensitive = map(rules_for, ("strict", "balanced", "sensitive"))
    for name in ("min_percent", "min_count", "critical_percent"):
        values = [getattr(rules, name) for rules in (strict, balanced, sensitive)]
        assert values == sorted(values, reverse=True)
    assert strict.alpha < balanced.alpha < sensitive.alpha
    assert strict.q < balanced.q < sensitive.q


def test_given_floors_replace_and_looks_share_the_budget() -> None:
    rules = rules_for("balanced", min_percent=4, looks=24)
    assert (rules.min_percent, rules.min_count) == (4, 50)
    assert rules.own_floors
    assert rules.looks == 24
    assert rules.alpha * 24 == rules_for("balanced").alpha
    assert not rules_for("balanced").own_floors
