"""What a header says, word by word: "Daily New Followers (thousands)"."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Literal

from bot.sources.profiles import PLATFORMS, platform_name
from bot.sources.tables.columns import LONGEST, METRIC_NOUNS, normal, role_of
from bot.sources.tables.invisible import visible

Kind = Literal["total", "daily", "gained", "lost", "net"]

_KINDS: dict[Kind, str] = {
    "gained": """new gained gain gains added acquired neu neue neuer gewonnen gewonnene nuevos
        nuevas ganados obtenidos novos ganhos nouveaux gagnés nuovi guadagnati acquisiti nieuwe
        gewonnen yeni kazanılan nowi nowe zdobyte новые новых получено 新規 新增
        신규 涨 増加 nya nye uudet baru mới""",
    "lost": """lost loss losses unfollows unfollowers unfollowed unsubscribes unsubscribed
        unsubscribers unlikes left churned verloren verlorene abgemeldet perdidos perdidas
        perdus perdu persi verloren kaybedilen utracone utraceni потеряно ушедшие
        減少 流失 取消 取关 掉 이탈""",
    "net": """net netto neto líquido nett change changes difference diff delta growth increase
        veränderung wachstum zuwachs cambio diferencia crecimiento variation croissance
        évolution variazione crescita verandering groei zmiana wzrost изменение прирост
        増減 增减 净增 純増 증감 순증""",
    "daily": """daily 24h täglich tägliche täglicher diario diaria diarios diarias
        journalier quotidien quotidiens giornaliero giornalieri dagelijks günlük dzienne
        ежедневно 毎日 每日 일일 日別""",
    "total": """total totals lifetime cumulative overall current count counts number num alltime
        gesamt insgesamt gesamtzahl anzahl zahl totales acumulado acumulados totale totali
        totaal łącznie всего 累計 累计 总数 總數 総数 总 總 総 전체 누적 총""",
}
# whose followers they are; of views it would be another metric ("Profile views")
_OWNERS_WORDS = """
page pages channel channels profile profiles account accounts user users people seite seiten
kanal kanals konto página paginas perfil canal compte chaîne pagina profilo canale
"""
_OWNERS = frozenset(_OWNERS_WORDS.split())
_FILLERS_WORDS = """
business of a the your my our per in on at end eod day for to from by and all time since start
de der die das des den du da do dos di del della la le les el los las en au aux von am im
pro 数 數 人数 量 の 人 수
"""
_FILLERS = frozenset(_FILLERS_WORDS.split())
_LIKES_WORDS = """
likes like gefällt
"""
_LIKES = frozenset(_LIKES_WORDS.split())
_UNITS = {
    100: "hundred hundreds",
    1_000: "k tsd tausend thousand thousands 000 000s 1000 1000s x1000 mil miles milliers mila "
    "千 천 тыс",
    10_000: "10k 10000 万 万人 萬 만 만명 wan ten_thousand ten_thousands tens_of_thousands",
    100_000: "lakh lakhs hundred_thousand hundreds_of_thousands",
    1_000_000: "m mm mn mio mln million millions millionen millones milhões milioni 百万 млн",
    10_000_000: "crore crores",
    100_000_000: "億 億人 亿 억",
    1_000_000_000: "bn b billion billions mrd milliarden",
}
_FACTORS = {word: factor for factor, words in _UNITS.items() for word in words.split()}
_BARE = frozenset({"k", "m", "mm", "b", "mil", "000", "1000"})
_BRACKETS = re.compile(r"[(\[（【]([^)\]）】]*)[)\]）】]")
_PER_DAY = re.compile(
    r"(?:^|_)(?:per_day|a_day|pro_tag|por_día|por_dia|par_jour|al_giorno)(?:_|$)"
)
_LEADS = re.compile(r"^(?:in|en|x|×|\*)_")


@dataclass(frozen=True, slots=True)
class HeaderWords:
    """`role` is the metric that the header names, None where a word of it is not known.

    `factor` is the unit in brackets or words, `platform` one that it names.
    """

    role: str | None
    kind: Kind | None = None
    factor: int = 1
    platform: str | None = None


@cache
def read_header(header: str) -> HeaderWords:
    if len(header) > LONGEST:  # a damaged line; brackets in it would be tried one by one
        return HeaderWords(None)
    text = visible(unicodedata.normalize("NFKC", header))
    if "%" in text:
        return HeaderWords(None)
    factor, platform = 1, None
    for inside in _BRACKETS.findall(text):
        words = _LEADS.sub("", normal(inside))
        if words in _FACTORS:
            factor = _FACTORS[words]
        elif platform_name(inside) in PLATFORMS:
            platform = platform_name(inside)
        else:
            continue
        text = text.replace(inside, "")
    tokens = [part for token in normal(text).split("_") if token for part in _parted(token)]
    tokens, factor = _unit(tokens, factor)
    role = role_of("_".join(tokens))
    if role is not None:
        kind = _kind(tokens)
        return HeaderWords(role, "total" if kind == "total" else None, factor, platform)
    return _by_words(tokens, factor, platform)


def _parted(token: str) -> list[str]:
    """The words of a header in a script without spaces: "新增粉丝数" as 新增, 粉丝, 数."""
    if not _UNSPACED.search(token) or role_of(token):
        return [token]
    parts = _KNOWN_PARTS.findall(token)
    return parts if "".join(parts) == token else [token]


def _unit(tokens: list[str], factor: int) -> tuple[list[str], int]:
    """A unit at the end without brackets: "followers in thousands", "粉丝数 万"."""
    for size in (3, 2, 1):
        words = "_".join(tokens[-size:])
        if len(tokens) > size and words in _FACTORS and words not in _BARE:
            rest = tokens[:-size]
            return rest[:-1] if rest[-1] in {"in", "en"} else rest, _FACTORS[words]
    return tokens, factor


def _by_words(tokens: list[str], factor: int, platform: str | None) -> HeaderWords:
    nouns: set[str] = set()
    kinds: set[Kind] = set()
    page = owned = False
    if _PER_DAY.search("_".join(tokens)):
        kinds.add("daily")
    for token in tokens:
        owned = owned or token in _OWNERS
        page = page or token in {"page", "facebook", "lifetime"}
        if token in METRIC_NOUNS:
            nouns.add(METRIC_NOUNS[token])
        elif token in _LIKES:
            nouns.add("likes")
        elif kind := _KIND_OF.get(token):
            kinds.add(kind)
            if token.startswith("un"):
                nouns.add("followers")
        elif platform_name(token) in PLATFORMS:
            platform = platform_name(token)
        elif token in {"follows", "关注"}:
            nouns.add("follows")
        elif token not in _FILLERS and token not in _OWNERS:
            return HeaderWords(None, None, factor, platform)
    if "likes" in nouns:  # of a page they are its fans, of posts a day's or all of them
        nouns.discard("likes")
        if not page and not kinds & {"gained", "lost"}:
            return HeaderWords(None, None, factor, platform)
        nouns.add("followers")
    if "follows" in nouns:
        nouns.discard("follows")
        if not kinds & {"gained", "lost", "net"}:
            return HeaderWords(None, None, factor, platform)
        nouns.add("followers")
    if len(nouns) != 1 or (owned and not nouns & {"followers", "following"}):
        return HeaderWords(None, None, factor, platform)
    kind = next((k for k in ("lost", "net", "gained", "daily", "total") if k in kinds), None)
    return HeaderWords(_role(nouns.pop(), kind), kind, factor, platform)


def _role(noun: str, kind: str | None) -> str | None:
    if kind in (None, "total"):
        return noun
    if noun == "followers":
        return "net" if kind == "daily" else kind
    return f"{noun}_daily" if noun in {"posts", "interactions", "views"} else None


def _kind(tokens: list[str]) -> Kind | None:
    found = {_KIND_OF[token] for token in tokens if token in _KIND_OF}
    return found.pop() if len(found) == 1 else None


_KIND_OF: dict[str, Kind] = {
    word: kind for kind, words in _KINDS.items() for word in words.split()
}
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_KNOWN_PARTS = re.compile(
    "|".join(
        sorted(
            (w for w in (*METRIC_NOUNS, *_KIND_OF, *_FILLERS, "关注") if _UNSPACED.search(w)),
            key=len,
            reverse=True,
        )
    )
)
