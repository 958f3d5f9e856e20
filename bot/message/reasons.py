"""One sentence per reason and advice code; the codes are those of `checks.reasons`."""

import math
from collections.abc import Callable, Iterable, Mapping

from bot.message.kinds import EVENTS, STATUSES, metric_name, platform_name
from bot.message.voice import Voice, mark, one_line
from checks.model import Reason
from checks.reasons import REASONS

Value = float | int | str

SENTENCES: Mapping[str, str] = {
    "moved": mark("{change} {metric} in {days}; {expected} was expected."),
    "moved_percent": mark("That is {percent} of the level away from what was expected."),
    "surprise": mark("The move is {score} times its usual day-to-day spread."),
    "hidden_by_growth": mark("The count moved by {change}: {missing} fewer than expected."),
    "hidden_by_gains": mark(
        "{lost} people left where {expected} usually do; new followers hid it."
    ),
    "slow_loss": mark("The count fell by about {daily} a day for {days}."),
    "no_level": mark("The total is not known, so there is no percentage."),
    "shown_step": mark("The source shows only steps of {step}; the true change may differ."),
    "gap": mark("Nothing was read for {days} before; the change covers that gap."),
    "peers_fell": mark(
        "{share} of {judged} {group} accounts fell in the same days; usually {usual} do."
    ),
    "peers_rose": mark(
        "{share} of {judged} {group} accounts surged in the same days; usually {usual} do."
    ),
    "peers_slid": mark(
        "{share} of {judged} {group} accounts fell over {days}; usually {usual} do."
    ),
    "peers_fell_elsewhere": mark(
        "{share} of all teams' {group} accounts fell in the same days; usually {usual} do."
    ),
    "peers_rose_elsewhere": mark(
        "{share} of all teams' {group} accounts surged then; usually {usual} do."
    ),
    "peers_slid_elsewhere": mark(
        "{share} of all teams' {group} accounts fell over {days}; usually {usual} do."
    ),
    "peers_calm_elsewhere": mark(
        "{share} of all teams' {group} accounts fell in the same days: too few for one cause."
    ),
    "peers_calm": mark(
        "{share} of {judged} {group} accounts fell in the same days: too few for one cause."
    ),
    "no_peers": mark("Too few other accounts to compare with; ten more would tell a purge."),
    "beyond_wave": mark(
        "The others fell by about {median}; this account fell far beyond that."
    ),
    "joined_wave": mark("It moved with the wave; its own size alone would not have alarmed."),
    "interactions_stayed": mark(
        "Interactions stayed at {ratio} of their usual: those who went were hardly active."
    ),
    "interactions_fell": mark("Interactions fell to {ratio} of their usual."),
    "interactions_vanished": mark("{count} old interactions vanished with the followers."),
    "interactions_flat": mark("Interactions did not rise along: {ratio} of their usual."),
    "interactions_rose": mark("Interactions rose along, to {ratio} of their usual."),
    "views_flat": mark("Views did not rise along: {ratio} of their usual."),
    "views_rose": mark("Views rose along, to {ratio} of their usual."),
    "views_fell": mark("Views fell to {ratio} of their usual."),
    "no_engagement": mark("No views or interactions are known: they would tell the cause."),
    "evidence_pending": mark("The day after is not in yet; the verdict may still change."),
    "abrupt": mark("It came all at once (within {days})."),
    "kept_falling": mark("It kept falling for {days}."),
    "round_number": mark("The gain is close to a round {count}, as bought packages are."),
    "kept_rising": mark("It kept rising for {days}: a crowd that is sent comes at once."),
    "faded": mark("The gains faded over the days after, as talk does."),
    "person_too": mark("{account}, of the same person, moved by {percent} in the same days."),
    "too_deep": mark("One account hardly loses so many at once; a counter may err so far."),
    "counter_flaps": mark(
        "The counter leaps by {size} there and back again and again: this was one of its leaps."
    ),
    "tapered": mark("The gains ended at once, without the usual fading."),
    "lost_after_gain": mark("{percent} of the gain has left again since."),
    "following_rose": mark("The account itself followed more accounts ({change})."),
    "swings": mark("The account's own following count swung up and down by {percent}."),
    "near_limit": mark(
        "It follows {following} accounts: {share} of the platform's limit of {limit}."
    ),
    "came_back": mark("The count was back within {hours}."),
    "corrected": mark("The source has corrected the reading that showed it."),
    "rate_fell": mark(
        "Interactions per follower fell to {ratio} of their earlier value (over {days})."
    ),
    "posts_stopped": mark(
        "Nothing has been posted for {days}; {weekly} posts a week were usual."
    ),
    "reach_fell": mark(
        "Reach per post fell to {ratio} of its usual while the followers stayed."
    ),
    "after_mass_follow": mark("A surge of new followers came in the six weeks before."),
    "batch_joined": mark(
        "{span}: {count} came who still follow, {share} of the list; {usual} usually do in "
        "such a span."
    ),
    "batch_joined_partial": mark(
        "{span}: {count} came who still follow; {usual} usually do in such a span. The "
        "list is partial: their share of all is not known."
    ),
    "around_the_clock": mark("They came by night as by day, unlike this list's others."),
    "made_together": mark("{percent} of their accounts were made {span}."),
    "created_batch": mark(
        "{count} followers close to each other have accounts made {span}, as "
        "bought or automated ones have."
    ),
    "order_only": mark(
        "The platform gives the order of follows, not their dates: the days are the earliest "
        "possible ones."
    ),
    "survivors_only": mark("A list holds those who still follow: more may have come."),
    "lockstep": mark(
        "The same {count} followers came to {accounts} accounts of this team within {hours}: "
        "one service or attack, hardly the creator's own doing."
    ),
    "batch_gone": mark(
        "{percent} of those who joined {span} are gone, {others} of all others."
    ),
    "left_of_all_ages": mark(
        "{share} of the list left, old and new followers alike; usually {usual} do in that "
        "time."
    ),
    "left_undated": mark(
        "{share} of the list left (usually {usual}); without follow dates it cannot tell who."
    ),
    "list_compared": mark(
        "Since the list of {start} {gained} came, {lost} left and {kept} stayed."
    ),
    "follows_compared": mark(
        "Since the list of {start} it followed {gained} more and dropped {lost}; {kept} stayed."
    ),
    "short_lived": mark("{count} of those who left had followed for less than a week."),
    "dropped_again": mark(
        "{count} accounts that it had just followed were dropped again within {days}: "
        "{percent} of its new follows."
    ),
    "follow_back": mark("{percent} of its new follows follow back."),
    "follows_a_day": mark("It followed {count} on one day; the platform allows {limit}."),
    "list_ranged": mark(
        "Everybody who followed before the list's oldest entry is missing at once: it was "
        'exported for a date range, so nobody is said to have left. Export "All time".'
    ),
    "list_partial": mark(
        "The list is partial, so it was not compared with the one before. Export all of it."
    ),
    "list_undated": mark("{count} entries carry no follow date."),
    "list_late": mark("{count} follows are dated in the future and left out of the days."),
    "known_event": mark("Known to the team at that time: {name} ({kind})."),
    "contradicts": mark("It contradicts the incident that opened on {opened_at}."),
    "feedback": mark("Your feedback so far set this account's floor to {factor} of the usual."),
    "milestone": mark("{followers} followers: {milestone} is passed."),
    "wave_came_back": mark("Most accounts that fell with it were back the next day."),
    "not_read": mark("No reading has come in for {days}."),
    "account_ended": mark("The platform says: this account is {status}."),
    "sources_disagree": mark("{first} and {second} differ by {percent}."),
    "zero": mark("The source has said 0 for {hours}; it was {before} before."),
    "zero_for_many": mark("{accounts} accounts show 0 at once: that is the source, not them."),
    "same_value": mark("{accounts} accounts jumped to the same {value} at once."),
    "repeats": mark(
        "The source has repeated itself since {since}. What comes after is judged over all "
        "days it covers."
    ),
    "flaps": mark(
        "The count went away and came back {times} times in {days}: the counter shows two "
        "values in turns. Its moves are not told until it has settled for a week."
    ),
    "other_account": mark(
        "From {before} to {after} followers in one reading, and it stayed: another account "
        "behind this handle? Its history starts anew."
    ),
}

ADVICE: Mapping[str, str] = {
    "disconnect_apps": mark("Disconnect third-party follower apps from the account."),
    "change_password": mark("Change the password and log out unknown sessions."),
    "expect_lower_base": mark("Expect a lower base: compare engagement rates, not counts."),
    "wait_for_return": mark(
        "Wait a day or two: counts that fall for many at once often come back."
    ),
    "nothing_to_do": mark("Nothing to do: the count is back where it was."),
    "read_recent_posts": mark("Look at the posts and the news of the days before the loss."),
    "answer_criticism": mark("Read the comments and answer open criticism before posting on."),
    "watch_leavers": mark("Compare two follower lists to see how many leave and how fast."),
    "check_audience": mark(
        "See whether recent, inactive or foreign followers are the ones who leave."
    ),
    "expect_leavers": mark("Expect part of the newcomers to leave or to be removed again."),
    "keep_below_limits": mark("Keep well below the platform's follow limits."),
    "judge_by_engagement": mark("Judge reach by engagement, not by the follower count."),
    "ask_about_campaign": mark("Ask the team about a giveaway, an ad or a follower service."),
    "reply_to_newcomers": mark(
        "Reply and post on the topic while the newcomers are listening."
    ),
    "stop_automation": mark(
        "Stop following and unfollowing in bulk; the platform may restrict the account."
    ),
    "check_plan": mark("Look whether a planned post failed or was forgotten."),
    "check_account_status": mark("Look up the account's status on the platform."),
    "remove_fake_followers": mark(
        "Remove inactive new followers where the platform allows it."
    ),
    "name_the_cause": mark("If you know the cause, enter it as an event for the next time."),
    "check_source": mark("Check the source: the value it gives cannot be right."),
    "check_profile": mark("See whether the profile still exists under this handle."),
}

REPEATED = frozenset({"moved", "moved_percent", "milestone"})
"""Codes whose numbers the title and the fields of a message already say."""

_ASIDE = ("surprise", "shown_step", "gap", "no_engagement", "no_peers", "joined_wave")
"""Codes that qualify the evidence rather than being it: told last."""


def weightiest(reasons: Iterable[Reason]) -> list[Reason]:
    """What a short message should say first, without what its numbers already say."""
    told = [reason for reason in reasons if reason.code not in REPEATED]
    return sorted(told, key=lambda reason: reason.code in _ASIDE)


def sentence(voice: Voice, reason: Reason) -> str:
    """The reason in the voice's language; a code without a sentence shows as itself."""
    text = SENTENCES.get(reason.code)
    if text is None:
        return reason.code
    # what an older version stored may lack a value
    values = dict.fromkeys((*REASONS[reason.code].values, "span"), "?")
    if {"start", "stop"} <= reason.values.keys():
        start, stop = float(reason.values["start"]), float(reason.values["stop"])
        values["span"] = voice.dates(start, stop)
    values |= {name: _write(voice, reason.code, name, v) for name, v in reason.values.items()}
    return voice.say(text, **values)


def advice(voice: Voice, code: str) -> str:
    return voice.say(ADVICE[code]) if code in ADVICE else code


def group_name(voice: Voice, group: str) -> str:
    """The peers of a `Panel.groups` key: a platform's name or a tag.

    What stands after "@" tells apart teams and is nobody's business.
    """
    group = group.partition("@")[0]
    return platform_name(group.removeprefix("platform:")) if ":" in group else one_line(group)


def _write(voice: Voice, code: str, name: str, value: Value) -> str:
    write = _FORMATS.get(f"{code}.{name}") or _FORMATS.get(name)
    if isinstance(value, str):
        return write(voice, value) if write and name in _WORDS else one_line(value)
    if not math.isfinite(value):
        return "?"
    return write(voice, value) if write else voice.count(float(value))


def _signed(voice: Voice, value: Value) -> str:
    return voice.signed(float(value))


def _percent(voice: Voice, value: Value) -> str:
    return voice.percent(float(value) / 100)


def _ratio(voice: Voice, value: Value) -> str:
    return voice.percent(float(value))


_WORDS = {"group", "kind", "status", "metric"}
_FORMATS: Mapping[str, Callable[[Voice, Value], str]] = {
    "change": _signed,
    "moved.expected": _signed,
    "score": lambda voice, value: voice.decimal(abs(float(value))),
    "ratio": _ratio,
    "factor": _ratio,
    "percent": _percent,
    "share": _percent,
    "usual": _percent,
    "median": lambda voice, value: voice.percent(abs(float(value)) / 100),
    "person_too.percent": lambda voice, value: voice.percent(float(value) / 100, signed=True),
    "moved_percent.percent": lambda voice, value: voice.percent(
        float(value) / 100, signed=True
    ),
    "batch_joined.usual": lambda voice, value: voice.count(float(value)),
    "batch_joined_partial.usual": lambda voice, value: voice.count(float(value)),
    "others": _percent,
    "start": lambda voice, value: voice.dated(float(value)),
    "stop": lambda voice, value: voice.dated(float(value)),
    "days": lambda voice, value: voice.days(float(value)),
    "hours": lambda voice, value: voice.span(float(value) * 3600),
    "opened_at": lambda voice, value: voice.day(float(value)),
    "since": lambda voice, value: voice.day(float(value)),
    "group": lambda voice, value: group_name(voice, str(value)),
    "status": lambda voice, value: voice.say(STATUSES.get(str(value), one_line(str(value)))),
    "metric": lambda voice, value: metric_name(voice, str(value)),
    "kind": lambda voice, value: voice.say(EVENTS.get(str(value), str(value))),
}
