"""The Merkle tree of RFC 6962 section 2.1, as pure functions over hashes of 32 bytes.

A leaf's hash is sha-256(0x00 + data), a node's sha-256(0x01 + left + right), an empty tree's sha-256(""). Leaves are
numbered from 0; a range (begin, end) holds begin and not end.
"""

import hashlib
from collections.abc import Iterable, Sequence

Span = tuple[int, int]
Node = tuple[int, int, bytes]
"""Level, position within the level, hash: the whole subtree over leaves position * 2^level and the 2^level - 1 next."""
EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """A leaf's hash."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the node above two."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Range:
    """Leaves begin..end-1 as the fewest whole subtrees (a compact range): grows in O(1), folds in O(log n)."""

    def __init__(self, begin: int = 0) -> None:
        self.begin = begin
        self.end = begin
        self._nodes: list[Node] = []

    def add(self, level: int, hashed: bytes) -> list[Node]:
        """Put the next whole subtree of 2^level leaves at the end; every node that stands whole by it, itself first.

        Raises ValueError where no such subtree begins here.
        """
        if self.end % (1 << level):
            raise ValueError(f"no subtree of level {level} begins at {self.end}")
        position = self.end >> level
        self.end += 1 << level
        made = [(level, position, hashed)]
        while position & 1 and self._nodes and self._nodes[-1][:2] == (level, position - 1):
            hashed = node_hash(self._nodes.pop()[2], hashed)
            level, position = level + 1, position >> 1
            made.append((level, position, hashed))
        self._nodes.append(made[-1])
        return made

    @property
    def nodes(self) -> list[bytes]:
        """The subtrees' hashes, left to right: those of `cover(begin, end)`."""
        return [hashed for _, _, hashed in self._nodes]

    def root(self) -> bytes:
        """The hash over the range: the tree's root where it begins at 0."""
        return folded(self.nodes)


def folded(nodes: Sequence[bytes]) -> bytes:
    """The hash over neighbouring subtrees that grow smaller to the right."""
    if not nodes:
        return EMPTY
    whole = nodes[-1]
    for left in reversed(nodes[:-1]):
        whole = node_hash(left, whole)
    return whole


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes."""
    tree = Range()
    for leaf in leaves:
        tree.add(0, leaf)
    return tree.root()


def cover(begin: int, end: int) -> list[tuple[int, int]]:
    """The fewest whole subtrees over a range, left to right, as (level, position)."""
    found = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        if begin:
            level = min(level, (begin & -begin).bit_length() - 1)
        found.append((level, begin >> level))
        begin += 1 << level
    return found


def _split(begin: int, end: int) -> int:
    return begin + (1 << (end - begin - 1).bit_length() - 1)


def inclusion_spans(index: int, size: int) -> list[Span]:
    """The ranges whose hashes prove that leaf `index` is in the tree of `size` (RFC 6962, 2.1.1). Raises ValueError."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    begin, end = 0, size
    found: list[Span] = []
    while end - begin > 1:
        middle = _split(begin, end)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin = middle
    return found[::-1]


def consistency_spans(first: int, second: int) -> list[Span]:
    """The ranges whose hashes prove that the tree of `first` is the beginning of the tree of `second` (2.1.2).

    Raises ValueError where `first` is not in 1..second.
    """
    if not 0 < first <= second:
        raise ValueError(f"no proof from {first} to {second}")
    begin, end, whole = 0, second, True
    found: list[Span] = []
    while first != end:
        middle = _split(begin, end)
        if first <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin, whole = middle, False
    if not whole:
        found.append((begin, end))
    return found[::-1]


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Whether `proof` shows that `leaf` is number `index` of the tree of `size` with this root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for one in proof:  # of a proof that is too long the last hash is another one
        if at & 1 or at == last:
            found = node_hash(one, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, one)
        at, last = at >> 1, last >> 1
    return last == 0 and found == expected


def consistent(first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the second tree begins with the first (RFC 9162, 2.1.4.2). Every tree begins with
    the empty one.
    """
    if first == 0:
        return not proof and first_root == EMPTY
    if first == second:
        return not proof and first_root == second_root
    if not 0 < first < second or not proof:
        return False
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for one in path[1:]:
        if at & 1 or at == last:
            old, new = node_hash(one, old), node_hash(one, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, one)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root
