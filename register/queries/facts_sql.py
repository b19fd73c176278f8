"""The one statement that reads the facts of trust questions, however many questions are asked at once.

It starts from the issuers that identifiers name, follows relations to every issuer they lead to, and collects what
rests on these, each log cut at its own size. `LATERAL (… OFFSET 0)` keeps every step an index look-up: the planner
overestimates what a recursion reaches and would rather read whole tables. For the same reason duplicates are left to
the caller where they are rare: a hash table for the rows expected takes longer to make than all the look-ups together.

Parameters, by number (they are PostgreSQL's own, since psycopg would parse so long a statement anew each time): the
instant known at, the origin and the size known at, and the questions: a JSON list of objects with `q` (the question's
number), either `uid` or `scheme` and `value` of the issuer, and `key` where one is asked about. JSON, because the
planner guesses as many rows for it before as after seeing it, and so keeps one plan for all questions; planning this
statement takes ten times as long as running it.

Rows: question, kind, log, content; for kind `cut` instead the log itself: origin, own, size used, size held, and its
newest checkpoint (size, time, root, note).
"""

from __future__ import annotations

from typing import Final, LiteralString

KNOWN: Final = "v.recorded_from < cut.size AND (v.recorded_until IS NULL OR v.recorded_until >= cut.size)"
"""Which versions `v` are known at the size used of their log."""

# A register speaks as far as its newest checkpoint covers, so that all it says can be proven. For an instant a log is
# cut before its first later entry; for a tree size of one log, all others are cut at the time of the last entry in it.
CUT: Final = """
    moment AS MATERIALIZED (
        SELECT coalesce($1::timestamptz, (
            SELECT h.time FROM register_happening h JOIN ledger_log l ON l.id = h.log_id
            WHERE l.origin = $2::text AND h.index = greatest($3::bigint - 1, 0)
        )) AS time
    ),
    cut AS MATERIALIZED (
        SELECT l.id AS log_id, l.origin, l.own, c.size AS held,
            k.size AS checkpoint_size, date_trunc('second', k.time) AS checkpoint_time, k.root, k.note,
            least(c.size, coalesce(k.size, 0), CASE WHEN l.origin = $2::text THEN $3::bigint
                ELSE (SELECT h.index FROM register_happening h
                      WHERE h.log_id = l.id AND h.time > (SELECT time FROM moment)
                      ORDER BY h.time, h.index LIMIT 1) END) AS size
        FROM ledger_log l JOIN register_cursor c ON c.log_id = l.id LEFT JOIN LATERAL (
            SELECT size, time, root, note FROM ledger_checkpoint WHERE log_id = l.id
            ORDER BY size DESC, time DESC LIMIT 1
        ) k ON true
    )
"""


def _of(kind: LiteralString, column: LiteralString, source: LiteralString, *more: LiteralString) -> LiteralString:
    """Return a select of the known versions of one kind whose `column` is the `uid` of a row of `source`."""
    columns = "".join(f", v.{name}" for name in more)
    return f"""
        SELECT s.q, s.log_id, v.content{columns} FROM {source} s, LATERAL (
            SELECT v.content{columns} FROM cut JOIN register_{kind} v ON v.log_id = cut.log_id
            WHERE cut.log_id = s.log_id AND v.{column} = s.uid AND {KNOWN} OFFSET 0
        ) v
    """


MOST_CLAIMS: Final = 50
"""Claims of one identifier that are looked at in another's log. A peer may file any number of them, in its own country
one after the other or set aside; beyond this it crowds out its own word only, and the answer says so."""

_QUESTION: Final[LiteralString] = """
    question AS MATERIALIZED (
        SELECT * FROM json_to_recordset($4::json) AS n(q int, uid uuid, scheme text, value text, key text)
    )
"""
_BY_ID: Final[LiteralString] = f"""
        SELECT n.q, v.log_id, v.uid FROM question n, LATERAL (
            SELECT v.log_id, v.uid FROM cut JOIN register_issuer v ON v.log_id = cut.log_id
            WHERE v.uid = n.uid AND {KNOWN} OFFSET 0
        ) v
"""
_ASKED: Final[LiteralString] = f"""
    {_QUESTION},
    asked AS MATERIALIZED (
        {_BY_ID}
        UNION
        SELECT n.q, v.log_id, v.issuer FROM question n, LATERAL (
            SELECT v.log_id, v.issuer FROM cut JOIN register_claim v ON v.log_id = cut.log_id
            WHERE v.value = n.value AND v.scheme = n.scheme AND {KNOWN} OFFSET 0
        ) v
    )
"""

_LIMIT: Final[LiteralString] = "LIMIT CASE WHEN cut.own THEN NULL ELSE 50 END"
_ASKED_OF_PEERS: Final[LiteralString] = f"""
    {_QUESTION},
    claimed AS MATERIALIZED (
        SELECT n.q, cut.log_id, cut.own, v.uid FROM question n CROSS JOIN cut, LATERAL (
            SELECT v.issuer AS uid FROM register_claim v
            WHERE v.value = n.value AND v.scheme = n.scheme AND v.log_id = cut.log_id AND {KNOWN}
            ORDER BY v.record {_LIMIT}
        ) v
    ),
    asked AS MATERIALIZED ({_BY_ID} UNION SELECT q, log_id, uid FROM claimed)
"""

# The same institution in other logs: whoever claims an identifier of a record that was named. One step, no further.
_SHARED: Final[LiteralString] = f"""
    shared AS MATERIALIZED (
        SELECT DISTINCT n.q, c.log_id, c.uid FROM asked n, LATERAL (
            SELECT s.scheme, s.value FROM cut JOIN register_issuer v ON v.log_id = cut.log_id,
                json_to_recordset(v.content->'identifiers') AS s(scheme text, value text)
            WHERE cut.log_id = n.log_id AND v.uid = n.uid AND {KNOWN} OFFSET 0
        ) s CROSS JOIN cut, LATERAL (
            SELECT cut.log_id, v.issuer AS uid FROM register_claim v
            WHERE v.log_id = cut.log_id AND v.value = s.value AND v.scheme = s.scheme AND v.record = v.issuer
            AND {KNOWN} ORDER BY v.record {_LIMIT}
        ) c WHERE cut.log_id <> n.log_id AND s.scheme <> 'national'
    ),
    named AS (SELECT q, log_id, uid FROM asked UNION SELECT q, log_id, uid FROM shared)
"""


def _reach(named: LiteralString) -> LiteralString:
    return f"""
    reached(q, log_id, uid) AS (
        SELECT q, log_id, uid FROM {named}
        UNION
        SELECT reached.q, reached.log_id, r.uid FROM reached, LATERAL (
            SELECT v.other AS uid FROM cut JOIN register_relation v ON v.log_id = cut.log_id
            WHERE cut.log_id = reached.log_id AND v.issuer = reached.uid AND {KNOWN}
            UNION ALL
            SELECT v.issuer FROM cut JOIN register_relation v ON v.log_id = cut.log_id
            WHERE cut.log_id = reached.log_id AND v.other = reached.uid AND {KNOWN}
        ) r
    )
"""


_KEYS_NAMED: Final[LiteralString] = f"""
    SELECT n.q, v.log_id, v.content, v.issuer FROM question n, LATERAL (
        SELECT v.log_id, v.content, v.issuer FROM cut JOIN register_key v ON v.log_id = cut.log_id
        WHERE v.value = n.key AND {KNOWN} OFFSET 0
    ) v
"""
_KEYS_NAMED_OF_PEERS: Final[LiteralString] = f"""
    SELECT n.q, cut.log_id, v.content, v.issuer FROM question n CROSS JOIN cut, LATERAL (
        SELECT v.content, v.issuer FROM register_key v
        WHERE v.value = n.key AND v.log_id = cut.log_id AND {KNOWN} ORDER BY v.uid {_LIMIT}
    ) v
"""
_UUID: Final = "'^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'"


def _compose(asked: LiteralString, reached: LiteralString, keys_named: LiteralString) -> LiteralString:
    return f"""
    WITH RECURSIVE {CUT}, {asked}, {reached},
    accreditation AS MATERIALIZED ({_of("accreditation", "issuer", "reached", "agency", "programmes")}),
    named_key AS MATERIALIZED ({keys_named}),
    mandate AS MATERIALIZED ({_of("mandate", "awarding_body", "reached", "sealer")}),
    organisation AS (
        SELECT q, log_id, uid FROM reached
        UNION ALL SELECT q, log_id, issuer FROM named_key
        UNION ALL SELECT q, log_id, sealer FROM mandate
    ),
    agency AS (SELECT DISTINCT 0 AS q, log_id, agency AS uid FROM accreditation),
    programme AS (
        SELECT q, log_id, CASE WHEN id ~ {_UUID} THEN id::uuid END AS uid
        FROM accreditation, unnest(programmes) AS id
    )
    SELECT 0, 'cut', log_id, NULL, origin, own, size, held, checkpoint_size, checkpoint_time, root, note FROM cut
    UNION ALL SELECT q, kind, log_id, content::text, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM (
        SELECT 0 AS q, 'register' AS kind, v.log_id, v.content
        FROM cut JOIN register_register v ON v.log_id = cut.log_id WHERE {KNOWN}
        UNION ALL SELECT q, 'asked', log_id, to_json(uid::text) FROM asked
        UNION ALL SELECT q, 'accreditation', log_id, content FROM accreditation
        UNION ALL SELECT q, 'key', log_id, content FROM ({_of("key", "issuer", "reached")}) k
        UNION ALL SELECT q, 'key', log_id, content FROM named_key
        UNION ALL SELECT q, 'mandate', log_id, content FROM mandate
        UNION ALL SELECT q, 'issuer', log_id, content FROM ({_of("issuer", "uid", "organisation")}) o
        UNION ALL SELECT q, 'agency', log_id, content FROM ({_of("agency", "uid", "agency")}) a
        UNION ALL SELECT q, 'relation', log_id, content FROM ({_of("relation", "issuer", "reached")}) r
        UNION ALL SELECT q, 'programme', log_id, content FROM ({_of("programme", "uid", "programme")}) p
    ) found
"""


STATEMENT: Final[LiteralString] = _compose(_ASKED, _reach("asked"), _KEYS_NAMED)
"""What a node asks that follows nobody."""

_PEERS: Final[LiteralString] = f"""
    UNION ALL SELECT 0, 'peer', v.log_id, v.content::text, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM cut JOIN register_peer v ON v.log_id = cut.log_id WHERE cut.own AND NOT v.withdrawn AND {KNOWN}
    UNION ALL SELECT q, 'shared', log_id, to_json(uid::text)::text, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM shared
    UNION ALL SELECT q, 'limited', log_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM claimed WHERE NOT own GROUP BY q, log_id HAVING count(*) >= 50
"""
WITH_PEERS: Final[LiteralString] = (
    _compose(f"{_ASKED_OF_PEERS}, {_SHARED}", _reach("named"), _KEYS_NAMED_OF_PEERS) + _PEERS
)
"""What a node asks that follows others: whom it recognised at the cut, and who else records the institution."""
