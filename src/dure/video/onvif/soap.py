"""SOAP 1.2 as ONVIF has it (ONVIF Core Specification, 5.7 and 5.9): messages written and read, signed with a user name
token (WS-Security UsernameToken Profile 1.1). Pure but for the number used once.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

LARGEST: Final = 1 << 20
NAMES: Final[Mapping[str, str]] = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "d": "http://schemas.xmlsoap.org/ws/2005/04/discovery",
    "dn": "http://www.onvif.org/ver10/network/wsdl",
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tptz": "http://www.onvif.org/ver20/ptz/wsdl",
    "tse": "http://www.onvif.org/ver10/search/wsdl",
    "trp": "http://www.onvif.org/ver10/replay/wsdl",
    "tt": "http://www.onvif.org/ver10/schema",
    "ter": "http://www.onvif.org/ver10/error",
    "tns1": "http://www.onvif.org/ver10/topics",
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
    "wsse": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    "wsu": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
}
_DIGEST = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
_BASE64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
_SPACES = " ".join(f"xmlns:{short}={quoteattr(long)}" for short, long in NAMES.items())


class NotSoap(Exception):
    """What came is no message that we can read."""


def envelope(body: str, header: str = "") -> bytes:
    """A message; `body` and `header` are XML already."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope {_SPACES}>'
        f"<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def token(name: str, password: str, now: datetime, nonce: bytes | None = None) -> str:
    """The header that proves the password without saying it."""
    once = nonce or secrets.token_bytes(16)
    created = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        '<wsse:Security s:mustUnderstand="1"><wsse:UsernameToken>'
        f"<wsse:Username>{escape(name)}</wsse:Username>"
        f'<wsse:Password Type="{_DIGEST}">{digest(once, created, password)}</wsse:Password>'
        f'<wsse:Nonce EncodingType="{_BASE64}">{base64.b64encode(once).decode()}</wsse:Nonce>'
        f"<wsu:Created>{created}</wsu:Created></wsse:UsernameToken></wsse:Security>"
    )


def digest(nonce: bytes, created: str, password: str) -> str:
    """The password's digest with the number used once and the time."""
    whole = nonce + created.encode() + password.encode()
    return base64.b64encode(hashlib.sha1(whole, usedforsecurity=False).digest()).decode()


def read(data: bytes) -> "etree._Element":
    """A message. Nothing outside it is fetched, and nothing in it grows. Raises NotSoap."""
    if len(data) > LARGEST:
        raise NotSoap("too large")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotSoap("no XML") from error
    if root.getroottree().docinfo.doctype or root.tag != f"{{{NAMES['s']}}}Envelope":
        raise NotSoap("no envelope")
    return root


def found(node: "etree._Element", path: str) -> "list[etree._Element]":
    """The elements at a path of our short names."""
    return list(node.iterfind(path, dict(NAMES)))


def said(node: "etree._Element", path: str) -> str:
    """The text of the first element at a path, empty where there is none."""
    one = node.find(path, dict(NAMES))
    return "" if one is None or one.text is None else one.text.strip()


def number(text: str) -> float | None:
    """A number as XML has it; None for what is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e9 else None
