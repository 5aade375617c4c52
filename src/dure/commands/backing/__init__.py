"""A city as files: what `dure backup` writes and `dure restore` reads.

    DIR/manifest.json   what is here, with sizes and hashes, when it was made, of which city
    DIR/database.dump   all records (pg_dump, custom format): who people are stands in it sealed
    DIR/history/        observations by hour, Parquet
    DIR/settings.json   the city's settings, without passwords

Keys are not in it (ADR 0010): `dure vault export` writes them, to be kept apart.
"""
