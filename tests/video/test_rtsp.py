"""RTSP, RTP, H.264, H.265 and our own fragmented MP4: pure, by property, and checked by what FFmpeg decodes."""

import subprocess
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.commands.simulate.rtp import FlvReader, Unit, description, packets
from dure.commands.simulate.signing import REALM, admits, challenges
from dure.engine import ffmpeg
from dure.video.model import BrokenStream, Fragment, Init, Splitter
from dure.video.rtsp import sdp, sets
from dure.video.rtsp.fmp4 import CLOCK_HZ, Muxer
from dure.video.rtsp.login import Login
from dure.video.rtsp.rtp import MOST_STRANGE, Assembler
from dure.video.rtsp.sets import Codec
from dure.video.rtsp.stream import Stream
from dure.video.rtsp.wire import Answer, Reader

CODECS = {
    Codec.H264: ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "10"),
    Codec.H265: ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=10:bframes=0"),
}
Drawn = tuple[FlvReader, list[Unit]]


def drawn(codec: Codec, *more: str, size: str = "200x100") -> Drawn:
    """Two seconds of a test picture whose size is no multiple of 16."""
    source = ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=10", "-t", "2", "-pix_fmt", "yuv420p")
    command = [ffmpeg.program(), "-loglevel", "error", *source, *CODECS[codec], *more, "-f", "flv", "pipe:1"]
    reader = FlvReader()
    return reader, reader.feed(subprocess.run(command, capture_output=True, check=True).stdout)


class Drawings(dict[Codec, Drawn]):
    """Both codecs' pictures."""

    def __repr__(self) -> str:
        """Short: Hypothesis shows what a test was given."""
        return "Drawings"


@pytest.fixture(scope="module")
def pictures() -> Drawings:
    """Both codecs' pictures, made once."""
    return Drawings({codec: drawn(codec) for codec in Codec})


def decoded(stream: bytes) -> list[str]:
    """What FFmpeg decodes: a line for each picture with its time and hash."""
    command = [ffmpeg.program(), "-loglevel", "error", "-i", "pipe:0", "-fps_mode", "passthrough"]
    done = subprocess.run([*command, "-f", "framehash", "-hash", "md5", "pipe:1"], input=stream, capture_output=True)
    assert done.returncode == 0
    assert done.stderr == b"", done.stderr
    return [line for line in done.stdout.decode().splitlines() if not line.startswith("#")]


def packed(units: list[Unit], codec: Codec, began: int = 0) -> list[bytes]:
    found: list[bytes] = []
    for unit in units:
        found += packets(unit, 65_500 + len(found), 7, began=began, codec=codec.value)
    return found


def through(stream: Stream, data: list[bytes]) -> list[Init | Fragment]:
    return [piece for one in data for piece in stream.feed(one, 5.0)]


@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize("told", [True, False], ids=["in the description", "in the stream"])
def test_what_a_camera_sends_is_what_a_player_decodes(pictures: Drawings, codec: Codec, told: bool) -> None:
    reader, units = pictures[codec]
    if not told:
        units = [Unit((*reader.parameters, *one.nals), one.time, True) if one.key else one for one in units]
    track = sdp.video(description(reader.parameters, "C", codec.value))
    assert track is not None
    assert track.codec is codec
    stream = Stream(codec, track.kind, track.sets if told else ())
    init, *fragments = through(stream, packed(units, codec, began=0xFFFFFF00))
    assert isinstance(init, Init)
    assert (init.width, init.height) == (200, 100)
    assert [one.key for one in fragments if isinstance(one, Fragment)] == [one.key for one in units]
    assert len(fragments) == 20
    assert [round(one.at_s, 2) for one in fragments[:3] if isinstance(one, Fragment)] == [0, 0.1, 0.2]
    whole = init.data + b"".join(one.data for one in fragments)
    assert len(decoded(whole)) == 20
    assert Splitter().feed(whole, 5.0) == [init, *fragments], "our muxer and our reader say the same"
    assert "hvc1.1.6" in init.codec if codec is Codec.H265 else "avc1.42c0" in init.codec


def test_pictures_out_of_order_keep_their_place() -> None:
    times = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]
    muxer = Muxer()
    made = [muxer.picture([b"\x65abc"], at == 0, at * 3_000, 0.0) for at in times]
    sent = [one.at_s for one in made]
    assert sent == sorted(sent)
    shifts = [int.from_bytes(one.data[100:104], "big", signed=True) for one in made]  # the last field of `trun`
    shown = [round(at * CLOCK_HZ) + shift for at, shift in zip(sent, shifts, strict=True)]
    assert [round(at / 3_000) for at in shown] == times


@given(st.lists(st.integers(-(1 << 32), 1 << 32), min_size=2, max_size=60))
def test_whatever_a_cameras_clock_does_ours_goes_on_and_never_leaps(steps: list[int]) -> None:
    muxer, stamp = Muxer(), 0
    made = []
    for step in steps:
        stamp = (stamp + step) & 0xFFFFFFFF
        made.append(muxer.picture([b"\x65abc"], True, stamp, 0.0))
    for before, after in pairwise(made):
        lasts = int.from_bytes(before.data[88:92], "big") / CLOCK_HZ
        assert 0 < after.at_s - before.at_s <= 2 * lasts + 1e-6


@settings(max_examples=40, deadline=None)
@given(lost=st.sets(st.integers(1, 60), max_size=12))
def test_a_picture_of_which_a_packet_is_missing_is_left_out_and_no_other(pictures: Drawings, lost: set[int]) -> None:
    _, units = pictures[Codec.H264]
    sent: list[tuple[int, bytes]] = []
    for number, unit in enumerate(units):
        sent += [(number, one) for one in packets(unit, len(sent), 7)]
    assembler = Assembler(Codec.H264, 96)
    found = [unit for at, (_, one) in enumerate(sent) if at not in lost for unit in assembler.feed(one)]
    harmed = {number for at, (number, _) in enumerate(sent) if at in lost}
    whole = {tuple(unit.nals) for number, unit in enumerate(units) if number not in harmed}
    got = {tuple(unit.nals) for unit in found}
    assert got <= {tuple(unit.nals) for unit in units}
    after_loss = {tuple(units[number + 1].nals) for number in harmed if number + 1 < len(units)}
    assert whole - got <= after_loss, "one before or after the hole may be taken for harmed"


def test_small_units_that_come_together_are_taken_apart(pictures: Drawings) -> None:
    for codec, head in ((Codec.H264, b"\x78"), (Codec.H265, b"\x60\x01")):
        reader, units = pictures[codec]
        inside = [*reader.parameters, *(nal for nal in units[1].nals if len(nal) < 60_000)]
        body = head + b"".join(len(nal).to_bytes(2, "big") + nal for nal in inside)
        (unit,) = Assembler(codec, 96).feed(b"\x80\xe0" + bytes(10) + body)
        assert unit.nals == inside


def test_a_camera_that_lies_about_its_codec_is_found_out(pictures: Drawings) -> None:
    for codec, other in ((Codec.H264, Codec.H265), (Codec.H265, Codec.H264)):
        reader, units = pictures[codec]
        stream = Stream(other, 96)
        many = [Unit((*reader.parameters, *one.nals), at * 6_000, one.key) for at, one in enumerate(units * 30)]
        with pytest.raises(BrokenStream):
            through(stream, packed(many, codec))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(list(Codec)), st.lists(st.binary(max_size=80), max_size=20))
def test_rubbish_in_rtp_shows_nothing(codec: Codec, data: list[bytes]) -> None:
    stream = Stream(codec, 96)
    with suppress(BrokenStream):
        for one in data:
            assert not [piece for piece in stream.feed(one, 0.0) if isinstance(piece, Init)]
            stream.feed(b"\x80\xe0" + bytes(10) + one, 0.0)


def test_nothing_but_rubbish_is_given_up() -> None:
    stream = Stream(Codec.H264, 96)
    with pytest.raises(BrokenStream, match="codec"):
        through(stream, [b"\x80\xe0" + bytes(10) + b"\x1f\xff\xff"] * (MOST_STRANGE + 1))


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=1, max_size=60))
def test_parameter_sets_are_read_or_refused(data: bytes) -> None:
    for read in (sets.h264, sets.h265):
        with suppress(BrokenStream):
            shape = read(data)
            assert shape.width >= 8
            assert shape.height >= 8


def test_another_size_in_mid_stream_is_another_beginning(pictures: Drawings) -> None:
    reader, units = pictures[Codec.H264]
    other, small = drawn(Codec.H264, size="96x64")
    small = [
        Unit((*other.parameters, *one.nals) if one.key else one.nals, 180_000 + one.time, one.key) for one in small
    ]
    found = through(Stream(Codec.H264, 96, reader.parameters), packed(units + small, Codec.H264))
    inits = [one for one in found if isinstance(one, Init)]
    assert [(one.width, one.height) for one in inits] == [(200, 100), (96, 64)]
    at = found.index(inits[1])
    assert isinstance(found[at + 1], Fragment)
    assert len(decoded(b"".join(one.data for one in found[at:]))) == 20


def test_only_slices_go_on(pictures: Drawings) -> None:
    reader, units = pictures[Codec.H264]
    told = b"\x06\x05\x20a-makers-own-message-of-any-kind"
    spiced = [Unit((told, *one.nals, told), one.time, one.key) for one in units]
    found = through(Stream(Codec.H264, 96, reader.parameters), packed(spiced, Codec.H264))
    assert len(found) == 21
    assert not any(b"makers-own" in one.data for one in found)


@settings(max_examples=100, deadline=None)
@given(cuts=st.lists(st.integers(1, 40), max_size=40))
def test_however_a_connection_is_cut_the_same_is_read(cuts: list[int]) -> None:
    data = (
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nWWW-Authenticate: A\r\nWWW-Authenticate: B\r\nContent-Length: 3\r\n\r\nabc"
        b"$\0\0\x02hi"
        b"REDIRECT rtsp://x RTSP/1.0\r\nCSeq: 9\r\nLocation: rtsp://elsewhere\r\n\r\n"
        b"$\1\0\0RTSP/1.0 401 No\r\ncseq: 2\r\n\r\n"
    )
    headers = {"cseq": ["1"], "www-authenticate": ["A", "B"], "content-length": ["3"]}
    reader, found, at = Reader(), [], 0
    for cut in [*cuts, len(data)]:
        found += reader.feed(data[at : at + cut])
        at += cut
    assert found == [Answer(200, headers, b"abc"), (0, b"hi"), (1, b""), Answer(401, {"cseq": ["2"]}, b"")]


@pytest.mark.parametrize(
    "data",
    [b"\0\0\0\0", b"HTTP" + b"x" * 20_000, b"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n", b"RTSP/1.0\r\n\r\n"],
)
def test_what_is_no_rtsp_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenStream):
        Reader().feed(data)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_upset_the_reader(data: bytes) -> None:
    with suppress(BrokenStream):
        Reader().feed(data)


@pytest.mark.parametrize("scheme", ["Basic", "MD5", "SHA-256"])
def test_each_way_to_sign_in(scheme: str) -> None:
    asked = challenges([scheme], "n-1")
    login = Login("viewer", 'a:b"c')
    assert login.answer("DESCRIBE", "rtsp://h/1") is None
    assert login.hear(asked)
    if '"' not in login.password or scheme == "Basic":
        said = login.answer("DESCRIBE", "rtsp://h/1")
        assert said is not None
        assert admits(said, "DESCRIBE", 'viewer:a:b"c', [scheme], "n-1")
    assert login.answer("SETUP", "rtsp://h/1") != login.answer("PLAY", "rtsp://h/1") or scheme == "Basic"
    assert not login.hear(asked), "refused once more: it was the wrong one"


def test_the_better_way_is_taken_and_a_stale_number_is_renewed() -> None:
    login = Login("viewer", "hunter2")
    assert login.hear(challenges(["Basic", "MD5", "SHA-256"], "n-1"))
    said = login.answer("PLAY", "rtsp://h/1") or ""
    assert "SHA-256" in said
    assert "hunter2" not in said
    assert login.hear([f'Digest realm="{REALM}", nonce="n-2", stale=true, algorithm=MD5, qop="auth"'])
    assert not login.hear([f'Digest realm="{REALM}", nonce="n-3", algorithm=MD5'])
    assert not Login("a", "b").hear(["Negotiate abc", "Digest realm=x"])


def test_only_the_track_of_pictures_is_looked_at() -> None:
    text = (
        "v=0\r\nm=audio 0 RTP/AVP 0\r\na=control:trackID=2\r\nm=video 0 RTP/AVP 98\r\na=rtpmap:98 H265/90000\r\n"
        "a=control:rtsp://u:p@10.0.0.1/trackID=1\r\nm=application 0 RTP/AVP 107\r\na=control:trackID=3\r\n"
    )
    track = sdp.video(text)
    assert track is not None
    assert (track.kind, track.codec, track.control) == (98, Codec.H265, "rtsp://u:p@10.0.0.1/trackID=1")
    assert sdp.control("rtsp://10.0.0.1/", track.control) == "rtsp://10.0.0.1/trackID=1"
    assert sdp.control("rtsp://10.0.0.1/a/", "track1") == "rtsp://10.0.0.1/a/track1"
    assert sdp.control("rtsp://10.0.0.1/a", "track1") == "rtsp://10.0.0.1/a/track1"
    assert sdp.control("rtsp://10.0.0.1/a?x=1", "track1") == "rtsp://10.0.0.1/a?x=1/track1"
    assert sdp.video("m=audio 0 RTP/AVP 0\r\na=control:trackID=2") is None
    jpeg = sdp.video("m=video 0 RTP/AVP 26\r\na=control:1")
    assert jpeg is not None
    assert jpeg.codec == "jpeg"
    other = sdp.video("m=video 0 RTP/AVP 96\r\na=rtpmap:96 MP4V-ES/90000")
    assert other is not None
    assert other.codec is None
