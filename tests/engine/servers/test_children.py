"""Starting, finding and ending programs."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from dure.engine.servers import children
from dure.engine.servers.place import AlreadyRunning, Place

ECHO = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"


def test_a_log_is_cut_while_its_program_goes_on_writing(tmp_path: Path) -> None:
    log = tmp_path / "echo.log"
    with log.open("ab") as out:
        program = subprocess.Popen([sys.executable, "-c", ECHO], stdin=subprocess.PIPE, stdout=out, text=True)
    assert program.stdin is not None
    program.stdin.write("before\n" * 1000)
    program.stdin.flush()
    while log.stat().st_size < 7000:
        assert program.poll() is None
    children.rotate(log, limit_bytes=5000)
    program.communicate("after\n", timeout=30)
    assert log.read_text() == "after\n"
    assert (tmp_path / "echo.log.1").read_text() == "before\n" * 1000


def test_a_short_log_and_none_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("x")
    children.rotate(tmp_path / "a.log")
    children.rotate(tmp_path / "b.log")
    assert [path.name for path in tmp_path.iterdir()] == ["a.log"]


def test_a_number_that_was_given_to_another_program_is_not_taken_for_ours() -> None:
    began = psutil.Process().create_time()
    assert children.alive(os.getpid(), began) is not None
    assert children.alive(os.getpid(), began - 3600) is None
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert children.alive(gone.pid, None) is None


def test_a_taken_port_is_not_given_and_its_holder_is_found() -> None:
    port = children.free_port()  # none of those that go to outgoing connections of others meanwhile
    with socket.create_server(("127.0.0.1", port)):
        assert children.free_port(port) != port
        holder = children.holder_of(port)
        assert holder is not None
        assert holder.pid == os.getpid()
    assert children.free_port(port) == port


def test_what_does_not_obey_is_ended_all_the_same(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True); time.sleep(600)"
    process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    steps = [(signal.SIGTERM, 0.2), (signal.SIGKILL, 10.0)]
    assert children.end([psutil.Process(process.pid)], steps)
    process.wait(10)
    process.stdout.close()


def test_a_folder_is_one_supervisors_at_a_time(tmp_path: Path) -> None:
    place = Place(tmp_path / "도시")
    assert not place.held()
    hold = place.hold()
    assert place.held()
    with pytest.raises(AlreadyRunning, match=str(os.getpid())):
        Place(tmp_path / "도시").hold()
    hold.release()
    assert not place.held()


def test_secrets_are_made_once_and_the_owners_alone(tmp_path: Path) -> None:
    place = Place(tmp_path)
    secret, issuer = place.secret("postgres"), place.issuer()
    assert len(secret) >= 43
    assert (Place(tmp_path).secret("postgres"), Place(tmp_path).issuer()) == (secret, issuer)
    assert {path.stat().st_mode & 0o777 for path in place.secrets.iterdir()} == {0o600}
    (place.secrets / "nats-issuer.nk").write_text("rubbish")
    assert place.issuer() != issuer
