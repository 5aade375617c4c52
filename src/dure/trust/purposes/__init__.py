"""Why a person's record may be opened, and what the person hears of it.

The ledger keeps purposes: a lawful basis (PIPA article), which kinds of data, from when until when, withdrawn or not.
A record is opened under an entry of the ledger or under a coded purpose with a case, and only the kinds that it covers
are shown. Who has neither, and a life at stake, breaks the glass (긴급 열람) and is reviewed for it. A citizen sees who
read what about them and asks for access, correction, deletion, a copy, or a stop.
"""
