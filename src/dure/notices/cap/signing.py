"""The signature of an alert: XML Signature, enveloped, ECDSA over P-256 with SHA-256 (standard, section 3.3.4.1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lxml import etree
from lxml.etree import _Element as Element
from signxml.algorithms import DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from dure.kernel.errors import Invalid

_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_LASTS = timedelta(days=3650)


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A city's key and its certificate, both PEM."""

    key: bytes
    certificate: bytes


def new_signer(name: str, now: datetime) -> Signer:
    """A key with a certificate that it signs itself: whoever reads the city's alerts takes it once, by hand."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Signer(private, certificate.public_bytes(serialization.Encoding.PEM))


def signed(alert: Element, signer: Signer) -> Element:
    """The alert with its signature as the last child."""
    return XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=SignatureMethod.ECDSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#",
    ).sign(alert, key=signer.key, cert=signer.certificate.decode())


def verified(root: Element, certificate: bytes) -> Element:
    """What the signature covers: read this and nothing else (a document may wrap what was signed in something that was
    not). Raises Invalid `notices.cap.unsigned` or `.signature`.
    """
    if root.find(f"{{{_DSIG}}}Signature") is None:
        raise Invalid("notices.cap.unsigned")
    expected = SignatureConfiguration(
        require_x509=True,
        signature_methods=frozenset({SignatureMethod.ECDSA_SHA256}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        expect_references=1,
    )
    try:
        found = XMLVerifier().verify(root, x509_cert=certificate.decode(), expect_config=expected)
    except (SignXMLException, ValueError, etree.LxmlError) as error:
        raise Invalid("notices.cap.signature") from error
    covered = (found[0] if isinstance(found, list) else found).signed_xml
    if covered is None:
        raise Invalid("notices.cap.signature")
    return covered
