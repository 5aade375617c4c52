"""Seals the secret of one-time codes by the vault's key, bound to use and account: a copy of the database alone gives
no codes, and a sealed secret that is moved to another account does not open.
"""

from pathlib import Path
from uuid import UUID

from dure.trust import vault


def seal(data: Path, account_id: UUID, secret: bytes) -> bytes:
    """`secret` as it may stand in the database. Raises Unavailable where the keys are not fit to be used."""
    return vault.at(data).seal(_about(account_id), secret)


def unseal(data: Path, account_id: UUID, sealed: bytes) -> bytes:
    """The secret. Raises Unavailable where it was sealed for another account or under another city's key."""
    return vault.at(data).unseal(_about(account_id), sealed)


def _about(account_id: UUID) -> str:
    return f"account.totp {account_id}"
