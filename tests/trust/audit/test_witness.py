"""A witness cosigns what continues what it saw, and refuses a rollback or a fork with both checkpoints as its proof."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from dure import cli
from dure.trust.audit import merkle, witness
from dure.trust.audit.drill import Copy, rebuilt, resigned
from dure.trust.audit.keys import named
from dure.trust.audit.note import COSIGNATURE, BadNote, Signer, unchecked, verifier
from dure.trust.audit.witness import Offered, Refused, Witness, judge
from tests.trust.audit.making import CITY, line, signed, written

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEY = str(CITY.verifier())
LOG = written(23)


def offer(log: Copy, first: int, second: int) -> Offered:
    """The city's word over `second` lines, proven from `first` on."""
    leaves = [one.leaf for one in log.lines]
    spans = merkle.consistency_spans(first, second) if 0 < first <= second else []
    return Offered(signed(list(log.lines), second), first, [merkle.root(leaves[a:b]) for a, b in spans])


def other(n: int) -> Copy:
    """The same log with another line `n`, signed by the city's own key."""
    lines = list(LOG.lines)
    lines[n - 1] = replace(lines[n - 1], line=line(n, purpose="other"))
    lines = rebuilt(lines)
    return Copy(lines, resigned(lines, LOG.notes, CITY), [])


def test_what_continues_is_cosigned_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    witness = Witness(tmp_path, KEY)
    synced: list[int] = []
    monkeypatch.setattr("dure.trust.audit.witness.os.fsync", lambda handle: synced.append(os.fstat(handle).st_size))
    for first, second in ((0, 0), (0, 5), (5, 5), (5, 17), (17, 23)):
        cosigned = witness.take(offer(LOG, first, second), NOW)
        assert isinstance(cosigned, str)
        assert witness.signer.verifier(COSIGNATURE).cosigned_at(cosigned) == NOW
        assert CITY.verifier().opened(cosigned).size == second
        assert synced[-1] == (tmp_path / "seen.jsonl").stat().st_size, "on the disk before it is said"
    assert len((tmp_path / "seen.jsonl").read_text().splitlines()) == 4, "the same checkpoint is kept once"
    again = Witness(tmp_path)
    assert (again.signer.name, again.last) == (witness.signer.name, unchecked(offer(LOG, 0, 23).note))
    assert (tmp_path / "witness.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("offered", "kind"),
    [
        (offer(LOG, 10, 16), "rollback"),
        (offer(other(3), 17, 17), "fork"),
        (offer(other(3), 17, 23), "fork"),
        (replace(offer(LOG, 17, 23), proof=[]), "fork"),
        (offer(LOG, 16, 23), "gap"),
        (Offered(signed(list(LOG.lines), 23, named("dure", bytes([1] * 32))), 17, []), "signature"),
        (Offered("noise", 17, []), "signature"),
    ],
)
def test_anything_else_is_refused_with_its_proof(offered: Offered, kind: str, tmp_path: Path) -> None:
    witness = Witness(tmp_path, KEY)
    witness.take(offer(LOG, 0, 17), NOW)
    refused = witness.take(offered, NOW)
    assert isinstance(refused, Refused)
    assert refused.kind == kind
    told = json.loads((tmp_path / "proof-1.json").read_text())
    assert (told["kind"], told["offered"], told["seen_before"]) == (kind, offered.note, offer(LOG, 0, 17).note)
    assert (tmp_path / "proof-1.json").read_text().startswith('{\n "kind"'), "a person reads it"
    assert witness.last == unchecked(offer(LOG, 0, 17).note), "what was seen stays"
    assert witness.take(offer(LOG, 17, 23), NOW)


def test_a_change_after_what_was_seen_is_no_fork() -> None:
    last = unchecked(offer(LOG, 0, 17).note)
    assert judge(CITY.verifier(), last, offer(other(18), 17, 23)) == unchecked(offer(other(18), 17, 23).note)


def test_a_witness_trusts_one_key(tmp_path: Path) -> None:
    Witness(tmp_path, KEY)
    assert Witness(tmp_path).key == CITY.verifier()
    with pytest.raises(BadNote, match="another key"):
        Witness(tmp_path, str(named("dure", bytes([1] * 32)).verifier()))
    with pytest.raises(BadNote):
        Witness(tmp_path / "new", "nonsense")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_a_witness_without_a_key_says_whose_checkpoint_it_sees(tmp_path: Path) -> None:
    dropped(tmp_path / "drop", offer(LOG, 0, 5))
    witness, city = Witness(tmp_path / "own"), City(LOG, 5)
    for source, client in ((str(tmp_path / "drop"), None), ("http://city", city.client())):
        with pytest.raises(BadNote, match=f"no key is trusted yet.* of {CITY.name}"):
            list(witness.look(source, client, NOW))


def test_a_folder_into_which_nothing_was_dropped_yet_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    assert list(Witness(tmp_path / "own", KEY).look(str(tmp_path / "drop"), None, NOW)) == []


def test_a_wrong_signature_at_the_first_look_is_proven_from_nothing_on(tmp_path: Path) -> None:
    witness = Witness(tmp_path, str(named("dure", bytes([1] * 32)).verifier()))
    keyless = City(LOG, 5)
    (refused,) = witness.look("http://city", keyless.client(), NOW)
    assert isinstance(refused, Refused)
    assert (refused.kind, refused.first, refused.before, list(refused.proof)) == ("signature", 0, None, [])


# --- a city over HTTP, and a folder ---


class City:
    """A city's open routes over a log, as httpx asks them."""

    def __init__(self, log: Copy, size: int) -> None:
        self.log, self.size, self.cosigned, self.asked = log, size, list[str](), list[str]()

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path.rpartition("/")[2])
        if request.url.path.endswith("/latest"):
            return httpx.Response(200, json={"note": signed(list(self.log.lines), self.size)})
        if request.url.path.endswith("/consistency"):
            first, second = (int(request.url.params[name]) for name in ("first", "second"))
            return httpx.Response(200, json={"proof": [one.hex() for one in offer(self.log, first, second).proof]})
        if request.url.path.endswith("/keys"):
            return httpx.Response(200, json={"items": []})
        self.cosigned.append(json.loads(request.content)["note"])
        return httpx.Response(204)

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self.answer))


def test_a_city_is_watched_over_http(tmp_path: Path) -> None:
    witness, city = Witness(tmp_path, KEY), City(LOG, 9)
    for size in (1, 9, 9, 20):
        city.size = size
        (found,) = witness.look("http://city", city.client(), NOW)
        assert found == city.cosigned[-1]
    assert city.asked.count("consistency") == 2, "asked for only where there is more than was seen before"
    city.size = 12
    (refused,) = witness.look("http://city", city.client(), NOW)
    assert isinstance(refused, Refused)
    assert refused.kind == "rollback"
    (forked,) = witness.look("http://city", City(other(3), 23).client(), NOW)
    assert isinstance(forked, Refused)
    assert forked.kind == "fork"
    assert len(city.cosigned) == 4
    assert set(city.asked) == {"latest", "consistency", "cosignatures"}, "keys only where the signature is another's"
    down = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(503)))
    with pytest.raises(httpx.HTTPStatusError):
        list(witness.look("http://city", down, NOW))


def dropped(folder: Path, *offers: Offered) -> None:
    folder.mkdir(exist_ok=True)
    rows = [{"note": one.note, "first": one.first, "proof": [node.hex() for node in one.proof]} for one in offers]
    (folder / "2026-03.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_folder_is_watched_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drop, own = tmp_path / "drop", tmp_path / "own"
    words = ["audit", "witness", str(drop), "--dir", str(own), "--once"]
    dropped(drop, offer(LOG, 0, 5), offer(LOG, 5, 11))
    assert cli.main(words) == 2, "no key, no trust"
    assert cli.main([*words, "--key", KEY]) == 0
    told = capsys.readouterr().out
    assert "11" in told
    key = next(word for word in told.split() if word.startswith("witness-"))
    assert verifier(key).kind == COSIGNATURE
    dropped(drop, offer(LOG, 0, 5), offer(LOG, 5, 11), offer(LOG, 11, 23))
    assert cli.main(words) == 0
    assert len((own / "seen.jsonl").read_text().splitlines()) == 3
    dropped(drop, offer(other(3), 0, 5), offer(other(3), 5, 23))
    assert cli.main(words) == 1
    assert (own / "proof-1.json").exists()
    assert cli.main(["audit", "witness"]) == 2


def test_a_cosignature_is_the_witnesses_alone() -> None:
    witness, stranger = (Signer("w", named("x", bytes([n] * 32)).key) for n in (1, 2))
    note = signed(list(LOG.lines), 23)
    cosigned = note + witness.cosignature(note, NOW)
    key = witness.verifier(COSIGNATURE)
    assert key.cosigned_at(cosigned) == NOW
    assert key.cosigned_at(note) is None
    assert key.cosigned_at(note + stranger.cosignature(note, NOW)) is None
    assert stranger.verifier(COSIGNATURE).cosigned_at(cosigned) is None
    assert key.cosigned_at(cosigned.replace("\n23\n", "\n24\n")) is None
    assert witness.verifier().cosigned_at(cosigned) is None, "a key of another kind"


def test_an_answer_that_is_none_of_dures_is_refused() -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=["something else"])

    with (
        httpx.Client(transport=httpx.MockTransport(answer)) as client,
        pytest.raises(ValueError, match="not an answer of dure"),
    ):
        witness._asked(client, "http://city/api/v1/audit/checkpoints/latest")
