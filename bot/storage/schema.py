"""The tables as the migrations make them: plain rows that a person can open in Datasette."""

from bot.model.reading import METRICS

_METRIC_COLUMNS = "\n".join(f"  {name} INTEGER," for name in METRICS)
_JSON_OLD = ", ".join(f"'{name}', old.{name}" for name in METRICS)
_JSON_NEW = ", ".join(f"'{name}', new.{name}" for name in METRICS)
_CHANGED = " OR ".join(
    f"(old.{name} IS NOT NULL AND old.{name} IS NOT new.{name})" for name in METRICS
)

_COUNTS = f"""
CREATE TABLE sources (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  priority INTEGER NOT NULL DEFAULT 1,
  state TEXT,
  last_attempt INTEGER,
  last_success INTEGER,
  fault TEXT,
  fault_since INTEGER
) STRICT;
CREATE TABLE accounts (
  id INTEGER PRIMARY KEY,
  account TEXT NOT NULL UNIQUE,
  platform TEXT NOT NULL,
  handle TEXT NOT NULL,
  tags TEXT NOT NULL DEFAULT '[]',
  source INTEGER REFERENCES sources(id),
  status TEXT NOT NULL DEFAULT 'active',
  status_at INTEGER,
  first_seen INTEGER NOT NULL,
  first_told INTEGER
) STRICT;
CREATE TABLE readings (
  account INTEGER NOT NULL REFERENCES accounts(id),
  at INTEGER NOT NULL,
  source INTEGER NOT NULL REFERENCES sources(id),
  seen INTEGER NOT NULL,
{_METRIC_COLUMNS}
  PRIMARY KEY (account, at, source)
) STRICT, WITHOUT ROWID;
CREATE TABLE metrics_in_use (
  name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TABLE corrections (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES accounts(id),
  at INTEGER NOT NULL,
  source INTEGER NOT NULL REFERENCES sources(id),
  seen INTEGER NOT NULL,
  old TEXT NOT NULL,
  new TEXT NOT NULL
) STRICT;
CREATE INDEX corrections_account ON corrections(account, at);
CREATE TRIGGER readings_corrected AFTER UPDATE ON readings WHEN {_CHANGED} BEGIN
  INSERT INTO corrections (account, at, source, seen, old, new) VALUES
  (new.account, new.at, new.source, new.seen,
   json_object({_JSON_OLD}), json_object({_JSON_NEW}));
END;
CREATE TABLE pending_days (
  account INTEGER PRIMARY KEY REFERENCES accounts(id),
  start INTEGER NOT NULL,
  stop INTEGER NOT NULL,
  first INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE account_faults (
  account INTEGER NOT NULL REFERENCES accounts(id),
  source INTEGER NOT NULL REFERENCES sources(id),
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (account, source)
) STRICT;
CREATE TABLE watched (
  account TEXT NOT NULL,
  source TEXT NOT NULL,
  space TEXT NOT NULL,
  by TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (account, source)
) STRICT;
CREATE TABLE lists (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES accounts(id),
  side TEXT NOT NULL,
  at INTEGER NOT NULL,
  complete INTEGER,
  names INTEGER NOT NULL,
  ids BLOB NOT NULL,
  since BLOB,
  UNIQUE (account, side, at)
) STRICT;
CREATE TABLE list_changes (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES accounts(id),
  side TEXT NOT NULL,
  start INTEGER NOT NULL,
  stop INTEGER NOT NULL,
  gained INTEGER,
  lost INTEGER,
  kept INTEGER,
  detail TEXT NOT NULL DEFAULT '{{}}',
  refused TEXT,
  UNIQUE (account, side, start, stop)
) STRICT;
CREATE VIEW counts AS
  SELECT accounts.account, datetime(readings.at, 'unixepoch') AS time_utc,
    sources.name AS source, {", ".join("readings." + name for name in METRICS)}
  FROM readings JOIN accounts ON accounts.id = readings.account
  JOIN sources ON sources.id = readings.source;
"""

_INCIDENTS = """
CREATE TABLE waves (
  id TEXT PRIMARY KEY,
  started INTEGER NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT;
CREATE TABLE incidents (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES accounts(id),
  metric TEXT NOT NULL,
  direction TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  alerted_at INTEGER,
  resolved_at INTEGER,
  last_finding_at INTEGER NOT NULL,
  state TEXT NOT NULL,
  kind TEXT NOT NULL,
  severity TEXT NOT NULL,
  confidence REAL NOT NULL,
  change REAL,
  expected REAL,
  level REAL,
  score REAL,
  reasons TEXT NOT NULL,
  advice TEXT NOT NULL,
  wave TEXT REFERENCES waves(id),
  calm_days INTEGER NOT NULL DEFAULT 0,
  closed_as TEXT,
  supersedes INTEGER,
  memory TEXT NOT NULL DEFAULT '{}',
  seen_at INTEGER NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1,
  silent TEXT,
  acknowledged_by TEXT,
  acknowledged_at INTEGER,
  UNIQUE (account, metric, direction, opened_at)
) STRICT;
CREATE INDEX incidents_open ON incidents(account) WHERE resolved_at IS NULL;
CREATE INDEX incidents_wave ON incidents(wave) WHERE wave IS NOT NULL;
CREATE TABLE incident_updates (
  incident INTEGER NOT NULL REFERENCES incidents(id),
  position INTEGER NOT NULL,
  at INTEGER NOT NULL,
  state TEXT NOT NULL,
  kind TEXT NOT NULL,
  severity TEXT NOT NULL,
  confidence REAL NOT NULL,
  PRIMARY KEY (incident, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE incident_numbers (
  space TEXT NOT NULL,
  number INTEGER NOT NULL,
  incident INTEGER NOT NULL REFERENCES incidents(id),
  PRIMARY KEY (space, number),
  UNIQUE (space, incident)
) STRICT, WITHOUT ROWID;
CREATE TABLE feedback (
  id INTEGER PRIMARY KEY,
  incident INTEGER NOT NULL REFERENCES incidents(id),
  account INTEGER NOT NULL REFERENCES accounts(id),
  kind TEXT NOT NULL,
  space TEXT NOT NULL,
  by TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE TABLE notices (
  key TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  account TEXT,
  at INTEGER NOT NULL,
  reasons TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  routed INTEGER NOT NULL DEFAULT 0,
  over_at INTEGER
) STRICT;
"""

_TEAM = """
CREATE TABLE channels (
  channel TEXT PRIMARY KEY,
  space TEXT NOT NULL,
  origin TEXT NOT NULL,
  summary TEXT,
  quiet TEXT,
  mention TEXT,
  thread TEXT NOT NULL DEFAULT 'no',
  remind INTEGER,
  digest_above INTEGER NOT NULL DEFAULT 5,
  locale TEXT NOT NULL,
  timezone TEXT NOT NULL,
  disabled TEXT,
  disabled_at INTEGER
) STRICT;
CREATE TABLE subscriptions (
  id INTEGER PRIMARY KEY,
  channel TEXT NOT NULL REFERENCES channels(channel),
  origin TEXT NOT NULL,
  accounts TEXT NOT NULL DEFAULT '["*"]',
  kinds TEXT NOT NULL DEFAULT '[]',
  direction TEXT NOT NULL DEFAULT 'both',
  min_severity TEXT NOT NULL DEFAULT 'info',
  min_percent REAL,
  min_count REAL,
  by TEXT,
  at INTEGER NOT NULL
) STRICT;
CREATE TABLE mutes (
  id INTEGER PRIMARY KEY,
  space TEXT NOT NULL,
  channel TEXT,
  account TEXT,
  incident INTEGER REFERENCES incidents(id),
  until INTEGER,
  worse_than TEXT,
  by TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  space TEXT,
  origin TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  start INTEGER NOT NULL,
  stop INTEGER NOT NULL,
  platform TEXT,
  account TEXT,
  by TEXT,
  at INTEGER NOT NULL
) STRICT;
CREATE TABLE goals (
  account TEXT NOT NULL,
  space TEXT NOT NULL DEFAULT '',
  followers INTEGER NOT NULL,
  by_date TEXT NOT NULL,
  origin TEXT NOT NULL,
  by TEXT,
  at INTEGER NOT NULL,
  PRIMARY KEY (account, space)
) STRICT;
CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  space TEXT,
  channel TEXT,
  user TEXT NOT NULL,
  name TEXT NOT NULL,
  action TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE settings (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;
"""

_OUTBOX = """
CREATE TABLE alerts (
  id INTEGER PRIMARY KEY,
  channel TEXT NOT NULL REFERENCES channels(channel),
  kind TEXT NOT NULL,
  reason TEXT,
  wave TEXT REFERENCES waves(id),
  part_of INTEGER REFERENCES alerts(id),
  part INTEGER NOT NULL DEFAULT 0,
  older INTEGER NOT NULL DEFAULT 0,
  since INTEGER,
  reminded_at INTEGER,
  created INTEGER NOT NULL,
  ref TEXT,
  revision INTEGER NOT NULL DEFAULT 1,
  shown TEXT
) STRICT;
CREATE UNIQUE INDEX alerts_wave ON alerts(channel, wave) WHERE wave IS NOT NULL;
CREATE TABLE alert_members (
  alert INTEGER NOT NULL REFERENCES alerts(id),
  incident INTEGER NOT NULL REFERENCES incidents(id),
  channel TEXT NOT NULL REFERENCES channels(channel),
  revision INTEGER NOT NULL,
  mentioned INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (incident, channel)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_members_alert ON alert_members(alert);
CREATE TABLE held (
  channel TEXT NOT NULL REFERENCES channels(channel),
  incident INTEGER NOT NULL REFERENCES incidents(id),
  reason TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (channel, incident)
) STRICT, WITHOUT ROWID;
CREATE TABLE deliveries (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  key TEXT NOT NULL UNIQUE,
  channel TEXT NOT NULL REFERENCES channels(channel),
  space TEXT NOT NULL,
  kind TEXT NOT NULL,
  alert INTEGER REFERENCES alerts(id),
  revision INTEGER,
  action TEXT NOT NULL,
  severity INTEGER NOT NULL,
  message TEXT NOT NULL,
  ref TEXT,
  silent INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT 'queued',
  created INTEGER NOT NULL,
  due INTEGER NOT NULL,
  claimed_by TEXT,
  lease REAL,
  unconfirmed INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  first_attempt_at REAL,
  last_attempt_at REAL,
  settled_at INTEGER,
  error TEXT
) STRICT;
CREATE INDEX deliveries_waiting ON deliveries(channel, severity DESC, position)
  WHERE state IN ('queued', 'claimed');
CREATE INDEX deliveries_alert ON deliveries(alert) WHERE alert IS NOT NULL;
"""

FORGOTTEN = """
CREATE TABLE forgotten (
  account TEXT PRIMARY KEY,
  source TEXT,
  watched INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""

STANDING = """
ALTER TABLE sources ADD COLUMN standing TEXT;
"""

NAMES = """
ALTER TABLE accounts ADD COLUMN name TEXT;
"""

ONCE = """
CREATE TABLE held_notices (
  channel TEXT NOT NULL REFERENCES channels(channel),
  key TEXT NOT NULL,
  PRIMARY KEY (channel, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE handled (
  key TEXT PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""

SPELLINGS = """
ALTER TABLE accounts ADD COLUMN folded TEXT NOT NULL DEFAULT '';
CREATE INDEX accounts_folded ON accounts(folded);
"""

FAULT_KINDS = """
ALTER TABLE sources ADD COLUMN fault_kind TEXT;
"""

START = (_COUNTS, _INCIDENTS, _TEAM, _OUTBOX)

FOLLOWER_DATES = """
ALTER TABLE lists ADD COLUMN created BLOB;
ALTER TABLE lists ADD COLUMN ordered INTEGER NOT NULL DEFAULT 0;
CREATE TABLE list_verdicts (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES accounts(id),
  seen_at INTEGER NOT NULL,
  verdict TEXT NOT NULL
) STRICT;
CREATE INDEX list_verdicts_account ON list_verdicts(account);
"""

GRANTS = """
CREATE TABLE grants (
  id INTEGER PRIMARY KEY,
  token TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  space TEXT NOT NULL,
  holder TEXT NOT NULL,
  target TEXT,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT;
CREATE INDEX grants_space ON grants(space, kind);
"""

CAUSES = """
ALTER TABLE incidents ADD COLUMN causes TEXT NOT NULL DEFAULT '[]';
ALTER TABLE incident_updates ADD COLUMN causes TEXT NOT NULL DEFAULT '[]';
"""

LAKES = """
ALTER TABLE sources ADD COLUMN lake INTEGER NOT NULL DEFAULT 0;
"""
