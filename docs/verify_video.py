"""Says whether an archive of pictures that dure exported is as the city made it. It needs nothing of dure.
두레가 내보낸 영상 묶음이 도시가 만든 그대로인지 말합니다. 두레 없이 돌아갑니다.

    python verify_video.py ARCHIVE.zip [--key KEY]

KEY is a public key of the city (name+id+base64), had by another way than this archive; without it the archive vouches
for itself with the key that lies in it. Python 3.11 and `cryptography`; C2SP signed-note. It speaks Korean where
DURE_LANG or the locale says so. Exit 0: whole (온전함), 1: changed (바뀜), 2: not read (읽지 못함).
"""  # noqa: INP001

import argparse
import base64
import hashlib
import json
import os
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT, NOTE = "dure-video-1", "dure video export v1"
BESIDE = {"manifest.json", "manifest.note", "city.key"}
LARGEST = 1 << 28  # bytes of a manifest


STEPS = {
    "asked": ("요청함", "asked"),
    "begun": ("만들기 시작", "begun"),
    "ready": ("다 만듦", "ready"),
}


class Changed(Exception): ...


def korean() -> bool:
    told = (os.environ.get(name) for name in ("DURE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"))
    return next((one for one in told if one), "").lower().startswith("ko")


def pick(ko: str, en: str) -> str:
    return ko if korean() else en


def need(so: bool, told: str) -> None:
    if not so:
        raise Changed(told)


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def signed(key: str, note: str) -> list:
    """The lines of a note that this key (name+id+base64(1, 32 bytes)) signed."""
    (name, told, rest), (text, _, below) = key.strip().split("+", 2), note.rpartition("\n\n")
    id_ = sha(f"{name}\n".encode() + (raw := base64.b64decode(rest, validate=True)))[:4]
    need(
        raw[0] == 1 and id_.hex() == told,
        pick("도시의 열쇠가 이런 열쇠가 아닙니다", "the city's key is no key of this kind"),
    )
    blobs = [base64.b64decode(row.split(" ")[2]) for row in below.splitlines() if row.startswith(f"— {name} ")]
    mine = b"".join(one[4:] for one in blobs if one[:4] == id_)
    try:
        Ed25519PublicKey.from_public_bytes(raw[1:]).verify(mine, f"{text}\n".encode())
    except InvalidSignature:
        told = pick("목록이 도시의 열쇠로 서명되지 않았습니다", "the manifest is not signed by the city's key")
        raise Changed(told) from None
    return text.split("\n")


def small(archive: zipfile.ZipFile, name: str) -> bytes:
    need(name in archive.namelist(), pick(f"{name} 파일이 없습니다", f"{name} is missing"))
    need(archive.getinfo(name).file_size <= LARGEST, pick(f"{name} 파일이 너무 큽니다", f"{name} is too large"))
    return archive.read(name)


def film(archive: zipfile.ZipFile, told: dict) -> None:
    """A film is the one that was made; where not, from which second on it was changed."""
    name = told["file"]
    need(name in archive.namelist(), pick(f"{name} 파일이 없습니다", f"{name} is missing"))
    whole, size = hashlib.sha256(), 0
    with archive.open(told["file"]) as file:
        while block := file.read(1 << 20):
            whole.update(block)
            size += len(block)
    if whole.hexdigest() != told["sha256"] or size != told["bytes"]:
        at = where(archive, told)
        raise Changed(pick(f"{name} 파일이 바뀌었습니다: {at}", f"{name} was changed: {at}"))


def where(archive: zipfile.ZipFile, told: dict) -> str:
    with archive.open(told["file"]) as file:
        head = archive.getinfo(told["file"]).file_size - sum(one["bytes"] for one in told["result"])
        file.read(max(head, 0))
        for one in told["result"]:
            if hashlib.sha256(file.read(one["bytes"])).hexdigest() != one["sha256"]:
                second = f"{one['begin_ms'] / 1000:.1f}"
                return pick(f"{second}초부터", f"from second {second} on")
    return pick("첫 그림 앞이나 마지막 그림 뒤", "before its first picture, or behind its last")


def checked(path: Path, key: str | None) -> list:
    """What is said of a whole archive, line by line."""
    with zipfile.ZipFile(path) as archive:
        manifest = small(archive, "manifest.json")
        lines = signed(key or small(archive, "city.key").decode(), small(archive, "manifest.note").decode())
        need(lines[0] == NOTE, pick("서명이 다른 것에 대한 것입니다", "the note is about something else"))
        whole = hashlib.sha256(manifest).hexdigest()
        need(lines[1] == whole, pick("목록이 바뀌었습니다", "the manifest was changed"))
        told = json.loads(manifest)
        known = told["format"] == FORMAT
        need(known, pick("이 프로그램이 모르는 형식입니다", "a format that this program does not know"))
        for one in told["films"]:
            film(archive, one)
        rest = ", ".join(sorted(set(archive.namelist()) - BESIDE - {one["file"] for one in told["films"]}))
        need(not rest, pick(f"더해진 것이 있습니다: {rest}", f"something was added: {rest}"))
        once = len(archive.namelist()) == len(set(archive.namelist()))
        need(once, pick("같은 이름이 두 번 있습니다", "a name stands twice in the archive"))
    return described(told)


def described(told: dict) -> list:
    """What a manifest says, line by line."""
    right, ends, no = told["right"], told["expires_at"], told["case"]["receipt_no"]
    who, agency, by = right["requester"]["name"], right["requester"]["agency"] or "-", right["approver"]
    over = datetime.fromisoformat(ends) < datetime.now(UTC)
    late, none = pick(" - 기한이 지났습니다", " - THAT TIME IS OVER") if over else "", ", ".join(told["missing"])
    paper, ground = right["document"], right["ground"]
    return [
        pick(f"상황 {no}, 문서번호 {paper}, 근거 {ground}", f"case {no}, document {paper}, ground {ground}"),
        pick(f"받는 사람 {who} ({agency}), 승인 {by}", f"for {who} ({agency}), approved by {by}"),
        pick("목적: ", "purpose: ") + right["purpose"],
        *(f"{pick(*STEPS.get(one['what'], (one['what'],) * 2))}: {one['at']} {one['who']}" for one in told["custody"]),
        *(film_line(one) for one in told["films"]),
        *([pick(f"영상이 없는 카메라: {none}", f"no pictures of: {none}")] if none else []),
        pick(f"파기 기한 {ends}", f"to be destroyed by {ends}") + late,
    ]


def film_line(one: dict) -> str:
    gaps = "; ".join(f"{begin} ~ {end}" for begin, end in one["gaps"]) or pick("없음", "none")
    name, many, by = one["file"], one["pictures"], one["detector"]
    covered = sum(len(mask["polygons"]) for mask in one["masks"])
    ko = f"{name}: 그림 {many:,}장, 빈 시간 {gaps}, 가림 {covered}곳, 흐림 처리 {by}"
    return pick(ko, f"{name}: {many} pictures, gaps {gaps}, {covered} masks, blurred by {by}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--key", help="the city's public key, or a file that holds it")
    args = parser.parse_args()
    code, told = said(args.archive, args.key)
    (sys.stderr if code == 2 else sys.stdout).write(f"{told}\n")
    return code


def said(archive: Path, key: str | None) -> tuple:
    """The exit code and what is told."""
    try:
        if key is not None and "+" not in key:
            key = Path(key).read_text(encoding="utf-8")
        lines = checked(archive, key)
    except Changed as changed:
        return 1, pick("바뀜: ", "CHANGED: ") + str(changed)
    except zipfile.BadZipFile as error:
        return 1, pick(f"바뀜: 묶음이 깨졌습니다: {error}", f"CHANGED: the archive is damaged: {error}")
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        return 2, pick(f"읽지 못함: {error}", f"not read: {error}")
    own = pick(
        " (묶음에 든 열쇠로: 도시의 열쇠와 견주어 보세요)", " (by the key in the archive: compare it with the city's)"
    )
    first = pick("온전함: 도시가 만든 그대로입니다", "whole: as the city made it") + ("" if key else own)
    return 0, "\n".join([first, *lines])


if __name__ == "__main__":
    sys.exit(main())
