"""`dure doctor`: what is wrong with this machine or this city, and how to mend it."""

import argparse
import json
from pathlib import Path

from dure.commands.speech import message, pick, write

_SIGNS = {"ok": "✓", "warn": "!", "fail": "✗"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """`dure doctor`'s options."""
    parser.add_argument("--data", type=Path, help=pick("도시의 폴더 (기본 .dure/city)", "the city's folder"))
    parser.add_argument("--host", default="127.0.0.1", help=pick("들을 주소", "address to listen on"))
    parser.add_argument("--port", type=int, default=8080, help=pick("살펴볼 포트", "port to look at"))
    parser.add_argument("--mqtt-port", type=int, default=1883, help=pick("살펴볼 MQTT 포트", "MQTT port to look at"))
    parser.add_argument("--json", action="store_true", help="JSON")


def run(args: argparse.Namespace) -> int:
    """0 when nothing fails, 1 otherwise."""
    from dure.engine.servers.doctor import Subject, examine
    from dure.engine.servers.place import Place, default_folder

    subject = Subject(Place(args.data or default_folder()), args.host, args.port, args.mqtt_port)
    shown = []
    for finding in examine(subject):
        key = f"doctor.{finding.check}.{finding.variant}"
        if finding.variant == "unknown":
            key = "doctor.unknown"
        params = {"check": finding.check, **finding.params}
        mend = message(f"{key}.mend", **params) if finding.level != "ok" else None
        entry = {"check": finding.check, "level": finding.level, "what": message(key, **params), "mend": mend}
        shown.append(entry)
        if not args.json:
            write(f"{_SIGNS[finding.level]} {entry['what']}")
            if mend:
                write(f"    → {mend}")
    good = all(entry["level"] != "fail" for entry in shown)
    if args.json:
        write(json.dumps({"ok": good, "findings": shown}, ensure_ascii=False))
    return 0 if good else 1
