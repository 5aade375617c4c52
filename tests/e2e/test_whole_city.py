"""After the screens were used: nobody stands anywhere in the clear, and a backup brings nobody back who was erased."""

import json
import shutil
from pathlib import Path

import pytest

from tests import canary
from tests.town import Town, running, said

pytestmark = pytest.mark.asyncio(loop_scope="session")
ERASE = {"purpose": "정보주체의 요청", "confirm": "erase"}


@pytest.mark.timeout(240)
async def test_a_canary_is_in_no_store(town: Town, tmp_path: Path) -> None:
    assert set(canary._traces(f"... {canary.WORDS} ...".encode())) >= {"도요새", canary.PHONE, canary.RESIDENT_NO}
    await canary.enter(town, tmp_path)
    assert await canary.found(town) == []


@pytest.mark.timeout(300)
async def test_who_was_erased_stays_erased_in_a_restored_backup(town: Town, tmp_path: Path, city_folder: Path) -> None:
    people = []
    for number, name in ((1, "홍길동"), (2, "이몽룡")):
        body = {
            "type": "medical",
            "source": "119",
            "external_ref": f"BACKUP-{number}",
            "description": f"{name} 씨 댁",
            "caller": {"name": name, "phone": f"010-5555-000{number}"},
        }
        told = (await town.client.post("/incidents", json=body)).json()
        people.append((told["id"], told["reports"][0]["caller_id"]))
    (_, gone), (incident, stays) = people
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("열쇠는 따로 보관합니다 잊지 마세요\n", encoding="utf-8")
    made, keys = city_folder.parent / "backup", tmp_path / "keys"
    words = ["--data", str(town.folder), "--keys", str(keys), "--passphrase-file", str(passphrase), "--json"]
    assert json.loads(await said("backup", str(made), *words))["ok"]
    for path in made.rglob("*"):
        assert path.is_dir() or "홍길동".encode() not in path.read_bytes()
        assert not {"secrets", "vault.key", "keys.db"} & set(path.parts), "keys are no part of a backup"
    assert b"dure vault keys" not in keys.read_bytes()

    assert (await town.client.post(f"/people/{gone}/erase", json=ERASE)).status_code == 202
    proof = (await town.client.get(f"/people/{gone}/destruction")).json()
    assert (proof["key_destroyed"], proof["records"], proof["index_rows"]) == (True, 0, 0)

    # The keys are from before, too: only the ledger knows what was destroyed since.
    back = city_folder.parent / "restored"
    words = ["--data", str(back), "--keys", str(keys), "--passphrase-file", str(passphrase), "--json"]
    told = json.loads(await said("restore", str(made), *words))
    assert (told["keys"], told["destroyed_again"]) == ("given", 1)
    async with running(back) as restored:
        assert (await restored.client.get(f"/people/{gone}")).status_code == 404
        assert (await restored.client.get(f"/people/{gone}/destruction")).json()["key_destroyed"]
        assert (await restored.client.get(f"/people/{stays}")).json()["name"] == "이*룡"
        shown = (await restored.client.get(f"/incidents/{incident}")).json()
        assert (shown["description"], shown["reports"][0]["caller"]["name"]) == ("이몽룡 씨 댁", "이*룡")
        assert len(await restored.items("/devices")) == len(await town.items("/devices"))
    shutil.rmtree(made)
    shutil.rmtree(back)
