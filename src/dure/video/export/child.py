"""The process that makes an export: `python -m dure.video.export.child`. Short-lived, niced, bounded in memory, so that
a day of pictures delays nothing that is live. It is told everything over its standard input (`Order`), reads the
recordings, writes into one folder, and knows no database, no key and no network.

Each line that it prints is a JSON object: `{"done": share}` as it goes on, `{"made": [...]}` at the end, or
`{"why": "<reason>"}` where nothing could be made.
"""

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from dure.video.export import filming, model
from dure.video.export.model import Made, Order, Piece, View
from dure.video.model import BrokenStream, boxes, read_fragment
from dure.video.past.model import Found, Shot, read_file

MEMORY = 3 << 30
"""Address space; x264 and the cascades take a tenth of it as real memory."""


def _say(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


class _Film:
    """One camera's film as it is made."""

    def __init__(self, order: Order, view: View, number: int) -> None:
        self._order, self._view = order, view
        self._folder = Path(order.folder)
        self._name = model.file_name(number, view.camera_id)
        self._finds = _detector(order)
        self._source: list[Piece] = []
        self._spans: list[tuple[int, int]] = []
        self._parts: list[Path] = []
        self._pictures = 0
        self._size: tuple[int, int] | None = None
        self._line = self._folder / "line.txt"
        self._line.write_text(f"{order.line}  {view.camera_id}", encoding="utf-8")

    def add(self, part: model.Part) -> None:
        """One recording more; one that cannot be read is a gap."""
        try:
            data = Path(part.path).read_bytes()
            found = read_file(data)
        except (OSError, BrokenStream):
            return
        shots = _wanted(found.shots, part)
        if not shots:
            return
        shown = [one for one in shots if part.begin_ms <= one.at_ms < part.end_ms]
        if not shown:
            return
        self._source += _groups(data, shots)
        self._spans += _spans(shown)
        self._pictures += len(shown)
        self._make(found, data, shots, part)

    def _make(self, found: Found, data: bytes, shots: Sequence[Shot], part: model.Part) -> None:
        source, mask = self._folder / "part.mp4", self._folder / "mask.gray"
        source.write_bytes(found.init.data + b"".join(data[one.start : one.end] for one in shots))
        first = read_fragment(data[shots[0].start : shots[0].end], found.init.timescale)
        zero_s = shots[0].at_ms / 1_000 - first.at_s
        size = found.init.width, found.init.height
        span = max(0.0, part.begin_ms / 1_000 - zero_s), part.end_ms / 1_000 - zero_s
        begin = max(span[0], first.at_s)
        one = filming.Part(source, size, zero_s, (round(begin, 3), round(span[1], 3)))
        self._size = self._size or size
        filming.masks(one, [tuple(polygon) for polygon in self._view.polygons], self._finds, mask)
        written = filming.overlay(self._line, self._order.zone_s, self._order.font, size[1])
        out = self._folder / f"part-{len(self._parts):05d}.mp4"
        filming.film(one, mask, out, self._size, written)
        self._parts.append(out)

    def end(self) -> Made | None:
        """The whole film; None where no recording had a picture."""
        if not self._parts:
            return None
        out = self._folder / self._name
        filming.joined(self._parts, self._folder / "parts.txt", out)
        for one in (*self._parts, self._line, *map(self._folder.joinpath, ("parts.txt", "part.mp4", "mask.gray"))):
            one.unlink(missing_ok=True)
        digest, pieces = _result(out)
        parts = self._view.parts
        begin_ms, end_ms = min(one.begin_ms for one in parts), max(one.end_ms for one in parts)
        return Made(
            self._view.camera_id,
            self._name,
            out.stat().st_size,
            digest,
            self._source,
            pieces,
            model.gaps(self._spans, begin_ms, end_ms),
            self._pictures,
            "none" if self._finds is None else self._finds.NAME,
            0 if self._finds is None else self._finds.looked,
            0 if self._finds is None else self._finds.found,
        )


class _Named(filming.Finds):
    """A detector that counts."""

    NAME: str
    looked: int
    found: int


def _detector(order: Order) -> "_Named | None":
    if not order.blur:
        return None
    from dure.video.export import faces

    detector: _Named = faces.Detector()  # type: ignore[assignment]
    detector.NAME = faces.NAME
    return detector


def _wanted(shots: Sequence[Shot], part: model.Part) -> list[Shot]:
    """The pictures of the span, and those before it that the first needs to be decoded."""
    first = None
    for number, one in enumerate(shots):
        if one.at_ms >= part.end_ms:
            break
        if one.key and (one.at_ms <= part.begin_ms or first is None):
            first = number
    if first is None:
        return []
    return [one for one in shots[first:] if one.at_ms < part.end_ms]


def _groups(data: bytes, shots: Sequence[Shot]) -> list[Piece]:
    """The hash of each group of pictures as it was recorded."""
    found: list[Piece] = []
    group: list[Shot] = []
    for one in [*shots, None]:
        if group and (one is None or one.key):
            content = b"".join(data[shot.start : shot.end] for shot in group)
            found.append(Piece(group[0].at_ms, len(content), hashlib.sha256(content).hexdigest()))
            group = []
        if one is not None:
            group.append(one)
    return found


def _spans(shots: Sequence[Shot]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for one in shots:
        if found and one.at_ms - found[-1][1] <= model.APART_MS:
            found[-1] = found[-1][0], one.at_ms
        else:
            found.append((one.at_ms, one.at_ms))
    return found


def _result(path: Path) -> tuple[str, list[Piece]]:
    """The hash of a file and of each of its fragments; `begin_ms` counts from the film's beginning."""
    data = path.read_bytes() if path.stat().st_size < 1 << 28 else None
    if data is None:
        return _streamed(path)
    pieces: list[Piece] = []
    start, timescale = 0, 90_000
    for kind, _, end in boxes(data):
        if kind == b"mdat":
            content = data[start:end]
            at = read_fragment(content, timescale).at_s if pieces or b"moof" in content[:64] else 0.0
            pieces.append(Piece(round(at * 1_000), len(content), hashlib.sha256(content).hexdigest()))
        if kind in {b"mdat", b"moov"}:
            start = end
    return hashlib.sha256(data).hexdigest(), pieces


def _streamed(path: Path) -> tuple[str, list[Piece]]:
    """The same for a long film, a megabyte at a time: pieces of 16 MiB instead of fragments."""
    whole, pieces = hashlib.sha256(), []
    with path.open("rb") as file:
        while content := file.read(1 << 24):
            whole.update(content)
            pieces.append(Piece(0, len(content), hashlib.sha256(content).hexdigest()))
    return whole.hexdigest(), pieces


def main() -> int:
    """Make what is ordered."""
    restrain()
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    many = sum(len(view.parts) for view in order.views) or 1
    done, made = 0, []
    for number, view in enumerate(order.views, 1):
        film = _Film(order, view, number)
        for part in view.parts:
            film.add(part)
            done += 1
            _say({"done": done / many})
        one = film.end()
        if one is not None:
            made.append(one)
    _say({"made": made} if made else {"why": "empty"})
    return 0


def restrain() -> None:
    """Behind everything else, and within bounds."""
    if sys.platform != "win32":
        import resource

        os.nice(15)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main())
