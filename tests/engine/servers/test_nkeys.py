"""Text forms against vectors of nats-io/nkeys, and tokens that only their issuer can sign."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.engine.servers import nkeys

# From the documentation of nats-io/nkeys and nats.py: seeds with their public keys.
VECTORS = [
    (
        "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY",
        "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4",
        "user",
    ),
    (
        "SAANDLKMXL6CUS3CP52WIXBEDN6YJ545GDKC65U5JZPPV6WH6ESWUA6YAI",
        "ABJHLOVMPA4CI6R5KLNGOB4GSLNIY7IOUPAJC4YFNDLQVIOBYQGUWVLA",
        "account",
    ),
]


@pytest.mark.parametrize(("seed", "public", "kind"), VECTORS)
def test_known_keys(seed: str, public: str, kind: str) -> None:
    pair = nkeys.from_seed(seed)
    assert (pair.kind, pair.public, pair.seed) == (kind, public, seed)


@given(st.binary(min_size=32, max_size=32), st.sampled_from(["account", "user", "server"]))
def test_every_key_survives_its_text_form(raw: bytes, kind: nkeys.Kind) -> None:
    pair = nkeys.KeyPair(kind, raw)
    assert nkeys.from_seed(pair.seed) == pair
    assert pair.seed.startswith("S")
    assert pair.public[0] == {"account": "A", "user": "U", "server": "N"}[kind]
    assert len(nkeys.public_bytes(pair.public, kind)) == 32


@given(st.text(max_size=70))
def test_rubbish_is_no_key(text: str) -> None:
    with pytest.raises(nkeys.BadKey):
        nkeys.from_seed(text)


def test_one_wrong_letter_is_noticed() -> None:
    seed = nkeys.new_key("account").seed
    wrong = seed[:20] + ("A" if seed[20] != "A" else "B") + seed[21:]
    with pytest.raises(nkeys.BadKey):
        nkeys.from_seed(wrong)


def test_a_token_reads_back_and_a_changed_one_does_not() -> None:
    issuer = nkeys.new_key("account")
    token = nkeys.signed({"sub": "x", "nats": {"두레": 1}}, issuer)
    claims = nkeys.read_token(token, "account")
    assert claims["iss"] == issuer.public
    assert claims["nats"] == {"두레": 1}
    head, body, signature = token.split(".")
    other = nkeys.signed({"sub": "y"}, issuer).split(".")[1]
    for bad in (f"{head}.{other}.{signature}", f"{head}.{body}", "", "a.b.c", f"{head}.{body}.{signature[:-8]}"):
        with pytest.raises(nkeys.BadToken):
            nkeys.read_token(bad, "account")
    with pytest.raises(nkeys.BadToken):
        nkeys.read_token(token, "server")
