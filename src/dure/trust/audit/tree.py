"""The tree's hashes out of the database: leaves, and whole subtrees at each eighth level (`audit_node`)."""

from collections.abc import Iterable

from sqlalchemy import text

from dure.engine.database import Tx
from dure.trust.audit import merkle

STEP = 8
"""A tile is 2^8 hashes of one level: what a node is at most computed from."""
_CHUNK = 10_000

_SIZE = text("select coalesce(max(seq), 0) from audit_seal")
_LEAVES = text("select leaf as hash from audit_seal where seq > :begin and seq <= :end order by seq")
_NODES = text(
    "select hash from audit_node where level = :level and position >= :begin and position < :end order by position"
)
_LAST = text("select coalesce(max(position) + 1, 0) from audit_node where level = :level")
_KEEP = text("insert into audit_node (level, position, hash) values (:level, :position, :hash)")


async def size(tx: Tx) -> int:
    """How many lines were ever written."""
    return int(await tx.scalar(_SIZE))


async def grow(tx: Tx, total: int) -> None:
    """Keep the subtrees that stand whole at `total` leaves. One at a time, as the checkpoints' lock sees to."""
    level, width = 0, 1 << STEP
    while total >> level + STEP:
        begin = int(await tx.scalar(_LAST, {"level": level + STEP})) << STEP
        end = total >> level + STEP << STEP
        while begin < end:
            upto = min(end, begin + (_CHUNK >> STEP << STEP))
            hashes = await _row(tx, level, begin, upto)
            rows = [
                {"level": level + STEP, "position": begin + at >> STEP, "hash": merkle.root(hashes[at : at + width])}
                for at in range(0, upto - begin, width)
            ]
            await tx.execute(_KEEP, rows)
            begin = upto
        level += STEP


async def _row(tx: Tx, level: int, begin: int, end: int) -> list[bytes]:
    """Hashes of one kept level: the leaves' (0) or a multiple of STEP."""
    if level == 0:
        rows = await tx.rows(_LEAVES, {"begin": begin, "end": end})
    else:
        rows = await tx.rows(_NODES, {"level": level, "begin": begin, "end": end})
    return [bytes(row["hash"]) for row in rows]


async def node(tx: Tx, level: int, position: int) -> bytes:
    """The hash of one whole subtree. It must have been kept by `grow` (all that a checkpoint covers is)."""
    kept = level // STEP * STEP
    width = level - kept
    return merkle.root(await _row(tx, kept, position << width, position + 1 << width))


async def span(tx: Tx, begin: int, end: int) -> list[bytes]:
    """The hashes of the fewest whole subtrees over a range (`merkle.cover`)."""
    return [await node(tx, level, position) for level, position in merkle.cover(begin, end)]


async def root(tx: Tx, total: int) -> bytes:
    """The root over the first `total` lines."""
    return merkle.folded(await span(tx, 0, total))


async def _proof(tx: Tx, spans: Iterable[merkle.Span]) -> list[bytes]:
    return [merkle.folded(await span(tx, begin, end)) for begin, end in spans]


async def inclusion(tx: Tx, index: int, total: int) -> list[bytes]:
    """The proof that leaf `index` is in the tree of `total`. Raises ValueError where it is not."""
    return await _proof(tx, merkle.inclusion_spans(index, total))


async def consistency(tx: Tx, first: int, second: int) -> list[bytes]:
    """The proof that the tree of `second` begins with that of `first`. Raises ValueError out of range."""
    return await _proof(tx, merkle.consistency_spans(first, second))
