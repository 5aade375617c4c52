"""A person who does not exist, put in by every door of a city and then searched for in everything that it keeps."""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from pyarrow import parquet

from dure.engine.servers.access import running_database_url
from dure.engine.servers.place import Place
from tests.town import Town, said

NAME, PHONE, RESIDENT_NO, STREET = "남궁도요새", "010-9753-8642", "580304-2975318", "도요새로77길"
WORDS = f"{NAME} 씨가 {STREET}에서 쓰러졌다고 함, 연락처 {PHONE}, 주민등록번호 {RESIDENT_NO}"
TRACES = (
    *("도요새", "도요새로", PHONE, PHONE.replace("-", ""), "97538642"),
    *(RESIDENT_NO, RESIDENT_NO.replace("-", ""), "2975318"),
)
"""What must be found nowhere: also parts of it, as screens, files and programs write them."""


def encodings(trace: str) -> Iterator[bytes]:
    """How a store may hold it: the encodings of Korean files, escaped JSON, and hexadecimal as COPY writes bytes."""
    for encoding in ("utf-8", "cp949", "utf-16-le", "utf-16-be"):
        yield trace.encode(encoding)
    yield json.dumps(trace).strip('"').encode()
    yield trace.encode().hex().encode()


NEEDLES = {needle: trace for trace in TRACES for needle in encodings(trace)}


async def enter(town: Town, scratch: Path) -> tuple[str, str]:
    """Put the canary in by every door; the ids of an incident that told of it and of the person who called."""
    await _imported(
        town,
        scratch,
        "people",
        "관리번호,성명,구분,생년월일,주민등록번호,주소,행정동,연락처,보호자,보호자연락처,특이사항,장치ID\n"
        f"CANARY-1,{NAME},독거노인,1958-03-04,{RESIDENT_NO},{STREET} 5,중앙동,{PHONE},{NAME},{PHONE},{NAME} 천식,\n"
        f"CANARY-2,{NAME},독거노인,없음,{RESIDENT_NO},{STREET} 5,중앙동,{PHONE},{NAME},{PHONE},{NAME},\n",
    )
    market = (await town.items("/assets", kind="market"))[0]["name"]
    await _imported(
        town, scratch, "stalls",
        f"시장명,점포번호,구역,상호,업종,점주,연락처,위도,경도\n{market},C-77,가,가게,채소,{NAME},{PHONE},36.63,127.43\n",
    )  # fmt: skip
    report = {"type": "medical", "source": "119", "external_ref": "CANARY", "lon": 127.43, "lat": 36.63}
    told = {**report, "description": WORDS, "caller": {"name": NAME, "phone": PHONE}}
    incident = await _post(town, "/incidents", told)
    await _post(town, "/incidents", {**told, "description": f"다시: {WORDS}"})
    path = f"/incidents/{incident['id']}"
    handoff = {"agency": "fire", "kind": "joint", "note": WORDS}
    handed = await _post(town, f"{path}/handoffs", handoff)
    await _post(town, f"{path}/handoffs/{handed['handoffs'][0]['id']}/decline", {"reason": WORDS})
    await _post(town, f"{path}/notes", {"text": WORDS})
    await _post(town, f"{path}/severity", {"severity": "critical", "reason": WORDS})
    shown = await _post(town, f"{path}/close", {"outcome": "real", "reason": WORDS})
    assert (shown["description"], shown["outcome_reason"]) == (WORDS, WORDS)
    assert any(WORDS in entry["text"] for entry in shown["timeline"]), "who may read reads it"
    caller = shown["reports"][0]["caller_id"]
    for field, value in (("name", NAME), ("phone", PHONE), ("resident_no", RESIDENT_NO)):
        found = await _post(town, "/people/find", {"field": field, "value": value})
        assert found["items"], field
        assert NAME not in json.dumps(found, ensure_ascii=False)
    await town.client.get("/incidents", params={"q": NAME})
    return incident["id"], caller


async def _post(town: Town, path: str, body: dict[str, Any]) -> Any:
    key = {"idempotency-key": f"canary {path} {len(json.dumps(body))}"}
    answer = await town.client.post(path, json=body, headers=key)
    assert answer.status_code in {200, 201}, (path, answer.text)
    again = await town.client.post(path, json=body, headers=key)
    assert again.status_code in {200, 201, 409}, (path, again.text)  # kept, and given again
    return answer.json()


async def _imported(town: Town, scratch: Path, kind: str, text: str) -> None:
    """By the command, and by the screen, where the preview waits."""
    file = scratch / f"{kind}.csv"
    file.write_text(text, encoding="utf-8")
    result = json.loads(await said("import", kind, str(file), "--data", str(town.folder), "--json"))
    assert result["imported"] + result["updated"] >= 1, result
    given = {"file": (f"{kind}.csv", text.encode("cp949"))}
    answer = await town.client.post("/imports", data={"kind": kind}, files=given)
    assert answer.status_code == 201, answer.text
    file.unlink()


async def found(town: Town) -> list[str]:
    """Where it is: tables of every schema as COPY writes them, history as DuckDB reads it, and every file of the city
    byte for byte: heaps and write-ahead log of PostgreSQL, the stream's files, logs, uploads, keys, notes.
    """
    return await asyncio.to_thread(lambda: [*_tables(town), *_history(town), *_files(town)])


def _tables(town: Town) -> Iterator[str]:
    url = running_database_url(Place(town.folder))
    assert url is not None
    with psycopg.connect(url) as line:
        names = line.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname !~ '^(pg_|information_)'"
        ).fetchall()
        assert len(names) > 30, names
        for (name,) in names:
            with line.cursor().copy(f"copy (select * from {name}) to stdout") as rows:
                whole = b"".join(bytes(part) for part in rows)
            yield from (f"table {name}: {trace}" for trace in _traces(whole))


def _history(town: Town) -> Iterator[str]:
    for path in (town.folder / "history").rglob("*.parquet"):
        rows = parquet.read_table(path).to_pylist()
        yield from (f"{path}: {trace}" for trace in _traces(repr(rows).encode()))


def _files(town: Town) -> Iterator[str]:
    folders = [town.folder]
    pointer = town.folder / "postgres.path"
    if pointer.exists():
        folders.append(Path(pointer.read_text(encoding="utf-8").strip()))
    for folder in folders:
        # Also where a folder goes while it is walked, as those of temporary files do.
        for path in sorted(Path(place) / name for place, _, names in os.walk(folder) for name in names):
            if path.is_file() and not path.is_symlink():
                try:
                    whole = path.read_bytes()
                except FileNotFoundError:  # gone meanwhile
                    continue
                yield from (f"file {path}: {trace}" for trace in _traces(whole))


def _traces(whole: bytes) -> set[str]:
    return {trace for needle, trace in NEEDLES.items() if needle in whole}
