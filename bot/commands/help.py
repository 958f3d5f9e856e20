"""help: the Command table in words."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from bot.commands.parse import usage
from bot.commands.request import Request
from bot.errors import CommandError
from bot.message import refusals, replies
from bot.model.command import Caller
from bot.model.message import Message


async def page(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    """All commands, or one of them with its arguments."""
    wanted = arguments.get("command")
    if wanted is None:
        rows = [(usage(one), one.help, one.role == "manager") for one in request.commands]
        return replies.help_page(request.voice, rows, manager=request.manager)
    word = " ".join(wanted.lower().split())
    for one in request.commands:
        if one.name == word:
            named = [(each.name, each.help) for each in one.arguments]
            return replies.help_one(request.voice, usage(one), one.help, named)
    names = [one.name for one in request.commands]
    near = get_close_matches(word, names, n=1, cutoff=0.5)
    raise CommandError(refusals.unknown_command(request.voice, wanted, near))
