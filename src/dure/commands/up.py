"""`dure up`: starts the whole city on this machine and stays with it."""

import argparse
import json
import logging
import logging.handlers
import os
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dure.commands.speech import message, pick, write, write_error

if TYPE_CHECKING:
    from dure.engine.servers.reach import Ready
    from dure.engine.servers.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[3]


def arguments(parser: argparse.ArgumentParser) -> None:
    """`dure up`'s options."""

    def add(name: str, ko: str, en: str, **more: Any) -> None:
        parser.add_argument(name, help=pick(ko, en), **more)

    add("--sample", "빈 도시를 견본 도시로 채웁니다", "fill an empty city with the sample city", action="store_true")
    add(
        "--host",
        "들을 주소 (기본: 이 기계만)",
        "address to listen on (default: this machine only)",
        default="127.0.0.1",
    )
    add("--port", "화면과 API (0: 빈 포트, 기본 8080)", "screens and API (0: any free; 8080)", type=_port, default=8080)
    add("--mqtt-port", "MQTT (0: 빈 포트, 기본 1883)", "MQTT (0: any free; 1883)", type=_port, default=1883)
    add("--video-port", "영상 (0: 빈 포트)", "video (0: any free)", type=_port, default=0)
    add("--data", "도시의 폴더 (기본 .dure/city)", "the city's folder (default .dure/city)", type=Path)
    add("--tls-cert", "인증서 PEM (없으면 스스로 만듦)", "certificate PEM (made by dure when absent)", type=Path)
    add("--tls-key", "인증서의 열쇠 PEM", "the certificate's key PEM", type=Path)
    add("--public-url", "밖에서 보이는 주소", "the address seen from outside")
    add("--no-browser", "브라우저를 열지 않습니다", "do not open a browser", action="store_true")
    add("--json", "시작하면 JSON 한 줄을 씁니다", "print one JSON line once it serves", action="store_true")


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError("0..65535")
    return value


def run(args: argparse.Namespace) -> int:
    """Runs the city until it is told to end."""
    from dure.engine.servers.place import default_folder
    from dure.engine.servers.reach import Options, Ready
    from dure.engine.servers.supervisor import Supervisor

    if bool(args.tls_cert) != bool(args.tls_key):
        write_error(message("cli.up.tls_pair"))
        return 2
    if args.sample:
        os.environ["DURE_SAMPLE_CAMERAS"] = "1"
        os.environ.setdefault("DURE_RECORDINGS_BYTES", "2000000000")
        os.environ.setdefault("DURE_RECORDINGS_KEEP_H", "1")
    console = ROOT / "console" / "dist"
    options = Options(
        folder=args.data or default_folder(),
        host=args.host,
        port=args.port,
        mqtt_port=args.mqtt_port,
        video_port=args.video_port,
        certificate=args.tls_cert and args.tls_cert.resolve(),
        key=args.tls_key and args.tls_key.resolve(),
        public_url=args.public_url or os.environ.get("DURE_PUBLIC_URL"),
        console=console if (console / "index.html").exists() else None,
    )
    folder = options.folder.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "logs").mkdir(mode=0o700, exist_ok=True)
    log = logging.handlers.RotatingFileHandler(folder / "logs" / "supervisor.log", maxBytes=5_000_000, backupCount=1)
    logging.basicConfig(handlers=[log], level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for chatty in ("alembic", "sqlalchemy"):
        logging.getLogger(chatty).setLevel(logging.WARNING)

    def prepare(url: str) -> None:
        from dure.engine.servers.access import bring_up_to_date

        bring_up_to_date(url)
        if (folder / "secrets" / "destroyed.jsonl").exists() or os.environ.get("DURE_LEDGER_COPY"):
            city.call("dure.commands.vault:settle", url, str(folder))
        if args.sample:
            _fill(city, url, folder)

    def ready(made: Ready) -> None:
        secret = city.call("dure.commands.up:admin_link", made.database_url)
        link = f"{made.url}/#/setup?token={secret}" if secret else None
        if args.json:
            _json_line(made, link)
        else:
            _greet(made, link, folder, browser=not args.no_browser)

    city = Supervisor(options, prepare)
    return city.run(ready)


def _fill(city: "Supervisor", url: str, folder: Path) -> None:
    """The sample city, in an empty one. A process beside looks first: making a city takes many imports."""
    if city.call("dure.commands.sample:empty", url):
        from dure.commands.sample import fill

        fill(url, folder)
    else:
        write_error(message("cli.up.sample_not_empty"))


def admin_link(url: str) -> str | None:
    """The secret of a one-time link for the first administrator; None when there is one already."""
    import asyncio

    from dure.engine.database import Database
    from dure.trust import admin_link as links

    async def issue() -> str | None:
        database = Database(url, pool_size=1)
        try:
            async with database.transaction() as tx:
                return await links.issue(tx)
        finally:
            await database.close()

    return asyncio.run(issue())


def _json_line(city: "Ready", link: str | None) -> None:
    values = {"ready": True, "url": city.url, "mqtt": city.mqtt, "video": city.video, "admin_link": link}
    write(json.dumps(values, ensure_ascii=False))


def _greet(city: "Ready", link: str | None, folder: Path, *, browser: bool) -> None:
    write(message("cli.up.ready", url=city.url))
    write(message("cli.up.mqtt", address=city.mqtt))
    if link:
        write(message("cli.up.admin", link=link))
    if city.url.startswith("https:"):
        write(message("cli.up.authority", path=str(folder / "tls" / "ca.pem")))
    write(message("cli.up.stop"))
    if browser and sys.stdout.isatty() and _has_screen():
        webbrowser.open(link or city.url)


def _has_screen() -> bool:
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
