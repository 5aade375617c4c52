"""Places, assets, cameras, devices, people in care (by vault id), boundaries, base map, imports."""

from alembic import op

revision = "0003_city"
down_revision = "0002_trust"
branch_labels = None
depends_on = None

# One function, so that a restore with an empty search_path finds all it calls. Lower case, then the initial consonants
# of the Hangul in the first part (U+AC00 + initial * 588 + vowel * 28 + final): typing ㅈㅇㅅㅈ finds 중앙시장.
_SEARCH = """
    create extension if not exists pg_trgm;
    create function dure_search(parts text[]) returns text language sql immutable parallel safe as $$
        select lower(array_to_string(parts, ' ')) || ' ' || coalesce((
            select string_agg(
                substr('ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ', (ascii(c) - 44032) / 588 + 1, 1), '' order by i
            )
            from unnest(string_to_array(parts[1], null)) with ordinality as letters(c, i)
            where ascii(c) between 44032 and 55203
        ), '')
    $$;
"""
_TABLES = """
    CREATE TABLE asset (
        id UUID NOT NULL,
        kind TEXT NOT NULL,
        code TEXT NOT NULL,
        name TEXT NOT NULL,
        parent_id UUID,
        road_address TEXT,
        lot_address TEXT,
        lon DOUBLE PRECISION,
        lat DOUBLE PRECISION,
        state TEXT DEFAULT 'ok' NOT NULL,
        agency TEXT,
        phone TEXT,
        person_id UUID,
        attrs JSONB DEFAULT '{}'::jsonb NOT NULL,
        version INTEGER DEFAULT 1 NOT NULL,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        updated_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        search TEXT GENERATED ALWAYS AS (dure_search(ARRAY[name, code, road_address, lot_address])) STORED,
        CONSTRAINT pk_asset PRIMARY KEY (id),
        CONSTRAINT ck_asset_state CHECK (state IN ('ok', 'unknown', 'broken', 'off')),
        CONSTRAINT uq_asset_kind_code UNIQUE (kind, code),
        CONSTRAINT fk_asset_parent_id FOREIGN KEY(parent_id) REFERENCES asset (id) ON DELETE RESTRICT
    );
    CREATE INDEX asset_parent ON asset (parent_id);
    CREATE INDEX asset_position ON asset (kind, lon, lat);
    CREATE INDEX asset_search ON asset USING gin (search gin_trgm_ops);
    CREATE TABLE boundary (
        id UUID NOT NULL,
        level TEXT NOT NULL,
        code TEXT NOT NULL,
        name TEXT NOT NULL,
        full_name TEXT NOT NULL,
        geometry JSONB NOT NULL,
        min_lon DOUBLE PRECISION NOT NULL,
        min_lat DOUBLE PRECISION NOT NULL,
        max_lon DOUBLE PRECISION NOT NULL,
        max_lat DOUBLE PRECISION NOT NULL,
        label_lon DOUBLE PRECISION NOT NULL,
        label_lat DOUBLE PRECISION NOT NULL,
        area_m2 DOUBLE PRECISION NOT NULL,
        version INTEGER DEFAULT 1 NOT NULL,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        updated_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        search TEXT GENERATED ALWAYS AS (dure_search(ARRAY[name, full_name, code])) STORED,
        CONSTRAINT pk_boundary PRIMARY KEY (id),
        CONSTRAINT uq_boundary_level_code UNIQUE (level, code)
    );
    CREATE TABLE camera (
        id TEXT NOT NULL,
        site_id TEXT NOT NULL,
        number INTEGER NOT NULL,
        name TEXT NOT NULL,
        model TEXT,
        lon DOUBLE PRECISION NOT NULL,
        lat DOUBLE PRECISION NOT NULL,
        azimuth_deg DOUBLE PRECISION,
        fov_deg DOUBLE PRECISION,
        range_m DOUBLE PRECISION,
        ptz BOOLEAN DEFAULT false NOT NULL,
        state TEXT DEFAULT 'unknown' NOT NULL,
        retention_days INTEGER,
        purposes TEXT[] DEFAULT '{}'::text[] NOT NULL,
        stream_url TEXT,
        source TEXT DEFAULT 'site' NOT NULL,
        version INTEGER DEFAULT 1 NOT NULL,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        updated_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        search TEXT GENERATED ALWAYS AS (dure_search(ARRAY[name, id])) STORED,
        CONSTRAINT pk_camera PRIMARY KEY (id),
        CONSTRAINT ck_camera_state CHECK (state IN ('ok', 'unknown', 'broken', 'off')),
        CONSTRAINT ck_camera_azimuth CHECK (azimuth_deg >= 0 AND azimuth_deg < 360),
        CONSTRAINT ck_camera_fov CHECK (fov_deg > 0 AND fov_deg <= 360),
        CONSTRAINT ck_camera_range CHECK (range_m > 0),
        CONSTRAINT uq_camera_site_id_number UNIQUE (site_id, number)
    );
    CREATE INDEX camera_position ON camera (lon, lat);
    CREATE INDEX camera_search ON camera USING gin (search gin_trgm_ops);
    CREATE TABLE camera_mark (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        camera_ids TEXT[] NOT NULL,
        at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_camera_mark PRIMARY KEY (id)
    );
    CREATE TABLE camera_site (
        id TEXT NOT NULL,
        name TEXT NOT NULL,
        agency_code TEXT,
        managed_no TEXT,
        agency TEXT,
        phone TEXT,
        road_address TEXT,
        lot_address TEXT,
        purposes TEXT[] DEFAULT '{}'::text[] NOT NULL,
        purpose_text TEXT,
        camera_count INTEGER NOT NULL,
        pixels INTEGER,
        direction TEXT,
        retention_days INTEGER,
        installed TEXT,
        data_date TEXT,
        lon DOUBLE PRECISION NOT NULL,
        lat DOUBLE PRECISION NOT NULL,
        version INTEGER DEFAULT 1 NOT NULL,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        updated_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        search TEXT GENERATED ALWAYS AS (dure_search(ARRAY[name, id, road_address, lot_address, purpose_text])) STORED,
        CONSTRAINT pk_camera_site PRIMARY KEY (id)
    );
    CREATE INDEX camera_site_position ON camera_site (lon, lat);
    CREATE INDEX camera_site_search ON camera_site USING gin (search gin_trgm_ops);
    CREATE TABLE care_person (
        id UUID NOT NULL,
        code TEXT NOT NULL,
        kind TEXT NOT NULL,
        person_id UUID NOT NULL,
        district TEXT,
        device_ids TEXT[] DEFAULT '{}'::text[] NOT NULL,
        version INTEGER DEFAULT 1 NOT NULL,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        updated_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_care_person PRIMARY KEY (id),
        CONSTRAINT uq_care_person_code UNIQUE (code)
    );
    CREATE TABLE import_run (
        id UUID NOT NULL,
        kind TEXT NOT NULL,
        file_name TEXT NOT NULL,
        file_size BIGINT NOT NULL,
        sha256 TEXT NOT NULL,
        options JSONB DEFAULT '{}'::jsonb NOT NULL,
        reading JSONB DEFAULT '{}'::jsonb NOT NULL,
        state TEXT NOT NULL,
        done INTEGER DEFAULT 0 NOT NULL,
        total INTEGER,
        cancel BOOLEAN DEFAULT false NOT NULL,
        counts JSONB DEFAULT '{}'::jsonb NOT NULL,
        notes JSONB DEFAULT '[]'::jsonb NOT NULL,
        problem JSONB,
        by_account UUID,
        applied_at TIMESTAMPTZ,
        undo_until TIMESTAMPTZ,
        undone_at TIMESTAMPTZ,
        expires_at TIMESTAMPTZ NOT NULL,
        version INTEGER DEFAULT 1 NOT NULL,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        updated_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_import_run PRIMARY KEY (id),
        CONSTRAINT ck_import_run_state
            CHECK (state IN ('reading', 'ready', 'applying', 'applied',
                'undoing', 'undone', 'cancelled', 'failed', 'expired'))
    );
    CREATE INDEX import_run_recent ON import_run (created_at);
    CREATE TABLE map_feature (
        id UUID NOT NULL,
        layer TEXT NOT NULL,
        class TEXT,
        name TEXT,
        attrs JSONB DEFAULT '{}'::jsonb NOT NULL,
        geometry JSONB NOT NULL,
        min_lon DOUBLE PRECISION NOT NULL,
        min_lat DOUBLE PRECISION NOT NULL,
        max_lon DOUBLE PRECISION NOT NULL,
        max_lat DOUBLE PRECISION NOT NULL,
        version INTEGER DEFAULT 1 NOT NULL,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        updated_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_map_feature PRIMARY KEY (id)
    );
    CREATE INDEX map_feature_layer ON map_feature (layer, min_lon, max_lon);
    CREATE TABLE place (
        id UUID NOT NULL,
        kind TEXT NOT NULL,
        code TEXT NOT NULL,
        name TEXT NOT NULL,
        road_address TEXT,
        lot_address TEXT,
        legal_dong TEXT,
        admin_dong TEXT,
        grid_no TEXT,
        lon DOUBLE PRECISION NOT NULL,
        lat DOUBLE PRECISION NOT NULL,
        version INTEGER DEFAULT 1 NOT NULL,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        updated_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        search TEXT GENERATED ALWAYS AS (dure_search(ARRAY[name, road_address, lot_address, grid_no])) STORED,
        CONSTRAINT pk_place PRIMARY KEY (id),
        CONSTRAINT uq_place_kind_code UNIQUE (kind, code)
    );
    CREATE INDEX place_position ON place (lon, lat);
    CREATE INDEX place_search ON place USING gin (search gin_trgm_ops);
    CREATE TABLE device (
        id TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        group_id TEXT,
        lon DOUBLE PRECISION,
        lat DOUBLE PRECISION,
        asset_id UUID,
        state TEXT DEFAULT 'ok' NOT NULL,
        fault TEXT,
        key_hash BYTEA,
        key_at TIMESTAMPTZ,
        interval_s DOUBLE PRECISION,
        attrs JSONB DEFAULT '{}'::jsonb NOT NULL,
        last_seen TIMESTAMPTZ,
        latest JSONB DEFAULT '{}'::jsonb NOT NULL,
        version INTEGER DEFAULT 1 NOT NULL,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        updated_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        search TEXT GENERATED ALWAYS AS (dure_search(ARRAY[name, id])) STORED,
        CONSTRAINT pk_device PRIMARY KEY (id),
        CONSTRAINT ck_device_state CHECK (state IN ('ok', 'off')),
        CONSTRAINT ck_device_id_form CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
        CONSTRAINT fk_device_asset_id FOREIGN KEY(asset_id) REFERENCES asset (id) ON DELETE SET NULL
    )
     WITH (fillfactor = 70);
    CREATE INDEX device_asset ON device (asset_id);
    CREATE INDEX device_group ON device (group_id);
    CREATE INDEX device_kind ON device (kind, id);
    CREATE INDEX device_position ON device (lon, lat);
    CREATE INDEX device_search ON device USING gin (search gin_trgm_ops);
    CREATE TABLE import_change (
        run_id UUID NOT NULL,
        number INTEGER NOT NULL,
        row INTEGER NOT NULL,
        entity TEXT NOT NULL,
        entity_id TEXT NOT NULL,
        before JSONB,
        version INTEGER NOT NULL,
        CONSTRAINT pk_import_change PRIMARY KEY (run_id, number),
        CONSTRAINT fk_import_change_run_id FOREIGN KEY(run_id) REFERENCES import_run (id) ON DELETE CASCADE
    );
    CREATE INDEX import_change_entity ON import_change (entity, entity_id);
    CREATE TABLE import_row (
        run_id UUID NOT NULL,
        row INTEGER NOT NULL,
        status TEXT NOT NULL,
        key TEXT,
        cells JSONB NOT NULL,
        sealed BYTEA,
        diff JSONB,
        reasons JSONB DEFAULT '[]'::jsonb NOT NULL,
        notes JSONB DEFAULT '[]'::jsonb NOT NULL,
        CONSTRAINT pk_import_row PRIMARY KEY (run_id, row),
        CONSTRAINT ck_import_row_status CHECK (status IN ('added', 'changed', 'same', 'rejected')),
        CONSTRAINT fk_import_row_run_id FOREIGN KEY(run_id) REFERENCES import_run (id) ON DELETE CASCADE
    );
    CREATE INDEX import_row_status_row ON import_row (run_id, status, row);
"""


_MARKS = """
    create function camera_marked() returns trigger language plpgsql as $$
    begin
        insert into camera_mark (camera_ids) select array_agg(id) from changed having count(*) > 0;
        return null;
    end $$;
    create trigger camera_inserted after insert on camera referencing new table as changed
        for each statement execute function camera_marked();
    create trigger camera_updated after update on camera referencing new table as changed
        for each statement execute function camera_marked();
    create trigger camera_deleted after delete on camera referencing old table as changed
        for each statement execute function camera_marked();
"""


def upgrade() -> None:
    op.execute(_SEARCH)
    op.execute(_TABLES)
    op.execute(_MARKS)
