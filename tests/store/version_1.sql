PRAGMA application_id = 1230196551;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE audits (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        at INTEGER NOT NULL,
        who TEXT NOT NULL,
        act TEXT NOT NULL,
        row TEXT NOT NULL,
        reason TEXT NOT NULL
    ) STRICT
    ;
CREATE TABLE batches (
        seq INTEGER PRIMARY KEY,
        merchant TEXT NOT NULL,
        terminal TEXT NOT NULL,
        number TEXT NOT NULL,
        version INTEGER NOT NULL,
        closed INTEGER,
        data BLOB NOT NULL,
        UNIQUE (terminal, merchant, number)
    ) STRICT
    ;
CREATE TABLE claims (
        stan TEXT NOT NULL,
        terminal TEXT NOT NULL,
        merchant TEXT NOT NULL,
        batch TEXT NOT NULL,
        kind TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (stan, terminal, merchant, batch, kind)
    ) WITHOUT ROWID, STRICT
    ;
INSERT INTO "claims" VALUES('000001','T','M','000007','sale',1);
CREATE TABLE dialects (name TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE flagged (seq INTEGER PRIMARY KEY) STRICT;
INSERT INTO "flagged" VALUES(2);
CREATE TABLE later (
        seq INTEGER PRIMARY KEY,
        state TEXT NOT NULL,
        amount INTEGER,
        rrn TEXT,
        approval TEXT,
        story TEXT NOT NULL,
        changes BLOB
    ) STRICT
    ;
INSERT INTO "later" VALUES(1,'done',NULL,'R1','A1','2 answered 00
3 delivered
',X'82A6616E7377657282A161A162A163C401FFA4636F6465A23030');
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) WITHOUT ROWID, STRICT;
INSERT INTO "meta" VALUES('since',1795176000000000);
CREATE TABLE rows (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        received INTEGER NOT NULL,
        kind TEXT NOT NULL,
        merchant TEXT NOT NULL,
        terminal TEXT NOT NULL,
        stan TEXT NOT NULL,
        batch TEXT NOT NULL,
        amount INTEGER NOT NULL,
        card_hash BLOB NOT NULL,
        state TEXT NOT NULL,
        rrn TEXT,
        approval TEXT,
        story TEXT NOT NULL,
        body BLOB NOT NULL
    ) STRICT
    ;
INSERT INTO "rows" VALUES(1,'row-000001',1795176000000000,'sale','M','T','000001','000007',1234,X'68617368','sending',NULL,NULL,'1 received
',X'DC001EC3C40166A430323030A3383430B03437363137332A2A2A2A2A2A30303130C4067365616C6564AA31313230313230303030AA323032362D31312D3230C0A0A0C2A0A080A0A0C3A00000A00000A090A0C0C0C2');
INSERT INTO "rows" VALUES(2,'row-000002',1795176000000000,'void','M','T','000002','000007',1234,X'68617368','stuck',NULL,NULL,'',X'DC001E90C40166A430323030A3383430B03437363137332A2A2A2A2A2A30303130C4067365616C6564AA31313230313230303030AA323032362D31312D3230C0A0A0C2A0A080A0A0C3A00000A00000A091B2646F75626C653F20726F772D303030303031A0C0C0C2');
CREATE TABLE unclaimed (
        stan TEXT NOT NULL,
        terminal TEXT NOT NULL,
        merchant TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (stan, terminal, merchant, seq)
    ) WITHOUT ROWID, STRICT
    ;
INSERT INTO "unclaimed" VALUES('000002','T','M',2);
CREATE TABLE unsettled (seq INTEGER PRIMARY KEY) STRICT;
INSERT INTO "unsettled" VALUES(2);
CREATE UNIQUE INDEX rows_id ON rows (id);
CREATE INDEX rows_rrn ON rows (rrn) WHERE rrn IS NOT NULL;
CREATE INDEX rows_approval ON rows (approval) WHERE approval IS NOT NULL;
CREATE INDEX later_rrn ON later (rrn) WHERE rrn IS NOT NULL;
CREATE INDEX later_approval ON later (approval) WHERE approval IS NOT NULL;
CREATE INDEX audits_row ON audits (row);
COMMIT;
