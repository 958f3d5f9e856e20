"""The words of the pages' own furniture; what is said of accounts is said as in chat."""

from collections.abc import Mapping

from bot.message.voice import Voice, mark

_WORDS = {
    "accounts": mark("Accounts"),
    "incidents": mark("Incidents"),
    "report": mark("Report"),
    "week": mark("Week"),
    "month": mark("Month"),
    "search": mark("Search"),
    "account": mark("Account"),
    "followers": mark("Followers"),
    "seven_days": mark("7 days"),
    "thirty_days": mark("30 days"),
    "open": mark("Open"),
    "nothing_open": mark("Nothing is open."),
    "last_reading": mark("Last reading"),
    "previous": mark("Previous"),
    "next": mark("Next"),
    "why": mark("Why"),
    "life": mark("Its life so far"),
    "acknowledge": mark("Acknowledge"),
    "acknowledged": mark("Acknowledged by"),
    "mute_day": mark("Mute for a day"),
    "verdict": mark("Was the alarm right?"),
    "useful": mark("Useful"),
    "expected": mark("Expected"),
    "false": mark("False alarm"),
    "note": mark("Note an event"),
    "name": mark("Name"),
    "day": mark("Day"),
    "kind": mark("Kind"),
    "save": mark("Save"),
    "sign_in": mark("Sign in"),
    "sign_out": mark("Sign out"),
    "closed": mark("Type /ebb web in your team's channel: it answers with a link."),
    "used": mark("This link was used before or is too old. Type /ebb web for a new one."),
    "left": mark(
        "Your team's chat says that you are not in it any more, so its page is closed."
    ),
    "unsure": mark(
        "Your team's chat cannot be asked just now whether you are in it. The page opens again "
        "as soon as it answers."
    ),
    "many": mark("Too many tries. Wait a minute."),
    "failed": mark("The page could not be made. Try again in a moment."),
    "skip": mark("Skip to the content"),
    "all": mark("All"),
    "all_incidents": mark("All its incidents"),
    "change": mark("Change"),
    "all_accounts": mark("All accounts"),
    "nothing_found": mark("No account fits."),
    "nothing_happened": mark("No incident."),
    "no_readings": mark("Nothing was read in this time."),
    "expected_band": mark("expected"),
    "incident": mark("incident"),
    "event": mark("event"),
    "events": mark("Events"),
    "goal": mark("goal"),
    "goals": mark("Goals"),
    "forecast": mark("likely"),
    "cause": mark("Likeliest cause"),
    "opened": mark("Since"),
    "over": mark("Over"),
    "lowest": mark("lowest"),
    "highest": mark("highest"),
    "follower_lists": mark("Follower lists"),
    "survival": mark("Who is gone, by when they joined"),
    "map": mark("Followers by when they joined"),
    "before": mark("Before"),
    "after": mark("After"),
    "to_file": mark("Readings as CSV"),
    "print": mark("Printing gives a clean PDF."),
    "sure": mark("How sure"),
    "zoom": mark("Drag to zoom, double click for all."),
}


def words(voice: Voice) -> Mapping[str, str]:
    return {name: voice.say(text) for name, text in _WORDS.items()}
