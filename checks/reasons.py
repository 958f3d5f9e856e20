"""Every code that a verdict, decision or notice may carry, with its meaning and values.

Shares and percentages are given in percent, ratios as factors (1 = as usual), counts as
counts, durations in the unit their name says. `bot.message` has a sentence per code and
language.
"""

from collections.abc import Mapping
from typing import NamedTuple

from checks.model import Reason


class Code(NamedTuple):
    """What a code says, and the names of the values its `Reason` carries."""

    meaning: str
    values: tuple[str, ...] = ()


REASONS: Mapping[str, Code] = {
    # what was seen
    "moved": Code(
        "`metric` changed by `change` in `days` days where `expected` was expected.",
        ("metric", "change", "expected", "days"),
    ),
    "moved_percent": Code(
        "Measured from what was expected that is `percent` percent of the level.", ("percent",)
    ),
    "surprise": Code("The move is `score` times its ordinary day-to-day spread.", ("score",)),
    "hidden_by_growth": Code(
        "The count still grew by `change`, but `missing` fewer than expected.",
        ("change", "missing"),
    ),
    "hidden_by_gains": Code(
        "`lost` people left where `expected` usually do; new followers hid it.",
        ("lost", "expected"),
    ),
    "slow_loss": Code(
        "The count fell by about `daily` a day for `days` days.", ("daily", "days")
    ),
    "no_level": Code("The total is not known, so no percentage can be given."),
    "shown_step": Code("The source only shows steps of `step`.", ("step",)),
    "gap": Code("Nothing was read for `days` days before; the change covers them.", ("days",)),
    # peers
    "peers_fell": Code(
        "`share` percent of `judged` accounts of `group` fell too; usually `usual` percent do.",
        ("group", "share", "usual", "judged"),
    ),
    "peers_rose": Code(
        "`share` percent of `judged` accounts of `group` surged too; usually `usual` percent.",
        ("group", "share", "usual", "judged"),
    ),
    "peers_slid": Code(
        "Over `days` days `share` percent of `judged` accounts of `group` fell; "
        "usually `usual` percent do.",
        ("group", "share", "usual", "judged", "days"),
    ),
    "peers_calm": Code(
        "The other `judged` accounts of `group` are calm (`share` percent moved).",
        ("group", "share", "judged"),
    ),
    "peers_fell_elsewhere": Code(
        "`share` percent of `group` across teams fell too; usually `usual` percent do.",
        ("group", "share", "usual"),
    ),
    "peers_rose_elsewhere": Code(
        "`share` percent of `group` across teams surged too; usually `usual` percent.",
        ("group", "share", "usual"),
    ),
    "peers_slid_elsewhere": Code(
        "Over `days` days `share` percent of `group` across teams fell; "
        "usually `usual` percent do.",
        ("group", "share", "usual", "days"),
    ),
    "peers_calm_elsewhere": Code(
        "The rest of `group` across teams is calm (`share` percent moved).",
        ("group", "share"),
    ),
    "no_peers": Code("There are too few other accounts to compare with."),
    "beyond_wave": Code(
        "The others fell by about `median` percent; this account fell well beyond that.",
        ("median",),
    ),
    "joined_wave": Code("It moved with a wave that its own size alone would not have shown."),
    # engagement
    "interactions_stayed": Code(
        "Interactions stayed at `ratio` times their usual, so the lost followers were "
        "hardly active.",
        ("ratio",),
    ),
    "interactions_fell": Code("Interactions fell to `ratio` times their usual.", ("ratio",)),
    "interactions_vanished": Code(
        "`count` old interactions were removed together with the followers.", ("count",)
    ),
    "interactions_flat": Code(
        "Interactions did not rise along (`ratio` times their usual).", ("ratio",)
    ),
    "interactions_rose": Code("Interactions rose to `ratio` times their usual.", ("ratio",)),
    "views_flat": Code("Views did not rise along (`ratio` times their usual).", ("ratio",)),
    "views_rose": Code("Views rose to `ratio` times their usual.", ("ratio",)),
    "views_fell": Code("Views fell to `ratio` times their usual.", ("ratio",)),
    "no_engagement": Code("No interactions or views are known that could explain it."),
    "evidence_pending": Code("The day after is not in yet; the verdict may still change."),
    # its shape
    "abrupt": Code("Nearly all of it came within `days` days.", ("days",)),
    "kept_falling": Code("It kept falling for `days` days.", ("days",)),
    "round_number": Code(
        "The gain is close to a round `count`, as bought packages are.", ("count",)
    ),
    "tapered": Code("The gains ended at once, without the usual fading."),
    "kept_rising": Code("It kept rising for `days` days.", ("days",)),
    "faded": Code("The gains faded over the days after, as talk does."),
    "person_too": Code(
        "`account`, of the same person, moved by `percent` percent in the same days.",
        ("account", "percent"),
    ),
    "too_deep": Code("One account hardly falls so far at once."),
    "lost_after_gain": Code(
        "`percent` percent of the gain has left again since.", ("percent",)
    ),
    "following_rose": Code("The account itself followed `change` more accounts.", ("change",)),
    "swings": Code(
        "The own following count swung by `percent` percent up and down.", ("percent",)
    ),
    "near_limit": Code(
        "It follows `following` accounts, `share` percent of the limit of `limit`.",
        ("following", "share", "limit"),
    ),
    "came_back": Code("The count was back within `hours` hours.", ("hours",)),
    "wave_came_back": Code("Most of the accounts that fell with it were back the next day."),
    "counter_flaps": Code(
        "The counter leaps by `size` there and back: this was one of its leaps.", ("size",)
    ),
    "corrected": Code("The source has corrected the reading that showed it."),
    "rate_fell": Code(
        "Interactions per follower fell to `ratio` times their value of `days` days ago.",
        ("ratio", "days"),
    ),
    "reach_fell": Code(
        "Reach (views or interactions per post) fell to `ratio` times its usual while the "
        "followers stayed.",
        ("ratio",),
    ),
    "posts_stopped": Code(
        "Nothing has been posted for `days` days, where `weekly` posts a week were usual.",
        ("days", "weekly"),
    ),
    "after_mass_follow": Code("A surge of followers came in the six weeks before."),
    # follower lists: `start` and `stop` are epoch seconds
    "batch_joined": Code(
        "From `start` to `stop` `count` joined who still follow: `share` percent of the list, "
        "where `usual` join in such a span.",
        ("count", "start", "stop", "share", "usual"),
    ),
    "batch_joined_partial": Code(
        "From `start` to `stop` `count` of a partial list joined, where `usual` join in such a "
        "span.",
        ("count", "start", "stop", "usual"),
    ),
    "around_the_clock": Code("They joined by night as by day, unlike all others."),
    "made_together": Code(
        "`percent` percent of their accounts were made from `start` to `stop`.",
        ("percent", "start", "stop"),
    ),
    "created_batch": Code(
        "`count` followers close to each other have accounts made from `start` to `stop`.",
        ("count", "start", "stop"),
    ),
    "order_only": Code("The platform gives the order of follows, not their dates."),
    "survivors_only": Code("A list holds those who still follow: more may have come."),
    "lockstep": Code(
        "`count` of the same followers came to `accounts` accounts of the team within `hours` "
        "hours.",
        ("count", "accounts", "hours"),
    ),
    "batch_gone": Code(
        "`percent` percent of those who joined from `start` to `stop` are gone, `others` "
        "percent of all others.",
        ("percent", "start", "stop", "others"),
    ),
    "left_of_all_ages": Code(
        "`share` percent of the list left, old and new followers alike; usually `usual` do.",
        ("share", "usual"),
    ),
    "left_undated": Code(
        "`share` percent of the list left (usually `usual`); no follow date tells who.",
        ("share", "usual"),
    ),
    "list_compared": Code(
        "Since the list of `start` `gained` came, `lost` left and `kept` stayed.",
        ("start", "gained", "lost", "kept"),
    ),
    "follows_compared": Code(
        "Since the list of `start` the account followed `gained` more, dropped `lost` and kept "
        "`kept`.",
        ("start", "gained", "lost", "kept"),
    ),
    "short_lived": Code(
        "`count` of those who left had followed for less than a week.", ("count",)
    ),
    "dropped_again": Code(
        "`count` accounts that it had just followed (`percent` percent of them) were dropped "
        "again within `days` days.",
        ("count", "percent", "days"),
    ),
    "follow_back": Code("`percent` percent of its new follows follow back.", ("percent",)),
    "follows_a_day": Code(
        "It followed `count` on one day; the platform allows `limit`.", ("count", "limit")
    ),
    "list_ranged": Code(
        "Everybody from before the list's oldest entry is missing: it was exported for a date "
        "range."
    ),
    "list_partial": Code("The list is partial, so it was not compared."),
    "list_undated": Code("`count` entries carry no follow date.", ("count",)),
    "list_late": Code("`count` follows are dated in the future.", ("count",)),
    # what the team knows
    "known_event": Code("The team knows of `name` (`kind`) at that time.", ("name", "kind")),
    "contradicts": Code(
        "It contradicts the incident opened at `opened_at` (epoch seconds).", ("opened_at",)
    ),
    "feedback": Code(
        "Feedback so far changed this account's floor by a factor of `factor`.", ("factor",)
    ),
    # notices
    "milestone": Code(
        "`followers` followers: `milestone` is passed, at `daily` a day.",
        ("milestone", "followers", "daily"),
    ),
    "not_read": Code("There has been no reading for `days` days.", ("days",)),
    "account_ended": Code("The platform says that the account is `status`.", ("status",)),
    "sources_disagree": Code(
        "`first` and `second` differ by `percent` percent.", ("first", "second", "percent")
    ),
    "zero": Code(
        "The source has said 0 for `hours` hours where it was `before`.", ("before", "hours")
    ),
    "zero_for_many": Code("`accounts` accounts show 0 at once.", ("accounts",)),
    "same_value": Code(
        "`accounts` accounts jumped to the same `value` at once.", ("accounts", "value")
    ),
    "repeats": Code(
        "The counts have repeated themselves since `since` (epoch seconds).",
        ("since",),
    ),
    "flaps": Code(
        "The count went away and came back `times` times in `days` days.", ("times", "days")
    ),
    "other_account": Code(
        "The count went from `before` to `after` in one reading and stayed.",
        ("before", "after"),
    ),
}

ADVICE: Mapping[str, str] = {
    "disconnect_apps": "Disconnect third-party follower apps from the account.",
    "change_password": "Change the password and log out unknown sessions.",
    "expect_lower_base": "Expect a lower base: compare engagement rates, not counts.",
    "wait_for_return": "Wait a day or two: counts that fall for many at once often come back.",
    "nothing_to_do": "Nothing to do: the count is back where it was.",
    "read_recent_posts": "Look at the posts and the news of the days before the loss.",
    "answer_criticism": "Read the comments and answer open criticism before posting on.",
    "watch_leavers": "Compare two follower lists to see who leaves.",
    "check_audience": "Look whether those who leave are recent, inactive or foreign followers.",
    "expect_leavers": "Expect part of the new followers to leave or to be removed again.",
    "keep_below_limits": "Keep well below the platform's follow limits.",
    "judge_by_engagement": "Judge reach by engagement, not by the follower count.",
    "ask_about_campaign": "Ask the team about a giveaway, an ad or a follower service.",
    "reply_to_newcomers": "Reply and post on the topic while the newcomers are listening.",
    "stop_automation": "Stop following and unfollowing in bulk; the platform may restrict it.",
    "check_account_status": "Look up the account status for restrictions on the platform.",
    "remove_fake_followers": "Remove inactive new followers where the platform allows it.",
    "name_the_cause": "If the cause is known, enter it as an event for the next time.",
    "check_plan": "Look whether a planned post failed or was forgotten: reach follows posting.",
    "check_source": "Check the source: the value it gives cannot be right.",
    "check_profile": "Look whether the profile still exists under this handle.",
}


def reason(code: str, **values: float | int | str) -> Reason:
    """A `Reason` whose values are those its code declares, numbers as plain Python numbers."""
    if tuple(values) != REASONS[code].values:
        raise ValueError(f"Reason {code!r} takes the values {REASONS[code].values}.")
    return Reason(code=code, values=values)
