"""One recording into one part of a film: decoded twice by FFmpeg, first for the detector, then to be covered, written
on and encoded. Bounded in memory whatever the length: masks lie in a file, a quarter of the picture's size.
"""

import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dure.engine import ffmpeg
from dure.video.masks.program import BLOCKS
from dure.video.masks.shapes import Polygon, plane

RATE = 4
"""Pictures a second that the detector is given."""
_HELD = 3
"""So many of them before and after a find are blurred, too: a cascade misses in one picture what it saw before."""
_COARSE = 4
Grey = NDArray[np.uint8]


class Finds(Protocol):
    """Who finds what must not be known (dure.video.export.faces.Detector)."""

    def boxes(self, grey: Grey) -> Sequence[tuple[int, int, int, int]]:
        """Left, top, width, height of each place."""


class Part:
    """One recording's bytes (what is read of it), its size, when its stream's clock stood at 0 (seconds since 1970),
    and from when until when of it is wanted (seconds on that clock).
    """

    def __init__(self, file: Path, size: tuple[int, int], zero_s: float, span: tuple[float, float]) -> None:
        self.file = file
        self.size = size
        self.zero_s = zero_s
        self.span = span

    def into(self) -> list[str]:
        """How FFmpeg is told to read it."""
        return ["-threads", "1", "-copyts", "-f", "mp4", "-i", str(self.file)]


def masks(part: Part, polygons: Sequence[Polygon], finds: Finds | None, to: Path) -> None:
    """Write the masks of a part: grey pictures, `RATE` a second from the beginning of the span on."""
    width, height = part.size
    wide, high = -(-width // _COARSE), -(-height // _COARSE)
    always = np.frombuffer(plane(polygons, wide, high), np.uint8).reshape(high, wide)
    if finds is None:
        to.write_bytes(always.tobytes())
        return
    filters = f"trim=start={part.span[0]}:end={part.span[1]},fps={RATE}:start_time={part.span[0]},format=gray"
    words = [*part.into(), "-filter_threads", "1", "-vf", filters, "-f", "rawvideo", "pipe:1"]
    with to.open("wb") as out, _run(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        window: deque[Grey] = deque(maxlen=2 * _HELD + 1)
        waiting = 0
        while len(data := process.stdout.read(width * height)) == width * height:
            picture = np.frombuffer(data, np.uint8).reshape(height, width)
            window.append(_drawn(finds.boxes(picture), wide, high))
            waiting += 1
            if waiting > _HELD:
                out.write(np.maximum(np.maximum.reduce(list(window)), always).tobytes())
                waiting -= 1
        for _ in range(waiting):
            out.write(np.maximum(np.maximum.reduce(list(window)), always).tobytes())
            if len(window) > _HELD + 1:
                window.popleft()
        if not window:
            out.write(always.tobytes())


def _drawn(boxes: Sequence[tuple[int, int, int, int]], wide: int, high: int) -> Grey:
    found = np.zeros((high, wide), np.uint8)
    for x, y, width, height in boxes:
        top, left = max(0, y // _COARSE), max(0, x // _COARSE)
        found[top : -(-(y + height) // _COARSE), left : -(-(x + width) // _COARSE)] = 255
    return found


def film(part: Part, mask: Path, out: Path, size: tuple[int, int], written: Callable[[float], str]) -> None:
    """Write the part as MP4 of `size`, with what `written` says (filters, by when the clock stands at 0) on it."""
    width, height = part.size
    wide, high = -(-width // _COARSE), -(-height // _COARSE)
    share = min(width, height) / BLOCKS
    small = f"{max(2, round(width / share))}:{max(2, round(height / share))}"
    begin, end = part.span
    graph = (
        f"[0:v]trim=start={begin}:end={end},format=yuv420p,split[a][b];"
        f"[b]scale={small}:flags=area,scale={width}:{height}:flags=bilinear[c];"
        f"[1:v]setpts=PTS+{begin}/TB,scale={wide * _COARSE}:{high * _COARSE}:flags=neighbor,"
        f"crop={width}:{height}:0:0[k];"
        f"[c][k]alphamerge[m];[a][m]overlay=format=yuv420:eof_action=repeat,{written(part.zero_s)}"
        f"scale={size[0]}:{size[1]},setpts=PTS-{begin}/TB[out]"
    )
    coded = (
        "-c:v libx264 -preset veryfast -threads 1 -crf 23 -g 30 -bf 0 -pix_fmt yuv420p "
        "-fps_mode vfr -video_track_timescale 90000 -f mp4 -y"
    )
    words = [
        *part.into(),
        *f"-f rawvideo -pixel_format gray -video_size {wide}x{high} -framerate {RATE}".split(),
        *("-i", str(mask), "-filter_threads", "1", "-filter_complex_threads", "1"),
        *("-filter_complex", graph, "-map", "[out]", "-an", "-map_metadata", "-1"),
        *coded.split(),
        str(out),
    ]
    with _run(words, stdout=subprocess.DEVNULL) as process:
        process.wait()
    if process.returncode != 0 or not out.exists():
        raise RuntimeError("the program could not make the film")


def joined(parts: Sequence[Path], listing: Path, out: Path) -> None:
    """All parts as one MP4, a fragment each group of pictures."""
    listing.write_text("".join(f"file '{one}'\n" for one in parts), encoding="utf-8")
    words = ["-f", "concat", "-safe", "0", "-i", str(listing), "-c", "copy", "-map_metadata", "-1"]
    fragments = "+frag_keyframe+empty_moov+default_base_moof"
    with _run([*words, "-movflags", fragments, "-f", "mp4", "-y", str(out)], stdout=subprocess.DEVNULL) as process:
        process.wait()
    if process.returncode != 0 or not out.exists():
        raise RuntimeError("the program could not join the film")


def _run(words: Sequence[str], stdout: int) -> "subprocess.Popen[bytes]":
    told = [ffmpeg.program(), "-hide_banner", "-nostdin", "-loglevel", "error", *words]
    return subprocess.Popen(told, stdout=stdout, stderr=subprocess.DEVNULL)


def overlay(line: Path, zone_s: int, font: str | None, height: int) -> Callable[[float], str]:
    """Filters that write the line below and the city's time above, for a clock that stood at 0 at some time."""
    face = "" if font is None else f"fontfile='{font}':"
    size = max(11, height // 24)
    looks = f"{face}fontsize={size}:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=4:x=6"

    def written(zero_s: float) -> str:
        clock = f"%{{pts\\:gmtime\\:{zero_s + zone_s:.3f}\\:%Y-%m-%d %H\\\\\\:%M\\\\\\:%S}}"
        return f"drawtext=textfile='{line}':expansion=none:{looks}:y=h-th-8,drawtext=text='{clock}':{looks}:y=8,"

    return written
