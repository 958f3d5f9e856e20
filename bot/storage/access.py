"""What each space may see and bring in: one policy for every way in and out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlite_utils import Database

from bot.model.reading import folded
from bot.storage import accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Names that a space may bring in, those `beyond` its wall, and those that are too many."""

    allowed: frozenset[str]
    beyond: frozenset[str]
    excess: frozenset[str]


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Which accounts each space may see, as patterns; the terminal's own space sees all.

    `limits` are how many accounts a space may have, none where it is not named. `tags` are
    the config's own, by account or handle: a new account has them before it is stored.
    """

    spaces: Mapping[str, tuple[str, ...]]
    console: str = "console"
    limits: Mapping[str, int] = field(default_factory=dict)
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def sees(self, space: str, account: str, tags: Collection[str] = ()) -> bool:
        return accounts.matches(self.patterns(space), account, tags)

    def patterns(self, space: str) -> tuple[str, ...]:
        """Empty for a space that the config does not link."""
        return ("*",) if space == self.console else self.spaces.get(space, ())

    def allows(self, space: str, account: str, words: Iterable[str] = ()) -> bool:
        """Whether a space may bring in or change an account, stored or not; `words` are what
        is known of it beside the config's tags."""
        return self.sees(space, account, {*self._tags_of(account), *words})

    def shares(self, space: str, account: str, tags: Collection[str] = ()) -> bool:
        """Whether another space works with the account too."""
        return any(self.sees(other, account, tags) for other in self.spaces.keys() - {space})

    def room(self, db: Database, space: str) -> int | None:
        """How many more accounts a space may have; None where nothing limits it."""
        limit = self.limits.get(space)
        if space == self.console or limit is None:
            return None
        known = accounts.words_by_account(db).items()
        return max(0, limit - sum(self.sees(space, name, tags) for name, tags in known))

    def admit(
        self,
        db: Database,
        space: str,
        names: Iterable[str],
        called: Mapping[str, str] | None = None,
    ) -> Admission:
        """Sorts names that a space wants to bring in; the first ones that fit are allowed.

        `called` are what new accounts are called where they come from; of a stored one it
        says nothing, or a file could open the wall by a name.
        """
        given = list(dict.fromkeys(names))
        known = accounts.ids(db, given)
        spelled = accounts.spellings(db, given)
        stored = accounts.words_by_account(db, {spelled.get(name, name) for name in known})

        def words(name: str) -> Sequence[str]:
            new = accounts.aliases(name, (called or {}).get(name))
            return stored.get(spelled.get(name, name), new)

        mine = [name for name in given if self.allows(space, name, words(name))]
        new = dict.fromkeys(folded(name) for name in mine if name not in known)
        room = self.room(db, space)
        fitting = set(list(new)[:room])
        allowed = {name for name in mine if name in known or folded(name) in fitting}
        return Admission(
            allowed=frozenset(allowed),
            beyond=frozenset(given) - frozenset(mine),
            excess=frozenset(mine) - allowed,
        )

    def _tags_of(self, account: str) -> set[str]:
        name = folded(account)
        handle = name.partition("/")[2] or name
        return {
            word
            for key, words in self.tags.items()
            if accounts.matches([key], name) or accounts.matches([key], handle)
            for word in words
        }
