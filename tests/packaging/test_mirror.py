"""`tests/unit/` mirrors `src/urlsession/` file for file."""

from __future__ import annotations

from .source_tree import ROOT, modules

UNIT_DIR = ROOT / "tests" / "unit"

# Source files without a unit test of their own, each with where it is tested instead.
ELSEWHERE: dict[str, str] = {
    "__main__": "tests/loopback/test_fetch.py",
    "challenge": "tests/conformance/test_13_challenges.py",
    "cli.fetching.continued": "tests/loopback/test_fetch_resume.py",
    "cli.fetching.web_socket": "tests/loopback/test_fetch_web_socket.py",
    "engine.asyncio_driver": "tests/loopback/test_doors.py, by either kind of loop",
    "engine.driver": "a protocol; its two implementations in tests/loopback",
    "engine.io_thread": "tests/loopback/test_doors.py",
    "engine.pool": "tests/loopback: every load; limits in test_pool_limits.py",
    "engine.unread": "tests/conformance/test_03_uploads.py, early replies",
    "engine.process": "tests/loopback/lifetimes/test_exit.py and test_fork.py",
    "cli.fetching.network": "tests/loopback/test_fetch_network.py",
    "engine.retired": "tests/conformance/test_01_reset.py",
    "loading.route": "tests/conformance/test_02_proxies.py, test_15_http3.py",
    "loading.sites": "tests/conformance/test_15_hsts.py, test_15_http3.py",
    "loading.caching": "tests/conformance/test_09_policies.py, test_09_validation.py",
    "loading.client": "a protocol and two tuples; tests/unit/tasks/test_measure.py",
    "engine.wires": "tests/conformance/test_03_streams.py",
    "loading.channel": "tests/conformance/test_03_streams.py",
    "loading.choice": "tests/conformance/test_14_url_protocol.py",
    "loading.data": "tests/conformance/test_01_schemes.py",
    "loading.file": "tests/conformance/test_01_schemes.py",
    "loading.authentication": "tests/conformance/test_13_challenges.py",
    "loading.guard": "tests/conformance/test_13_*.py",
    "loading.guarding": "tests/conformance/test_13_challenges.py",
    "loading.cookies": "tests/conformance/test_10_loading.py",
    "loading.http": "tests/loopback/test_redirects.py, test_bodies.py and bad_input",
    "storage.cookies.policy": "two enums; test_cookie.py and test_storage.py",
    "tls": "an enum; tests/unit/test_configuration.py and test_metrics.py",
    "loading.identity": "tests/conformance/test_13_client_certificates.py",
    "loading.local": "tests/conformance/test_01_schemes.py",
    "loading.protocol": "tests/conformance/test_14_url_protocol.py",
    "loading.receiving": "tests/loopback/test_streams.py and bad_input/test_coding.py",
    "loading.sending": "tests/loopback/test_bodies.py, tests/conformance/test_15_*.py",
    "loading.quiet": "tests/conformance/test_02_news.py",
    "loading.registry": "tests/conformance/test_14_url_protocol.py",
    "loading.peer": "tests/conformance/test_03_stream_trust.py",
    "loading.stream": "tests/conformance/test_03_streams.py",
    "loading.tls": "tests/conformance/test_03_streams.py",
    "tasks.becoming_stream": "tests/conformance/test_03_streams.py",
    "tasks.stream_task": "tests/conformance/test_03_streams.py",
    "protocol": "tests/conformance/test_14_url_protocol.py",
    "loading.web_socket.load": "tests/conformance/test_03_websocket_cases.py",
    "session": "tests/loopback/test_doors.py, lifetimes/test_invalidation.py",
    "storage.months": "tests/unit/storage/test_cache_control.py, cookies/test_date.py",
    "tasks.core": "tests/loopback/test_doors.py, lifetimes",
    "tasks.groups": "tests/conformance/test_03_task_facts.py, test_01_reset.py",
    "storage.emptying": "tests/conformance/test_01_reset.py",
    "storage.keychain": "tests/conformance/test_11_credentials.py",
    "storage.marks": "a flag; tests/conformance/test_13_client_certificates.py",
    "tasks.challenge": "tests/conformance/test_13_challenges.py",
    "tasks.chore": "tests/conformance/test_01_reset.py",
    "tasks.data_task": "tests/loopback/test_streams.py, test_callback_order.py",
    "tasks.download_task": "tests/conformance/test_03_downloads*.py",
    "tasks.partial_download": "tests/conformance/test_03_downloads_resumed.py",
    "tasks.conversation": "tests/conformance/test_03_web_socket.py",
    "tasks.web_socket_call": "tests/conformance/test_03_web_socket.py",
    "tasks.web_socket_task": "tests/conformance/test_03_web_socket.py and 16, 17",
    "tasks.task": "tests/loopback/test_callback_order.py, test_cancellation.py",
    "tasks.upload_task": "tests/conformance/test_03_uploads.py, test_03_resuming.py",
    "watch.adapters.aiobotocore": "tests/corpus/programs/aiobotocore and s3fs",
    "watch.adapters.aiohttp": "tests/corpus/programs/aiohttp",
    "watch.adapters.asyncio_streams": "tests/corpus/programs/asyncio_streams, uvloop",
    "watch.adapters.asyncpg": "tests/corpus/programs/asyncpg",
    "watch.adapters.botocore": "tests/corpus/programs/botocore",
    "watch.adapters.curl_cffi": "tests/corpus/programs/curl_cffi",
    "watch.adapters.descriptors": "tests/corpus/programs/curl_cffi and pycurl",
    "watch.adapters.grpc": "tests/corpus/programs/grpc",
    "watch.adapters.http_client": "tests/corpus/programs/http_client",
    "watch.adapters.httpx": "tests/corpus/programs/httpx, httpx2, openai and anthropic",
    "watch.adapters.niquests": "tests/corpus/programs/niquests",
    "watch.adapters.psycopg": "tests/corpus/programs/psycopg and psycopg_pool",
    "watch.adapters.psycopg2": "tests/corpus/programs/psycopg2",
    "watch.adapters.pycurl": "tests/corpus/programs/pycurl",
    "watch.adapters.pymongo": "tests/corpus/programs/pymongo",
    "watch.adapters.pyreqwest": "tests/corpus/programs/pyreqwest",
    "watch.adapters.redis": "tests/corpus/programs/redis",
    "watch.adapters.requests": "tests/corpus/programs/requests",
    "watch.adapters.sdk": "tests/corpus/programs/azure",
    "watch.adapters.stdlib": "tests/corpus/programs/stdlib",
    "watch.adapters.targets": "tests/corpus/programs/grpc and pyreqwest",
    "watch.adapters.urllib3": "tests/corpus/programs/urllib3",
    "watch.adapters.websocket_client": "tests/corpus/programs/websocket_client",
    "watch.adapters.websockets": "tests/corpus/programs/websockets",
    "pytest_plugin.checker": "tests/pytest_plugin/test_charging.py",
    "pytest_plugin.leak_warning": "tests/pytest_plugin/test_options.py",
    "pytest_plugin.plugin": "tests/pytest_plugin/test_options.py",
    "pytest_plugin.telling": "tests/pytest_plugin/test_options.py",
    "watch.entry.autostart": "tests/watch/test_environment.py",
    "watch.capture.netlink": "tests/unit/watch/test_kernel.py",
    "watch.capture.tcp": "tests/unit/watch/test_kernel.py",
    "watch.entry.ending": "tests/watch/test_signals.py, test_children.py, test_environment.py",
    "testing.certificates": "tests/loopback/test_kit_server.py",
    "testing.connection": "tests/loopback/test_kit_server.py",
    "testing.h2_server": "tests/loopback/test_kit_h2.py",
    "testing.handlers": "tests/loopback/test_kit_server.py",
    "testing.stub": "tests/conformance/test_14_stubs.py",
    "testing.stub_network": "tests/conformance/test_14_stubs.py",
    "testing.stub_protocol": "tests/conformance/test_14_stubs.py",
    "testing.server": "tests/loopback/test_kit_server.py",
}
# Unit tests that are about more than one source file.
ACROSS: set[str] = {
    "watch.heap.holders",  # each kind of holder, through the whole search
}


def source_names() -> set[str]:
    """Return the modules that a unit test may be about; packages only re-export."""
    return {one.name for one in modules().values() if not one.is_package}


def names_under_test() -> set[str]:
    """Return the module that each unit test is about, by its path."""
    return {
        ".".join((*path.relative_to(UNIT_DIR).parts[:-1], path.stem[len("test_") :]))
        for path in UNIT_DIR.rglob("test_*.py")
    }


def test_unit_tests_are_about_a_source_file() -> None:
    """A unit test whose source moved must move too."""
    assert names_under_test() - source_names() - ACROSS == set()


def test_source_files_have_a_unit_test() -> None:
    """What has none says where it is tested."""
    assert source_names() - names_under_test() - set(ELSEWHERE) == set()


def test_exceptions_are_still_exceptions() -> None:
    """A file that got its unit test leaves the list."""
    assert set(ELSEWHERE) & names_under_test() == set()
    assert set(ELSEWHERE) - source_names() == set()
