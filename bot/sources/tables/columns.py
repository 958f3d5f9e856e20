"""Which column of a table says what: header aliases in the languages of real files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from bot.model.reading import FLOWS, TOTALS
from bot.sources.tables.invisible import visible

# In each line the better name comes first: it wins where a table has several of them.
_ALIASES = {
    "at": """at time timestamp ts datetime date date_time date_utc day taken_at recorded_at
        observed_at measured_at collected_at fetched_at scraped_at captured_at logged_at
        checked_at read_at polled_at snapshot_at snapshot_date epoch unix unix_time unixtime
        datum tag zeit zeitpunkt zeitstempel fecha hora fecha_y_hora data dia data_e_hora
        data_ora jour horodatage giorno ngày ngay ημερομηνία дата время tarih gün dzień dato
        päivä päivämäärä tanggal tarikh dátum dată תאריך التاريخ تاريخ तारीख วันที่ metric_date
        日期 时间 日付 日時 날짜 일자 일시""",
    "account": """account handle username user_name screen_name user_handle login user
        account_name profile profile_name channel_handle member_id channel_id account_id user_id
        profile_id page_id channel channel_name member_name page page_name creator
        creator_name streamer influencer artist member name display_name konto kontoname
        kanal kanalname nutzername benutzername nutzer benutzer profil cuenta usuario
        nombre_de_usuario canal perfil conta utilizador nome_de_usuário compte utilisateur
        nom_d_utilisateur chaîne utente nome_utente profilo canale аккаунт канал kullanıcı
        hesap użytkownik gebruiker gebruikersnaam profile_url profile_link account_url
        acct página pagina seite akun חשבון الحساب حساب खाता บัญชี
        アカウント アカウント名 ユーザー名 チャンネル チャンネル名
        账号名称 用户名 昵称 账号 频道 계정 채널""",
    "platform": """platform network social_network plattform netzwerk plataforma red
        red_social plateforme réseau réseau_social piattaforma rete platforma платформа 平台
        プラットフォーム 플랫폼""",
    "followers": """followers follower followers_count follower_count followers_total
        total_followers followercount followerscount num_followers number_of_followers
        n_followers followers_gesamt follower_gesamt followerzahl anzahl_follower followers_num
        total_abonnenten total_seguidores page_followers page_fans
        subscribers subscriber subscriber_count subscribers_count subscribercount
        total_subscribers subscribers_total subs sub_count fans fan_count fans_count
        lifetime_total_likes page_likes abonnenten abonnentenzahl seguidores total_de_seguidores
        número_de_seguidores suscriptores inscritos abonnés abonnes nombre_d_abonnés iscritti
        follower_totali volgers abonnees takipçi takipçiler abone obserwujący
        obserwujacy subskrybenci følgere följare seuraajat подписчики подписчиков ακόλουθοι
        người_theo_dõi 粉丝 粉丝数 关注者 フォロワー フォロワー数 登録者数
        チャンネル登録者数 チャンネル登録者 登録者 팔로워 팔로워_수 구독자 구독자_수
        订阅人数 订阅者 訂閱人數 粉絲 粉絲數 aboneler pengikut pelanggan sledující odběratelé
        követők feliratkozók urmăritori abonați підписники עוקבים מנויים
        المتابعون المتابعين متابعون المشتركون المشتركين
        फ़ॉलोअर फ़ॉलोअर्स फॉलोअर फॉलोअर्स सब्सक्राइबर सदस्य ผู้ติดตาม audience
        audience_size""",
    "following": """following following_count followings followingcount follows_count
        friends_count num_following gefolgt folgt abonniert siguiendo seguidos seguindo
        a_seguir suivis abonnements seguiti takip takip_edilen obserwowani volgend подписки
        フォロー フォロー数 正在关注 팔로잉""",
    "posts": """posts post_count posts_count total_posts postcount num_posts media
        media_count statuses_count statuses tweets tweet_count videos video_count videocount
        uploads public_repos beiträge beitraege publicaciones publicações publications
        pubblicazioni publikacje gönderiler публикации 投稿 投稿数 帖子 게시물""",
    "interactions": """interactions total_interactions interactions_total interaction_count
        engagements total_engagements engagement_total interaktionen interacciones
        interações interazioni likes_count total_likes likes_total heart_count hearts""",
    "views": """views view_count views_count viewcount total_views views_total video_views
        channel_views aufrufe visualizaciones vistas visualizações vues visualizzazioni
        weergaven görüntülenme просмотры 再生回数 观看次数 조회수""",
    "gained": """gained followers_gained new_followers subscribers_gained follows_gained
        neue_follower neue_abonnenten nuevos_seguidores novos_seguidores nouveaux_abonnés
        nuovi_follower""",
    "lost": """lost followers_lost lost_followers subscribers_lost unfollows unfollowers
        unfollowed entfolgt verlorene_follower seguidores_perdidos abonnés_perdus
        follower_persi""",
    "net": """net net_followers net_follows net_growth net_change follower_growth
        followers_net""",
    "posts_daily": "posts_daily daily_posts posts_per_day new_posts",
    "interactions_daily": "interactions_daily daily_interactions interactions_per_day",
    "views_daily": "views_daily daily_views views_per_day",
}
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_TIMES = re.compile(r"(.+?)\s*[x×*]\s*(\d[\d,_]*)")

_HANDLES_WORDS = """
account handle username user_name screen_name user_handle login channel_handle profile konto
nutzername benutzername
"""
HANDLES = frozenset(_HANDLES_WORDS.split())
"""Headers of what people call an account by, and of no display name."""

LONGEST = 300
"""Signs of a header; those of Meta with their explanations have 150."""

ROLES = (*_ALIASES, "name")
METRICS = (*TOTALS, *FLOWS)

DAILY = {
    "followers": "net",
    "posts": "posts_daily",
    "interactions": "interactions_daily",
    "views": "views_daily",
}
"""The flow column that a total's column means where the file gives it per day."""


class NoLayout(ValueError):
    """The text ends a sentence that begins with the file's name."""


def normal(header: str) -> str:
    """Lower case with single underscores: "Post Count" -> "post_count"."""
    return _normal(header[:LONGEST])


@lru_cache(1 << 15)  # every look at a table asks again, and it may have 20,000 columns
def _normal(header: str) -> str:
    plain = visible(unicodedata.normalize("NFC", header)).strip().strip("#").casefold()
    return re.sub(r"[\W_]+", "_", plain).strip("_")


_ROLE_OF = {
    normal(alias): (role, rank)
    for role, aliases in _ALIASES.items()
    for rank, alias in enumerate(aliases.split())
}

METRIC_NOUNS = {
    alias: role
    for alias, (role, _) in reversed(_ROLE_OF.items())
    if role in TOTALS and "_" not in alias
}
"""Words that name a metric by themselves: "followers", "Abonnenten"."""


def spoken(header: str) -> str:
    """The same with the words of camel case apart: "publishedAt" -> "published_at"."""
    return normal(_CAMEL.sub("_", header))


def rank_of(header: str) -> tuple[str, int] | None:
    """The role that a header names, and its place among the names of that role."""
    return _ROLE_OF.get(normal(header)) or _ROLE_OF.get(spoken(header))


def role_of(header: str) -> str | None:
    found = rank_of(header)
    return found[0] if found else None


def named(header: Iterable[str], role: str) -> list[str]:
    """The columns whose headers name a role, the best name first."""
    ranked = sorted(
        (found[1], name) for name in header if (found := rank_of(name)) and found[0] == role
    )
    return [name for _, name in ranked]


def find_header(rows: Sequence[Sequence[str]], columns: Mapping[str, str]) -> int | None:
    """Index of the row that names the columns: below titles, above the data.

    It is the first one that names a time (by alias or through `columns`) beside another
    cell; without one, the first row of two or more cells.
    """
    given = {normal(column) for column in columns.values()}
    fallback = None
    for index, row in enumerate(rows):
        cells = [cell for cell in row if cell.strip()]
        if len(cells) < 2:
            continue
        if fallback is not None and any(cell.strip()[:1].isdigit() for cell in cells):
            continue  # "AT,500" lies below "Country,Followers"
        if any(normal(cell) in given or role_of(cell) == "at" for cell in cells):
            return index
        if fallback is None:
            fallback = index
    return fallback


def named_columns(
    header: Sequence[str], columns: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, int]]:
    """What `columns` (role -> header) says: the column of each role, and units.

    "Followers x 1000" is the column "Followers" counted in thousands. Raises NoLayout where
    there is no such role or column.
    """
    found: dict[str, str] = {}
    factors: dict[str, int] = {}
    shown = ", ".join(f'"{name}"' for name in header[:12])
    for role, wanted in columns.items():
        if role not in ROLES:
            raise NoLayout(
                f'cannot be read with columns = {{ {role} = "{wanted}" }}: '
                f"use one of {', '.join(ROLES)}"
            )
        name = _match(header, wanted)
        if name is None and (unit := _TIMES.fullmatch(wanted)):
            name = _match(header, unit[1])
            factors[role] = int(unit[2].replace(",", "").replace("_", ""))
        if name is None:
            raise NoLayout(f'has no column "{wanted}" ({role}) among {shown}: correct columns')
        found[role] = name
    return found, factors


def _match(header: Sequence[str], wanted: str) -> str | None:
    exact = next((name for name in header if name == wanted), None)
    alike = (name for name in header if normal(name) == normal(wanted))
    return exact or next(alike, None)
