"""The shape of the store, one step after the other. A step that has been released is never changed."""

from __future__ import annotations

from typing import Final

STEPS: Final[tuple[str, ...]] = (
    """
    -- what this station is: its identity and keys, the cursor, the offset to the server's clock
    create table meta (name text primary key, value blob not null) strict, without rowid;
    -- whatever else the desk wants to remember
    create table kv (name text primary key, value text not null) strict, without rowid;

    create table drafts (
        id text primary key, clerk text not null, title text not null, parked integer not null,
        body text not null, saved_at text not null
    ) strict;

    -- what people did here; written once, only its standing moves
    create table actions (
        position integer primary key autoincrement, id text not null unique, case_id text not null,
        kind text not null, text text not null, signature text not null, standing text not null,
        problem text not null default '', made_at text not null, acknowledged_at text not null default '',
        matched_at text not null default '', aside_at text not null default ''
    ) strict;
    create index actions_of_case on actions (case_id, position);
    create index actions_by_standing on actions (standing, position);

    -- the server's word
    create table server_actions (
        case_id text not null, seq integer not null, id text primary key, text text not null, heard_at text not null
    ) strict;
    create index server_actions_of_case on server_actions (case_id, seq);
    create table server_cases (
        case_id text primary key, materials_pending integer not null default 0, digest text not null default '',
        wanted text not null default '[]', differs integer not null default 0
    ) strict;

    -- folded cases, for search and lists
    create table cases (
        case_id text primary key, number text not null, matter text not null, matter_version integer not null,
        applicant text not null, handler text not null, state text not null, flags text not null,
        node text not null, opened_at text not null, received_at text not null, changed_at text not null,
        folded text not null
    ) strict;
    create index cases_by_number on cases (number);
    create index cases_by_change on cases (changed_at);
    create index cases_by_state on cases (state);
    create table case_people (hash blob not null, case_id text not null, primary key (hash, case_id))
        strict, without rowid;
    -- which pages a case names, and whether this station took them in
    create table case_pages (
        case_id text not null, digest text not null, mine integer not null, primary key (case_id, digest)
    ) strict, without rowid;
    create index case_pages_by_digest on case_pages (digest);

    create table blocks (
        county text not null, first integer not null, last integer not null, next integer not null,
        primary key (county, first)
    ) strict, without rowid;

    create table blobs (
        digest text primary key, file text not null unique, size integer not null, media_type text not null,
        key blob not null, made_at text not null
    ) strict;

    create table uploads (
        case_id text primary key, pages text not null, size integer not null, digest text not null,
        parts text not null
    ) strict;
    -- pages that went over, or could not: not tried again before the server had time to speak of them
    create table tried_pages (
        case_id text not null, digest text not null, tries integer not null, at text not null,
        problem text not null, primary key (case_id, digest)
    ) strict, without rowid;

    create table packs (
        version text primary key, text text not null, algorithm text not null, signature text not null,
        made_on text not null, kept_at text not null
    ) strict;
    create table matters (
        code text not null, version integer not null, text text not null, primary key (code, version)
    ) strict, without rowid;

    create table verifiers (
        username text primary key, clerk_id text not null, clerk text not null, salt blob not null,
        cost integer not null, hash blob not null, verified_at text not null, good_until text not null,
        revoked integer not null default 0
    ) strict;

    create table papers (
        id integer primary key autoincrement, case_id text not null, kind text not null, number text not null,
        digest text not null, outcome text not null, copy integer not null, at text not null
    ) strict;
    create index papers_of_case on papers (case_id, id);
    """,
    """
    -- why a held act was set aside, by whom, who stood by, and which acts were done in its stead (JSON)
    alter table actions add column given_up text not null default '';
    """,
    """
    -- what the server says of other open cases of the same applicant (JSON), and whether a person is still to look
    alter table server_cases add column clashes text not null default '[]';
    alter table server_cases add column to_look_at integer not null default 0;
    """,
    """
    -- the pack in two levels: its matters (the newest version of each) and who offers them; place and units once they
    -- are in the index of words, which has neither their text nor positions
    create table catalogue (
        id integer primary key, code text not null unique, version integer not null, place integer unique,
        units text not null default ''
    ) strict;
    create table terms (
        id integer primary key, accepted_by text not null, grants text not null, unique (accepted_by, grants)
    ) strict;
    create table offerings (
        matter text not null, department text not null, area text not null, terms integer not null,
        primary key (matter, department, area)
    ) strict, without rowid;
    create virtual table words using fts5(
        tokens, content = '', contentless_delete = 1, detail = 'none', tokenize = 'ascii'
    );
    -- parts of a pack on their way, by the digest of what they will be
    create table pack_parts (
        digest text not null, first integer not null, data blob not null, primary key (digest, first)
    ) strict, without rowid;
    insert into catalogue (code, version)
        select value ->> 'code', max(value ->> 'version') from packs, json_each(packs.text, '$.matters')
        group by value ->> 'code';
    insert into terms (accepted_by, grants)
        select distinct value ->> 'accepted_by', value -> 'grants' from packs, json_each(packs.text, '$.offerings');
    insert into offerings
        select value ->> 'matter', value ->> 'department', value ->> 'area', terms.id
        from packs, json_each(packs.text, '$.offerings')
        join terms on terms.accepted_by = value ->> 'accepted_by' and terms.grants = value -> 'grants';
    update packs set text = json_remove(text, '$.matters', '$.offerings');
    """,
    """
    -- what people thought of their visits (JSON, signed), until the server has it: then only that there was one
    create table ratings (visit text primary key, signed text not null, problem text not null default '') strict;
    """,
)
