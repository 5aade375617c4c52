"""What a process must know to start, read from the environment that the supervisor sets."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Where this city's engines and files are.

    `database_url` and `nats_url` hold passwords: never log them. `partitions` is how many shards the observations are
    cut into; `sync_always` makes the stream fsync each message. `trusted_proxies` are CIDRs that may name a client's
    address. `stream_bytes` is what the stream of observations may hold before it refuses; `history_days` is how long
    files of history are kept. `video_url` is where screens reach the relay; `camera_networks` are the CIDRs that
    pictures may be fetched from (empty: the usual private ones). `recordings_bytes` is what past pictures may take
    (0: as much as the disk has), `recordings_keep_h` how many hours of them stay, however full it is.
    """

    data: Path
    database_url: str
    nats_url: str
    host: str = "127.0.0.1"
    port: int = 0
    mqtt_host: str = "127.0.0.1"
    mqtt_port: int = 0
    public_url: str = "http://localhost"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    partitions: int = 1
    sync_always: bool = False
    city_zone: str = "Asia/Seoul"
    console: Path | None = None
    trusted_proxies: tuple[str, ...] = ()
    session_idle_s: int = 30 * 60
    session_absolute_s: int = 12 * 3600
    stream_bytes: int = 20_000_000_000
    history_days: int = 400
    video_port: int = 0
    video_url: str | None = None
    camera_networks: tuple[str, ...] = ()
    recordings_bytes: int = 0
    recordings_keep_h: float = 24.0

    @property
    def secure(self) -> bool:
        """Whether browsers reach the city by TLS: its own, or that of a proxy before it."""
        return self.public_url.startswith("https://") or self.tls_cert is not None


def city_zone(environment: Mapping[str, str] = os.environ) -> str:
    """The city's time zone, for what has no `Settings` in hand: its days begin there."""
    return environment.get("DURE_CITY_ZONE", "Asia/Seoul")


def public_url(environment: Mapping[str, str] = os.environ) -> str:
    """Where browsers outside reach the city, for what has no `Settings` in hand; without a slash at its end."""
    return environment.get("DURE_PUBLIC_URL", "http://localhost").rstrip("/")


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in `environment` (`DURE_*`). Raises KeyError naming the variable that is missing."""

    def path(name: str) -> Path | None:
        value = environment.get(name)
        return Path(value) if value else None

    return Settings(
        data=Path(environment["DURE_DATA"]),
        database_url=environment["DURE_DATABASE_URL"],
        nats_url=environment["DURE_NATS_URL"],
        host=environment.get("DURE_HOST", "127.0.0.1"),
        port=int(environment.get("DURE_PORT", "0")),
        mqtt_host=environment.get("DURE_MQTT_HOST", "127.0.0.1"),
        mqtt_port=int(environment.get("DURE_MQTT_PORT", "0")),
        public_url=environment.get("DURE_PUBLIC_URL", "http://localhost"),
        tls_cert=path("DURE_TLS_CERT"),
        tls_key=path("DURE_TLS_KEY"),
        partitions=int(environment.get("DURE_PARTITIONS", "1")),
        stream_bytes=int(environment.get("DURE_STREAM_BYTES", "20000000000")),
        history_days=int(environment.get("DURE_HISTORY_DAYS", "400")),
        sync_always=environment.get("DURE_SYNC_ALWAYS", "") == "1",
        city_zone=city_zone(environment),
        video_port=int(environment.get("DURE_VIDEO_PORT", "0")),
        video_url=environment.get("DURE_VIDEO_URL"),
        recordings_bytes=int(environment.get("DURE_RECORDINGS_BYTES", "0")),
        recordings_keep_h=float(environment.get("DURE_RECORDINGS_KEEP_H", "24")),
        camera_networks=tuple(filter(None, environment.get("DURE_CAMERA_NETWORKS", "").split(","))),
        console=path("DURE_CONSOLE"),
        trusted_proxies=tuple(filter(None, environment.get("DURE_TRUSTED_PROXIES", "").split(","))),
        session_idle_s=int(environment.get("DURE_SESSION_IDLE_S", "1800")),
        session_absolute_s=int(environment.get("DURE_SESSION_ABSOLUTE_S", "43200")),
    )
