"""The tree of RFC 6962: its known vectors, and its proofs against the definition itself."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.trust.audit import merkle

# The eight leaves and roots that Certificate Transparency's own implementations are tested with
# (certificate-transparency/cpp/merkletree, google/trillian testonly: LeafInputs, RootHashes).
INPUTS = [
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [merkle.leaf_hash(bytes.fromhex(one)) for one in INPUTS]


def defined(leaves: Sequence[bytes]) -> bytes:
    """MTH as RFC 6962, 2.1 writes it down."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + defined(leaves[:k]) + defined(leaves[k:])).digest()


def leaves_of(count: int) -> list[bytes]:
    return [merkle.leaf_hash(b"%d" % n) for n in range(count)]


def proof(leaves: Sequence[bytes], spans: Sequence[merkle.Span]) -> list[bytes]:
    return [defined(leaves[begin:end]) for begin, end in spans]


@pytest.mark.parametrize("count", range(9))
def test_known_roots(count: int) -> None:
    assert merkle.root(LEAVES[:count]).hex() == ROOTS[count]
    assert defined(LEAVES[:count]).hex() == ROOTS[count]


def test_known_proofs() -> None:
    """The inclusion and consistency proofs published with those vectors."""
    path = [one.hex() for one in proof(LEAVES, merkle.inclusion_spans(5, 8))]
    assert path == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    between = [one.hex() for one in proof(LEAVES, merkle.consistency_spans(6, 8))]
    assert between == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert proof(LEAVES, merkle.consistency_spans(1, 1)) == []


@given(st.integers(0, 300))
def test_the_root_is_the_definitions(count: int) -> None:
    leaves = leaves_of(count)
    assert merkle.root(leaves) == defined(leaves)


@given(st.data(), st.integers(1, 200))
def test_a_leaf_is_proven_where_it_stands_and_nowhere_else(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    root, path = defined(leaves), proof(leaves, merkle.inclusion_spans(index, size))
    assert merkle.included(leaves[index], index, size, path, root)
    other = data.draw(st.integers(0, size + 1))
    if other != index:
        assert not merkle.included(leaves[index], other, size, path, root)
    assert not merkle.included(merkle.leaf_hash(b"another"), index, size, path, root)
    assert not merkle.included(leaves[index], index, size, [*path, root], root)
    assert not merkle.included(leaves[index], index, size, path, merkle.leaf_hash(root))
    if path:
        assert not merkle.included(leaves[index], index, size, path[:-1], root)
        at = data.draw(st.integers(0, len(path) - 1))
        assert not merkle.included(leaves[index], index, size, [*path[:at], root, *path[at + 1 :]], root)
    assert not merkle.included(leaves[index], -1, size, path, root)


@given(st.data(), st.integers(1, 200))
def test_a_longer_tree_is_proven_to_begin_with_the_shorter(data: st.DataObject, second: int) -> None:
    first = data.draw(st.integers(1, second))
    leaves = leaves_of(second)
    old, new = defined(leaves[:first]), defined(leaves)
    path = proof(leaves, merkle.consistency_spans(first, second))
    assert merkle.consistent(first, old, second, new, path)
    forged = merkle.leaf_hash(old)
    assert not merkle.consistent(first, forged, second, new, path)
    assert not merkle.consistent(first, old, second, forged, path)
    assert not merkle.consistent(first, old, second, new, [*path, forged])
    assert not merkle.consistent(second + 1, old, second, new, path)
    if path:
        assert not merkle.consistent(first, old, second, new, path[:-1])
        assert not merkle.consistent(first, old, second, new, [])
        at = data.draw(st.integers(0, len(path) - 1))
        assert not merkle.consistent(first, old, second, new, [*path[:at], forged, *path[at + 1 :]])


def test_every_tree_begins_with_the_empty_one() -> None:
    root = merkle.root(LEAVES)
    assert merkle.consistent(0, merkle.EMPTY, 8, root, [])
    assert not merkle.consistent(0, root, 8, root, [])
    assert not merkle.consistent(0, merkle.EMPTY, 8, root, [root])
    assert merkle.consistent(8, root, 8, root, [])
    assert not merkle.consistent(8, root, 8, root, [root])
    assert not merkle.consistent(8, merkle.EMPTY, 8, root, [])


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 100))
def test_a_part_joins_what_stands_left_and_right_of_it(first: int, second: int, more: int) -> None:
    begin, end = sorted((first, second))
    size = end + more
    leaves = leaves_of(size)

    def nodes(low: int, high: int) -> list[tuple[int, bytes]]:
        return [(level, defined(leaves[at << level : at + 1 << level])) for level, at in merkle.cover(low, high)]

    whole = merkle.Range()
    for level, hashed in nodes(0, begin):
        whole.add(level, hashed)
    for leaf in leaves[begin:end]:
        whole.add(0, leaf)
    for level, hashed in nodes(end, size):
        whole.add(level, hashed)
    assert (whole.end, whole.root()) == (size, defined(leaves))
    assert whole.nodes == [hashed for _, hashed in nodes(0, size)]
    part = merkle.Range(begin)
    for leaf in leaves[begin:end]:
        part.add(0, leaf)
    assert part.nodes == [hashed for _, hashed in nodes(begin, end)]
    assert part.begin == begin


def test_a_subtree_begins_only_where_it_may() -> None:
    tree = merkle.Range()
    tree.add(0, LEAVES[0])
    with pytest.raises(ValueError, match="no subtree of level 1 begins at 1"):
        tree.add(1, LEAVES[1])
    made = tree.add(0, LEAVES[1])
    assert made == [(0, 1, LEAVES[1]), (1, 0, merkle.node_hash(LEAVES[0], LEAVES[1]))]


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_no_proof_of_what_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_spans(index, size)


@pytest.mark.parametrize(("first", "second"), [(0, 3), (4, 3), (-1, 3)])
def test_no_proof_between_trees_that_do_not_follow(first: int, second: int) -> None:
    with pytest.raises(ValueError, match="no proof"):
        merkle.consistency_spans(first, second)
