"""Every query of the index of recordings."""

from sqlalchemy import text

RECORDED = text(
    "select id, retention_days from camera where recorded and stream_url is not null and state <> 'off' order by id"
)

PUT = text(
    """
    insert into video_recording (id, camera_id, started_at, ended_at, path, codec, width, height, timescale, init_id,
        init_bytes, bytes, pictures, keys, state)
    values (:id, :camera_id, :started_at, :ended_at, :path, :codec, :width, :height, :timescale, :init_id,
        :init_bytes, :bytes, :pictures, :keys, :state)
    on conflict (id) do update set ended_at = excluded.ended_at, bytes = excluded.bytes, pictures = excluded.pictures,
        keys = excluded.keys, state = excluded.state
    where video_recording.state = 'open'
    """
)
LEFT_OPEN = text("select id, path from video_recording where state = 'open'")
KNOWN = text("select id from video_recording where id = any(:ids)")
FORGET = text("delete from video_recording where id = any(:ids)")

SHOWN = text(
    """
    select r.*, :now - make_interval(days => coalesce(c.retention_days, :days)) as oldest
    from video_recording r left join camera c on c.id = r.camera_id
    where r.camera_id = any(:cameras) and r.state <> 'going' and r.started_at < :until and r.ended_at > :since
      and r.ended_at > :now - make_interval(days => coalesce(c.retention_days, :days))
    order by r.camera_id, r.started_at
    """
)
"""Recordings that touch a stretch and may still be shown: a file whose time is over is not, gone or not."""
SPANS = text(
    """
    select r.camera_id, r.ended_at,
      greatest(r.started_at, :now - make_interval(days => coalesce(c.retention_days, :days))) as started_at
    from (
      select camera_id, started_at, ended_at from video_recording where state <> 'going' and camera_id = any(:cameras)
      union all
      select t.camera_id, s.started_at, s.ended_at from video_recorder_span s
      join video_recorder_track t on t.recorder_id = s.recorder_id and t.token = s.token
      where t.camera_id = any(:cameras)
    ) r left join camera c on c.id = r.camera_id
    where r.started_at < :until and r.ended_at > :since
      and r.ended_at > :now - make_interval(days => coalesce(c.retention_days, :days))
    order by r.camera_id, r.started_at
    """
)
"""From when until when there are pictures, ours and those that stand on a recorder."""

OVER = text(
    """
    select r.id, r.camera_id, r.path, r.started_at, r.ended_at
    from video_recording r left join camera c on c.id = r.camera_id
    where r.state = 'closed' and r.started_at <= :now - make_interval(days => coalesce(c.retention_days, :days))
      and (cast(:after_at as timestamptz) is null or (r.started_at, r.id) > (:after_at, cast(:after_id as uuid)))
    order by r.started_at, r.id limit :most for update of r skip locked
    """
)
OLDEST = text(
    """
    select id, camera_id, path, started_at, ended_at, bytes from video_recording
    where state = 'closed' and ended_at <= :before
      and (cast(:after_at as timestamptz) is null or (started_at, id) > (:after_at, cast(:after_id as uuid)))
    order by started_at, id limit :most for update skip locked
    """
)
BYTES = text("select coalesce(sum(bytes), 0) from video_recording where state <> 'going'")
GO = text("update video_recording set state = 'going' where id = any(:ids)")
GOING = text("select id, path from video_recording where state = 'going' limit :most")
