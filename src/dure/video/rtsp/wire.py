"""RTSP messages and interleaved packets (RFC 2326, 10.12) out of one connection. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from dure.video.model import BrokenStream
from dure.video.rtsp.sdp import LARGEST_SDP

LARGEST_HEAD = 16 << 10
_PACKET = 0x24  # "$"


@dataclass(frozen=True, slots=True)
class Answer:
    """A camera's answer. Of headers that come more than once all values are kept."""

    status: int
    headers: Mapping[str, list[str]]
    body: bytes

    def first(self, name: str) -> str:
        """A header's first value, empty where it was not sent."""
        return self.headers.get(name, [""])[0]

    @property
    def number(self) -> int:
        """The request that it answers; -1 where it does not say."""
        told = self.first("cseq")
        return int(told) if told.isdecimal() and len(told) < 10 else -1


class Reader:
    """Takes a connection apart as it comes; never holds more than one message."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[Answer | tuple[int, bytes]]:
        """Answers, and packets with their channel. What the camera asks of us (REDIRECT, too) is left
        unheard. Raises BrokenStream for what is neither.
        """
        held = self._held
        held += data
        found: list[Answer | tuple[int, bytes]] = []
        at = 0
        while len(held) - at >= 4:
            if held[at] == _PACKET:
                end = at + 4 + (held[at + 2] << 8 | held[at + 3])
                if end > len(held):
                    break
                found.append((held[at + 1], bytes(held[at + 4 : end])))
                at = end
                continue
            one, end = self._message(at)
            if end == at:
                break
            at = end
            if one is not None:
                found.append(one)
        del held[:at]
        return found

    def _message(self, at: int) -> tuple[Answer | None, int]:
        """The message that begins here and where it ends; `at` where it is not whole yet."""
        held = self._held
        if not held[at : at + 4].isalpha():
            raise BrokenStream("neither RTSP nor a packet")
        stop = held.find(b"\r\n\r\n", at, at + LARGEST_HEAD)
        if stop < 0:
            if len(held) - at >= LARGEST_HEAD:
                raise BrokenStream("a message without end")
            return None, at
        first, *lines = held[at:stop].decode("latin-1").split("\r\n")
        headers: dict[str, list[str]] = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers.setdefault(name.strip().lower(), []).append(value.strip())
        told = headers.get("content-length", ["0"])[0]
        size = int(told) if told.isdecimal() and len(told) < 7 else LARGEST_SDP + 1
        if size > LARGEST_SDP:
            raise BrokenStream("a message of no size")
        end = stop + 4 + size
        if end > len(held):
            return None, at
        words = first.split(" ")
        if not words[0].startswith("RTSP/"):
            return None, end
        if len(words) < 2 or not (words[1].isdecimal() and len(words[1]) == 3):
            raise BrokenStream("an answer without a number")
        return Answer(int(words[1]), headers, bytes(held[stop + 4 : end])), end
