"""Real engines for every test: one PostgreSQL cluster a session, a database a test from a migrated template, a
nats-server a worker."""

import gc
import os
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from xdist.scheduler import LoadScopeScheduling

from dure.engine.database import Database, migrate
from dure.engine.servers import binaries
from dure.engine.servers.nats import MqttDoor, Nats
from dure.engine.servers.nkeys import new_key
from dure.engine.servers.postgres import Cluster, Postgres
from dure.engine.settings import Settings
from dure.kernel.clock import Clock, SystemClock
from tests.support import NatsServer, open_folder, passing_folder

ROOT = Path(__file__).parents[1]
TEMPLATE = "dure_template"
_TEMPLATE_LOCK = 7_306_001
_cluster: Postgres | None = None
_cluster_folder: Path | None = None


# --- how the run goes ---


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long` adds the long drills."""
    parser.addoption("--long", action="store_true", help="run the long drills too")


_FIRST = (
    *("tests/e2e", "tests/chaos", "tests/contract", "tests/engine/servers", "tests/attacks", "tests/house"),
    *("tests/video", "tests/sense/test_kills", "tests/services/epidemic", "tests/city/sample"),
)
"""What takes longest begins first, so that two workers end together."""
_LAST = "tests/attacks/test_fuzz"
"""Leaves much behind in the city that it shares."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the long drills out unless asked for, and begins with what takes longest. Two tests of one id are refused:
    of such, workers run one."""
    twice = [name for name, count in Counter(item.nodeid for item in items).items() if count > 1]
    if twice:
        raise pytest.UsageError(f"several tests share one id: {twice[:5]}")
    if not config.getoption("--long"):
        long = [item for item in items if item.get_closest_marker("long")]
        if long:
            config.hook.pytest_deselected(items=long)
            items[:] = [item for item in items if not item.get_closest_marker("long")]
    items.sort(key=lambda item: _place(item.nodeid))


def _place(name: str) -> int:
    if name.startswith(_LAST):
        return len(_FIRST) + 1
    return next((number for number, place in enumerate(_FIRST) if name.startswith(place)), len(_FIRST))


_ONE_CITY = ("tests/e2e/", "tests/contract/test_", "tests/attacks/")
"""What begins so shares a running city."""


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Keeps a file's tests on one worker, in order, and all that share a city: what they set up is made once."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return next((start for start in _ONE_CITY if file.startswith(start)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_collection_finish() -> None:
    """What was collected stays to the end: the collector need not go through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    """Several workers share the work file by file."""
    config.option.loadscopereorder = False
    return ByFile(config, log)


_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Notes what was skipped."""
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Notes whole files that were skipped."""
    if report.skipped:
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under CI a skipped test is a failure: nothing may quietly not run."""
    if os.environ.get("CI") and _skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names what failed by being skipped."""
    if os.environ.get("CI") and _skipped:
        terminalreporter.section("skipped under CI counts as failed")
        for name in _skipped:
            terminalreporter.line(name)


# --- PostgreSQL ---


def _start_cluster() -> Postgres:
    """A cluster for this run, without fsync, in a folder that its own account can reach also where root runs the
    tests."""
    global _cluster, _cluster_folder
    if _cluster is None:
        _cluster_folder = open_folder()
        user = binaries.server_user()
        cluster = Cluster(_cluster_folder / "postgres", binaries.postgres_home(user), user)
        _cluster = Postgres(cluster, password="test", log=_cluster_folder / "postgres.log", durable=False)
        _cluster.make()
        _cluster.start()
        _cluster.ready()
    return _cluster


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """With several workers the controller starts the one cluster and tells each of them where it is."""
    node.workerinput["dure_postgres"] = _start_cluster().url_of("postgres")  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends the cluster that this process started."""
    global _cluster, _cluster_folder
    if _cluster is not None:
        _cluster.stop()
        _cluster = None
    if _cluster_folder is not None:
        shutil.rmtree(_cluster_folder, ignore_errors=True)
        _cluster_folder = None


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder for one test that any account of the machine can walk into (pytest's own are closed to all but their
    owner)."""
    with passing_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> str:
    """The cluster's maintenance database; a superuser's URL."""
    told = getattr(request.config, "workerinput", {}).get("dure_postgres")
    return str(told) if told else _start_cluster().url_of("postgres")


def _in_cluster(postgres_url: str, *statements: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as line:
        for statement in statements:
            line.execute(statement)


def url_of(postgres_url: str, database: str) -> str:
    """The URL of another database of the same cluster."""
    return postgres_url.rsplit("/", 1)[0] + "/" + database


@pytest.fixture(scope="session")
def template(postgres_url: str) -> str:
    """The name of a migrated database that others are cloned from; made once by whoever comes first."""
    with psycopg.connect(postgres_url, autocommit=True) as line:
        line.execute("select pg_advisory_lock(%s)", (_TEMPLATE_LOCK,))
        if line.execute("select 1 from pg_database where datname = %s", (TEMPLATE,)).fetchone() is None:
            line.execute(f"drop database if exists {TEMPLATE}_new with (force)")
            line.execute(f"create database {TEMPLATE}_new")
            migrate(url_of(postgres_url, f"{TEMPLATE}_new"))
            line.execute(f"alter database {TEMPLATE}_new rename to {TEMPLATE}")
    return TEMPLATE


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """A database of this test's own without any table."""
    name = f"t_{uuid4().hex}"
    _in_cluster(postgres_url, f"create database {name}")
    yield url_of(postgres_url, name)
    _in_cluster(postgres_url, f"drop database {name} with (force)")


class Clones:
    """Clones of the template: while one test runs, the next one's is made and the last one's is dropped."""

    def __init__(self, postgres_url: str, template: str) -> None:
        self._line = psycopg.connect(postgres_url, autocommit=True)
        self._template = template
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="clones")
        self._next = self._thread.submit(self._made)
        self._dropped: Future[None] | None = None

    def take(self) -> str:
        """The name of a database that nobody has used."""
        name = self._next.result()
        self._next = self._thread.submit(self._made)
        return name

    def drop(self, name: str) -> None:
        """Soon."""
        if self._dropped is not None:
            self._dropped.result()
        self._dropped = self._thread.submit(self._drop, name)

    def close(self) -> None:
        """Drops what is left."""
        self.drop(self._next.result())
        self._thread.shutdown()
        self._line.close()

    def _made(self) -> str:
        name = f"t_{uuid4().hex}"
        self._line.execute(f"create database {name} template {self._template} strategy file_copy")
        return name

    def _drop(self, name: str) -> None:
        self._line.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def clones(postgres_url: str, template: str) -> Iterator[Clones]:
    """This worker's."""
    made = Clones(postgres_url, template)
    yield made
    made.close()


@pytest.fixture
def database_url(postgres_url: str, clones: Clones) -> Iterator[str]:
    """A migrated database of this test's own."""
    name = clones.take()
    yield url_of(postgres_url, name)
    clones.drop(name)


@pytest.fixture
def clock() -> Clock:
    """The clock of the test's database; folders that hold it have their own."""
    return SystemClock()


@pytest.fixture
async def database(database_url: str, clock: Clock, tmp_path: Path) -> AsyncIterator[Database]:
    """A pool on a migrated database of this test's own, of the city in its folder, by the test's clock."""
    pool = Database(database_url, clock=clock, folder=tmp_path)
    yield pool
    await pool.close()


# --- the stream ---


def _nats(folder: Path) -> Iterator[NatsServer]:
    issuer = new_key("account")
    server = Nats(folder, password="test", issuer=issuer.public, log=folder / "nats.log")
    server.start(MqttDoor())
    try:
        server.ready()
        yield NatsServer(server.url, server.door.host, server.door.port, issuer)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """One nats-server for this worker; streams of one test are seen by the next."""
    yield from _nats(tmp_path_factory.mktemp("nats"))


@pytest.fixture
def own_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """A nats-server of this test's own, with no streams (it starts in some 20 ms)."""
    yield from _nats(tmp_path_factory.mktemp("nats"))


@pytest.fixture(scope="session")
def nats_url(nats_server: NatsServer) -> str:
    """How dure's own processes reach this worker's nats-server."""
    return nats_server.url


# --- a city ---


@pytest.fixture
def city_settings(tmp_path: Path, database_url: str, own_nats: NatsServer) -> Settings:
    """Settings of a city of this test's own: a migrated database, an empty stream, a folder."""
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "nats-issuer.nk").write_text(own_nats.issuer.seed, encoding="ascii")
    return Settings(
        data=tmp_path,
        database_url=database_url,
        nats_url=own_nats.url,
        mqtt_host=own_nats.mqtt_host,
        mqtt_port=own_nats.mqtt_port,
    )


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path | None]:
    """`real_data("cctv/x.csv")`: a real file beside the project where there is one, else None; the test makes a
    small one then."""

    def find(path: str) -> Path | None:
        found = ROOT.parent / "shared" / "data" / path
        return found if found.exists() else None

    return find
