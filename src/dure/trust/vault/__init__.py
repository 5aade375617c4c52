"""The person vault: the only place that keeps who a person is.

Each field of a record is sealed under its person's own key, which is wrapped by a master key and lies apart from the
data and its backups; destroying that key destroys the record wherever copies of it lie (ADR 0010). Other rooms keep
the id. Shown is the masked form; the open one needs a permission, a purpose and a line in the audit log that is
committed first (`purposes.opening`). What people write about an incident is sealed under that incident's key
(`texts`).
"""

from dure.trust.vault import texts
from dure.trust.vault.erasing import erase
from dure.trust.vault.person import INDEXED, Person, folded
from dure.trust.vault.records import Vault, at, of

__all__ = ["INDEXED", "Person", "Vault", "at", "erase", "folded", "of", "texts"]
