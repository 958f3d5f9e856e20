"""Who came and who left, from an account's follower lists: words and picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bot import charts
from bot.message.progress import listed
from bot.message.reasons import sentence
from bot.message.voice import Voice, word
from bot.model.message import Button, Field, Message, Picture
from bot.model.reading import DAY
from checks.lists.joins import join_days
from checks.lists.study import Snapshot, Study
from checks.lists.survival import Cohort
from checks.lists.verdicts import batch_gone, batch_joined, list_compared, swap_reasons
from checks.model import Reason
from checks.reasons import reason

_BATCHES = 5
_ROWS = 14
_MAIN = 0.05
"""Share of the list from which a batch leads the answer."""

_HALF_YEAR = 183 * DAY

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceLook:
    """What `audience ACCOUNT` shows: the newest list, the one before it, and both studied.

    `earlier` is the study of the older list alone, `following` that of whom the account
    follows itself; None where there is none.
    """

    account: str
    newest: Snapshot
    study: Study
    old: Snapshot | None = None
    earlier: Study | None = None
    following: Study | None = None


def audience(voice: Voice, look: AudienceLook, now: float) -> Message:
    """Newcomers and leavers, survival by cohort, batches, and what was not known."""
    made = look.study
    said = [_plain(voice, look), *(_bullets(voice, _why(look)))]
    fields = [
        Field(name=voice.say("List of"), value=voice.day(made.at, now)),
        Field(name=voice.say("Followers on it"), value=voice.count(made.names)),
    ]
    compared = list_compared(made)
    if compared is not None and made.old_at is not None:
        since = voice.day(made.old_at, now)
        fields += [
            Field(
                name=voice.say("Came since {day}", day=since),
                value=voice.count(float(compared.values["gained"])),
            ),
            Field(
                name=voice.say("Left since {day}", day=since),
                value=voice.count(float(compared.values["lost"])),
            ),
        ]
    fields += listed(voice, voice.say("Not known"), _unknown(voice, look))
    name = word(look.account)
    chart = Button(label=voice.say("Chart"), command=f"chart {name}")
    return Message(
        title=voice.say("Audience of {account}", account=voice.account(look.account)),
        text="\n".join(part for part in said if part),
        fields=tuple(fields),
        table=survival_table(voice, made),
        severity="info",
        buttons=(chart,) if name is not None and len(name) <= 50 else (),
    )


def audience_picture(
    voice: Voice, look: AudienceLook, now: float, theme: charts.Theme = "light"
) -> Picture | None:
    """The follower map where creation dates are known, else the joins by day; None where the
    list carries no date at all."""
    newest, made = look.newest, look.study
    subtitle = voice.say(
        "{count} followers on the list of {day}",
        count=voice.count(made.names),
        day=voice.day(made.at, now),
    )
    title = voice.name_of(look.account)
    if newest.created is not None and newest.since is not None:
        drawn = charts.draw_map(replace(_map(voice, look, title, subtitle), theme=theme))
        alt = voice.say("Follower map of {account}", account=title)
    elif made.dated and newest.since is not None:
        drawn = charts.draw_joins(replace(_joins(voice, look, title, subtitle), theme=theme))
        alt = voice.say("Joins by day of {account}", account=title)
    else:
        return None
    safe = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in look.account)
    return Picture(name=f"{safe.strip('-')[:60]}-audience.png", png=drawn, alt=alt)


# --- words ------------------------------------------------------------------------------


def _plain(voice: Voice, look: AudienceLook) -> str:
    """The one sentence that a person asks for."""
    made = look.study
    batch = _largest(look)
    if batch is None:
        if made.refused is not None:
            return voice.say("The newest list is partial: who left cannot be told from it.")
        if made.survival is not None and made.survival.loss == "spread":
            return voice.say("People of all ages of follow are leaving, more than usual.")
        if made.dated or made.batches:
            return voice.say("No batch stands out: they came as this list's followers do.")
        return voice.say("The list carries no dates: batches cannot be told from it.")
    share = batch.size / max(_size(look), 1)
    text = voice.say(
        "About {share} of the list came in one batch, {span}.",
        share=voice.percent(share),
        span=voice.dates(batch.start, batch.stop),
    )
    if not batch.gone:
        return text
    gone = voice.say("{share} of it are gone already.", share=voice.percent(batch.share))
    return f"{text} {gone}"


def _largest(look: AudienceLook) -> Cohort | None:
    """The largest batch, with those of it who have left since; None where none is large."""
    lost = look.study.survival
    known = list(lost.batches) if lost is not None else []
    fresh = [
        Cohort(start=one.start, stop=one.stop, size=one.joined, gone=0, usual=0.0)
        for one in look.study.bursts
        if look.study.old_at is None or lost is None or one.stop > look.study.old_at
    ]
    largest = max([*known, *fresh], key=lambda one: one.size, default=None)
    if largest is None or largest.size < _MAIN * _size(look):
        return None
    return largest


def _size(look: AudienceLook) -> int:
    lost = look.study.survival
    return lost.size if lost is not None else look.study.names


def _why(look: AudienceLook) -> list[Reason]:
    made, lost = look.study, look.study.survival
    gone = None if lost is None else lost.batch
    said = [
        batch_joined(made, one)
        for one in made.bursts
        if gone is None or one.stop < gone.start or one.start > gone.stop
    ]
    said = sorted(said, key=lambda one: -float(one.values["count"]))[:_BATCHES]
    if lost is not None and gone is not None:
        said.insert(0, batch_gone(lost.others, gone))
    elif lost is not None and lost.loss == "spread":
        said.insert(
            0,
            reason(
                "left_of_all_ages",
                share=round(100 * lost.share, 1),
                usual=round(100 * lost.usual / max(lost.size, 1), 1),
            ),
        )
    said += [
        reason("created_batch", count=one.count, start=one.made_from, stop=one.made_to)
        for one in made.batches[:_BATCHES]
    ]
    if look.following is not None:
        said += swap_reasons(look.following)
    return said


def _bullets(voice: Voice, said: Sequence[Reason]) -> list[str]:
    return [f"• {sentence(voice, one)}" for one in said]


def _unknown(voice: Voice, look: AudienceLook) -> list[str]:
    made = look.study
    said: list[Reason] = []
    if made.refused == "ranged":
        said.append(reason("list_ranged"))
    elif made.refused == "partial":
        said.append(reason("list_partial"))
    if made.ordered:
        said.append(reason("order_only"))
    if made.undated and made.dated:
        said.append(reason("list_undated", count=made.undated))
    if made.late:
        said.append(reason("list_late", count=made.late))
    told = [sentence(voice, one) for one in said]
    if made.complete is None:
        told.append(voice.say("Whether the list is complete: the export does not say."))
    if look.old is None:
        told.append(voice.say("Who left: that takes a second list, of another day."))
    if made.dated:
        told.append(sentence(voice, reason("survivors_only")))
    return told


def survival_table(voice: Voice, made: Study) -> tuple[tuple[str, ...], ...]:
    """How many of those who joined then are gone: a header and four cells a row, batches first
    (marked "+"); empty where no two dated lists were compared or nobody left."""
    lost = made.survival
    if lost is None or not lost.gone or not made.dated:
        return ()
    header = (
        voice.say("Joined"),
        voice.say("Then"),
        voice.say("Gone"),
        voice.say("Share"),
    )
    batches = [_row(voice, one, "+ ") for one in lost.batches[:_BATCHES]]
    return (header, *batches, *(_row(voice, one, "") for one in lost.cohorts[:_ROWS]))


def _row(voice: Voice, one: Cohort, sign: str) -> tuple[str, ...]:
    """One line of the table; `sign` marks a batch."""
    span = voice.dates(one.start, one.stop)
    if one.start <= DAY:
        span = voice.say("before {day}", day=voice.dated(one.stop))
    return (
        f"{sign}{span}",
        voice.count(one.size),
        voice.count(one.gone),
        voice.percent(one.share),
    )


# --- pictures ---------------------------------------------------------------------------


def _map(voice: Voice, look: AudienceLook, title: str, subtitle: str) -> charts.FollowerMap:
    newest, made = look.newest, look.study
    assert newest.created is not None
    assert newest.since is not None
    known = (newest.created > 0) & (newest.since > 0)
    since, created = newest.since[known], newest.created[known]
    order = np.argsort(since, kind="stable")
    across = since[order].astype(np.float64)
    ranks = np.arange(len(order), dtype=np.float64)
    batches = [
        charts.Span(
            start=float(one.first if made.ordered else one.first_at),
            stop=float(one.last if made.ordered else max(one.last_at, one.first_at + DAY)),
            label=voice.count(one.count),
        )
        for one in made.batches
    ]
    if not made.ordered:
        batches += _burst_spans(voice, made, batches)
    return charts.FollowerMap(
        across=ranks if made.ordered else across,
        created=created[order].astype(np.float64),
        title=title,
        subtitle=subtitle,
        across_label=voice.say("order of following")
        if made.ordered
        else voice.say("when they followed"),
        created_label=voice.say("when their account was made"),
        batches=batches,
        write=voice.count if made.ordered else _axis(voice, across),
        day=voice.month,
    )


def _joins(voice: Voice, look: AudienceLook, title: str, subtitle: str) -> charts.JoinBars:
    newest, made = look.newest, look.study
    assert newest.since is not None
    joins = join_days(newest.since, at=newest.at, timezone=voice.zone.key)
    gone = None
    if look.old is not None and look.old.since is not None and made.change is not None:
        left = look.old.since[np.isin(look.old.ids, made.change.lost)]
        place = np.searchsorted(joins.ends, left[left > 0])
        gone = np.bincount(
            np.minimum(place, len(joins.ends) - 1), minlength=len(joins.ends)
        ).astype(np.float64)
    spans = _burst_spans(voice, made, [])
    if made.survival is not None and look.earlier is not None:
        spans += _burst_spans(voice, look.earlier, spans)
    return charts.JoinBars(
        ends=joins.ends.astype(np.float64),
        counts=joins.counts,
        gone=gone,
        title=title,
        subtitle=subtitle,
        joined_label=voice.say("joined and still there"),
        gone_label=voice.say("joined then, gone now"),
        batches=spans,
        count=voice.count,
        day=_axis(voice, joins.ends.astype(np.float64)),
    )


def _axis(voice: Voice, times: npt.NDArray[np.float64]) -> Callable[[float], str]:
    """How an axis writes its days: by month where it covers more than half a year."""
    return voice.month if float(np.ptp(times)) > _HALF_YEAR else voice.short_day


def _burst_spans(voice: Voice, made: Study, told: Sequence[charts.Span]) -> list[charts.Span]:
    """Bursts that no other mark covers yet."""
    return [
        charts.Span(
            start=float(one.start),
            stop=float(max(one.stop, one.start + DAY / 2)),
            label=f"+{voice.count(one.joined)}",
        )
        for one in made.bursts
        if not any(each.start <= one.stop and each.stop >= one.start for each in told)
    ]


def no_list(voice: Voice, account: str) -> str:
    """What to do where no list of an account is known."""
    return voice.say(
        "No follower list of {account} is known: import the export that its platform gives "
        "(Instagram, TikTok, X), or name it in `lists` of a source.",
        account=voice.account(account),
    )
