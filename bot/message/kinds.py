"""The names of kinds, states, severities and metrics, as people read them."""

from bot.message.voice import Voice, mark, marks, one_line
from bot.model.reading import DAY
from checks import platforms
from checks.model import Direction, Incident

KINDS = {
    "purge": mark("Purge"),
    "unfollow_wave": mark("Unfollow wave"),
    "leak": mark("Slow leak"),
    "mass_follow": mark("Mass follow"),
    "viral": mark("Viral rise"),
    "follow_unfollow": mark("Follow/unfollow pattern"),
    "dilution": mark("Thinning engagement"),
    "posting_stopped": mark("Posting stopped"),
    "glitch": mark("Counter glitch"),
    "unexplained_drop": mark("Unexplained drop"),
    "unexplained_spike": mark("Unexplained rise"),
    "identity_change": mark("Another account"),
}
STATES = {
    "suspected": mark("suspected"),
    "confirmed": mark("confirmed"),
    "resolved": mark("over"),
}
SEVERITIES = {
    "info": mark("info"),
    "warning": mark("warning"),
    "critical": mark("critical"),
}
METRICS = {
    "followers": mark("followers"),
    "following": mark("accounts followed"),
    "interactions": mark("interactions"),
    "views": mark("views"),
    "posts": mark("posts"),
}
NOTICES = {
    "milestone": mark("Milestone"),
    "source_fault": mark("Source trouble"),
    "stale": mark("No news"),
    "account_gone": mark("Account gone"),
    "identity_change": mark("Another account behind this handle?"),
}
STATUSES = {
    "active": mark("active"),
    "gone": mark("gone"),
    "suspended": mark("suspended"),
    "deactivated": mark("deactivated"),
    "private": mark("private"),
    "renamed": mark("renamed"),
}
EVENTS = {
    "campaign": mark("campaign"),
    "deadline": mark("deadline"),
    "platform_notice": mark("platform notice"),
    "outage": mark("outage"),
}

FLOWING = frozenset({"interactions", "views", "posts"})
"""Metrics whose incidents speak of what came in over a week, not of a count that stands."""

_CHANGES = {
    ("followers", "down"): marks("lost {n} follower", "lost {n} followers"),
    ("followers", "up"): marks("gained {n} follower", "gained {n} followers"),
    ("following", "down"): marks("unfollowed {n} account", "unfollowed {n} accounts"),
    ("following", "up"): marks("followed {n} account", "followed {n} accounts"),
    ("interactions", "down"): marks("lost {n} interaction", "lost {n} interactions"),
    ("interactions", "up"): marks("got {n} interaction", "got {n} interactions"),
    ("views", "down"): marks("lost {n} view", "lost {n} views"),
    ("views", "up"): marks("got {n} view", "got {n} views"),
}


def platform_name(platform: str) -> str:
    """A platform as it writes itself."""
    return platforms.platform_name(platform) or one_line(platform)


def kind_name(voice: Voice, kind: str) -> str:
    return voice.say(KINDS[kind])


def metric_name(voice: Voice, metric: str) -> str:
    return voice.say(METRICS.get(metric, METRICS["followers"]))


def happened(voice: Voice, incident: Incident) -> str:
    """What the counts did, as a verb and its object: "lost 12,402 followers"."""
    if incident.direction == "swing":
        return voice.say("followed and unfollowed accounts in turns")
    moved: Direction = "down" if incident.change < 0 else "up"
    if moved != incident.direction and abs(incident.change - incident.expected) >= 1:
        # growth that hides a loss, or engagement that came in but less than it should
        flows = incident.metric in FLOWING
        write = voice.count if flows else voice.signed
        values = {
            "change": write(incident.change),
            "metric": metric_name(voice, incident.metric),
            "expected": write(incident.expected),
        }
        if flows:
            return voice.say(
                "had {change} {metric} in a week where {expected} were expected", **values
            )
        return voice.say(
            "changed by {change} {metric} where {expected} were expected", **values
        )
    metric = incident.metric if (incident.metric, moved) in _CHANGES else "followers"
    one, many = _CHANGES[metric, moved]
    return voice.plural(one, many, round(abs(incident.change)))


def share_of_level(incident: Incident) -> float | None:
    """The change as a share of the level before; None without a level.

    Where the count did not move the way the incident says, it is the difference to what was
    expected.
    """
    if not incident.level > 0 or incident.direction == "swing":
        return None
    against = (incident.change < 0) != (incident.direction == "down")
    change = incident.change - incident.expected if against else incident.change
    return change / incident.level


def began(incident: Incident) -> float:
    """When the reading was taken that showed it first.

    `opened_at` ends a day that was judged, so a count dated yesterday would be told as today's.
    """
    return _read_on(incident.memory.get("fell_at"), incident.opened_at)


def last_seen(incident: Incident) -> float:
    """When the newest reading was taken that showed it."""
    return max(
        began(incident), _read_on(incident.memory.get("seen_at"), incident.last_finding_at)
    )


def _read_on(at: float | int | str | None, end: int) -> float:
    """The time of a reading where it lies in the day that ends at `end`."""
    return float(at) if isinstance(at, int | float) and end - DAY < at <= end else end


def worst_first(incident: Incident) -> tuple[float, ...]:
    """Sort key: severity, then the size against what was expected, then its surprise."""
    rank = {"critical": 0, "warning": 1, "info": 2}[incident.severity]
    level = incident.level if incident.level > 0 else float("inf")
    return (rank, -abs(incident.change - incident.expected) / level, -abs(incident.score))
