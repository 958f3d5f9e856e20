"""What is worth saying beside incidents, each thing once."""

from collections.abc import Sequence
from dataclasses import replace

from sqlite_utils import Database

from bot.model.reading import DAY
from bot.review.pending import Pending
from bot.storage import accounts, days, notices
from checks.model import Judgement, Notice, NoticeKind, Reason

_LAKE = "lake:"
"""Begins the keys of what lakes say: another review tells when it ends."""

STALE = 3 * DAY
"""An account that gave a reading every day and now none for so long is stale."""


def note(
    db: Database, judged: Sequence[tuple[int, Judgement]], pending: Pending, news: int
) -> None:
    """Stores notices once each; those of a lasting condition end with it.

    Accounts in their first import pass no milestones. Of lakes only those accounts are told
    that an incident has brought here.
    """
    now = pending.now
    first = {one.account for one in pending.days if one.first}
    lakes, prefix = pending.lakes, _LAKE if pending.lakes else ""
    lasting: dict[str, Notice] = {}
    for n, (at, judgement) in enumerate(judged):
        newest = n == len(judged) - 1
        told = [each for notice in judgement.notices for each in _of_each(notice)]
        known = accounts.ids(db, {one.account for one in told if one.account}) if lakes else {}
        for notice in told:
            if lakes and notice.account not in known:
                continue
            if notice.kind in ("milestone", "identity_change"):
                if now - at <= news and notice.account not in first:
                    notices.add(db, notice, _once_key(notice), now)
            elif newest and notice.kind != "stale":
                lasting[_lasting_key(notice)] = notice
    if not lakes:
        lasting |= _of_sources(db, pending)
    for key, notice in lasting.items():
        notices.add(db, notice, prefix + key, now)
    for key in notices.in_force(db).keys() - {prefix + key for key in lasting}:
        ended = pending.disputes is not None or not key.startswith("disagree:")
        if key.startswith(_LAKE) == pending.lakes and ended:
            notices.end(db, key, now)


def _of_sources(db: Database, pending: Pending) -> dict[str, Notice]:
    """Lasting conditions that the store knows of."""
    now = pending.now
    lasting: dict[str, Notice] = {}
    for account, last in days.stale(db, now, STALE):
        said = _said("not_read", days=(now - last) // DAY)
        lasting[f"stale:{account}"] = _notice("stale", account, now, said)
    for one in pending.disputes or ():
        said = _said(
            "sources_disagree", first=one.first, second=one.second, percent=one.percent
        )
        lasting[f"disagree:{one.account}"] = _notice("source_fault", one.account, now, said)
    for account, status, at in days.ended(db):
        said = _said("account_ended", status=status)
        lasting[f"account_gone:{account}"] = _notice("account_gone", account, at, said)
    return lasting


def _of_each(notice: Notice) -> list[Notice]:
    """A whole source's notice as one of each of its accounts: no team hears of another's."""
    if notice.account is not None:
        return [notice]
    return [replace(notice, account=account, accounts=()) for account in notice.accounts]


def _once_key(notice: Notice) -> str:
    """What happened once: a milestone is passed but once, hands change any number of times."""
    passed = next((r.values.get("milestone") for r in notice.reasons), notice.at)
    return f"{notice.kind}:{notice.account}:{passed}"


def _lasting_key(notice: Notice) -> str:
    codes = ",".join(each.code for each in notice.reasons)
    if notice.kind == "account_gone":
        return f"account_gone:{notice.account}"
    return f"{notice.kind}:{codes}:{notice.account}"


def _notice(kind: NoticeKind, account: str, at: int, said: Reason) -> Notice:
    return Notice(kind=kind, account=account, at=at, reasons=(said,))


def _said(code: str, **values: float | int | str) -> Reason:
    return Reason(code=code, values=values)
