"""The local authority: a certificate that clients of the city believe, made anew when names or days call for it."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from dure.engine.servers.certificate import names_of_this_machine
from dure.engine.servers.tls import local_certificate

NAMES = ["localhost", "127.0.0.1", "city.example", "관제.example"]


def serial(path: Path) -> int:
    return x509.load_pem_x509_certificate(path.read_bytes()).serial_number


def test_it_is_kept_until_names_or_days_call_for_another(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    made = local_certificate(tmp_path, NAMES, now)
    first = serial(made.certificate)
    assert serial(local_certificate(tmp_path, NAMES, now + timedelta(days=100)).certificate) == first
    authority = serial(tmp_path / "ca.pem")
    assert serial(local_certificate(tmp_path, [*NAMES, "10.0.0.1"], now).certificate) != first
    renewed = local_certificate(tmp_path, NAMES, now + timedelta(days=380)).certificate
    have = x509.load_pem_x509_certificate(renewed.read_bytes())
    assert have.not_valid_after_utc > now + timedelta(days=700)
    assert serial(tmp_path / "ca.pem") == authority


def test_keys_are_the_owners_alone(tmp_path: Path) -> None:
    local_certificate(tmp_path / "tls", NAMES)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "tls").iterdir()} == {0o600}


def test_a_client_that_trusts_the_authority_believes_it(tmp_path: Path) -> None:
    made = local_certificate(tmp_path, NAMES)
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=tmp_path / "ca.pem")
    server.load_cert_chain(made.certificate, made.key)
    for name in ("localhost", "127.0.0.1", "city.example"):
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        ours = client.wrap_bio(to_client, to_server, server_hostname=name)
        theirs = server.wrap_bio(to_server, to_client, server_side=True)
        for side in (ours, theirs, ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
        assert ours.version() == "TLSv1.3"


def test_all_addresses_are_named_for_a_host_that_means_all() -> None:
    assert names_of_this_machine("0.0.0.0")[:3] == ["localhost", "127.0.0.1", "::1"]
    assert names_of_this_machine("10.1.2.3")[3:] == ["10.1.2.3"]
