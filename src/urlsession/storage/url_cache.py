"""The cache of replies: in memory, and behind it on disk.

Decides what is kept where and what goes when there is no room (what was used longest
ago), and which of a resource's variants a request selects. Must not know when a reply
may be used: see `cache_rules`; nor how it is written: see `cache_file`.

Source: Foundation's ``URLCache``.
"""

from __future__ import annotations

import math
import os
import threading
import time
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ..errors import URLError
from ..request import URLRequest
from ..response import HTTPURLResponse
from ..setting import moment
from ..url import parse_url
from .cache_rules import ValueOf, variant_of, vary_names
from .cached_response import CachedURLResponse, Entry, StoragePolicy, raw_lines
from .location import data_directory
from .marks import MARKS

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from ..request import FilePath
    from .cache_file import CacheFile

__all__ = (
    "CacheableTask",
    "SlowReadError",
    "URLCache",
    "digest",
    "entry_of",
    "key_for",
    "key_of",
    "user_information",
)

DEFAULT_MEMORY_BYTES = 4 << 20  # Foundation's
DEFAULT_DISK_BYTES = 20 << 20  # Foundation's
_LARGEST_PART = 20  # an entry takes a 20th of the disk at most; Foundation's 5 %


class CacheableTask(Protocol):
    """A task, as far as a cache needs to know it."""

    @property
    def current_request(self) -> URLRequest:
        """The request of the present transaction."""


class _Shared(type):
    """Gives `URLCache` a class property."""

    _shared: URLCache | None = None

    @property
    def shared(cls) -> URLCache:
        """The process's cache: 4 MiB in memory, 20 MiB on disk; may be replaced.

        Sessions with the default configuration that are made later use the new one.
        On disk it is in the program's data directory.
        """
        if _Shared._shared is None:
            with _SHARED_LOCK:
                if _Shared._shared is None:
                    _Shared._shared = URLCache()
        return _Shared._shared

    @shared.setter
    def shared(cls, cache: URLCache) -> None:
        if not isinstance(cache, URLCache):
            raise TypeError(f"shared must be a URLCache, not {type(cache).__name__}")
        _Shared._shared = cache


_SHARED_LOCK = threading.Lock()


class SlowReadError(Exception):
    """A stored reply is on disk, and too large to be read at once."""


class URLCache(metaclass=_Shared):
    """Replies by request. Every method may be called from any thread.

    A reply is found by method and URL (query included, fragment not), and by the
    request's fields that its Vary names. Two processes may use the same folder: each
    finds what the other has stored, at most a second later.

    Subclasses may override `get_cached_response`, `store_cached_response_for_task` and
    `remove_cached_response_for_task`, or the methods these call: sessions then ask
    them. They are called on whatever thread drives the load, and must be quick.

    Args:
        memory_capacity: Bytes in memory; 0 for none.
        disk_capacity: Bytes on disk; 0 for none. A reply that takes more than a 20th
            of it is not stored at all.
        directory: The folder on disk, made when the first reply is stored; None for
            the program's own, see `$URLSESSION_HOME`.

    Source: Foundation's ``URLCache``.
    """

    StoragePolicy: ClassVar[type[StoragePolicy]] = StoragePolicy

    def __init__(
        self,
        memory_capacity: int = DEFAULT_MEMORY_BYTES,
        disk_capacity: int = DEFAULT_DISK_BYTES,
        directory: FilePath | str | None = None,
    ) -> None:
        self._lock = threading.RLock()  # a finalizer may come in at any moment
        self._memory_capacity = _checked("memory_capacity", memory_capacity)
        self._disk_capacity = _checked("disk_capacity", disk_capacity)
        self._directory = None if directory is None else os.fspath(directory)
        self._variants: dict[str, list[Entry]] = {}
        self._by_use: OrderedDict[int, Entry] = OrderedDict()
        self._memory_usage = 0
        self._file: CacheFile | None = None
        self._has_looked_for_folder = not disk_capacity
        _CACHES.add(self)

    # -- room ------------------------------------------------------------------------

    @property
    def memory_capacity(self) -> int:
        """Bytes in memory. Setting a smaller one evicts at once."""
        return self._memory_capacity

    @memory_capacity.setter
    def memory_capacity(self, capacity: int) -> None:
        with self._lock:
            self._memory_capacity = _checked("memory_capacity", capacity)
            self._make_room()

    @property
    def disk_capacity(self) -> int:
        """Bytes on disk. Setting a smaller one evicts at once, and waits for that."""
        return self._disk_capacity

    @disk_capacity.setter
    def disk_capacity(self, capacity: int) -> None:
        before = self.file()
        self._disk_capacity = _checked("disk_capacity", capacity)
        file = before or self.file()
        if file is not None:
            file.set_capacity(capacity)

    @property
    def current_memory_usage(self) -> int:
        """Bytes in memory now."""
        return self._memory_usage

    @property
    def current_disk_usage(self) -> int:
        """Bytes on disk now; waits until what was stored has been written."""
        file = self.file()
        return 0 if file is None else file.usage()

    # -- Foundation's methods -----------------------------------------------------------

    def cached_response(self, request: URLRequest) -> CachedURLResponse | None:
        """Return what is stored for a request, fresh or not; None if nothing is."""
        _check(URLRequest, request)
        entry = self.find(key_of(request), _fields_of(request))
        return None if entry is None else entry.cached_response()

    def store_cached_response(
        self, cached: CachedURLResponse, request: URLRequest
    ) -> None:
        """Store a reply in place of the one there is, as its storage policy allows.

        Nothing happens if it is too large, or varies by everything (``Vary: *``).
        """
        _check(CachedURLResponse, cached)
        _check(URLRequest, request)
        entry = entry_of(cached, key_of(request), _fields_of(request))
        if entry is not None:
            self.store(entry)

    def remove_cached_response(self, request: URLRequest) -> None:
        """Remove what is stored for a request, in all its variants."""
        _check(URLRequest, request)
        self.remove(key_of(request))

    def remove_all_cached_responses(self) -> None:
        """Remove everything."""
        with self._lock:
            self._forget_memory()
            file = self.file()
            if file is not None:
                file.remove_all()

    def remove_cached_responses_since(self, date: datetime) -> None:
        """Remove what was stored at `date` or later.

        Raises:
            TypeError: `date` is no datetime.
            ValueError: `date` has no zone.
        """
        since = moment("date", date)
        with self._lock:
            for entry in list(self._by_use.values()):
                if entry.stored_at >= since:
                    self._forget(entry)
            file = self.file()
            if file is not None:
                file.remove_since(since)

    # The forms that sessions call, to be overridden.

    def get_cached_response(self, task: CacheableTask) -> CachedURLResponse | None:
        """Return what is stored for a task's request, fresh or not."""
        return self.cached_response(task.current_request)

    def store_cached_response_for_task(
        self, cached: CachedURLResponse, task: CacheableTask
    ) -> None:
        """Store the reply to a task's request."""
        self.store_cached_response(cached, task.current_request)

    def remove_cached_response_for_task(self, task: CacheableTask) -> None:
        """Remove what is stored for a task's request."""
        self.remove_cached_response(task.current_request)

    # -- ours ------------------------------------------------------------------------

    def flush(self) -> None:
        """Wait until everything is on disk that was stored before. Ours."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Write what is left, and close the file; it is opened again when needed. Ours.

        Not necessary: a cache does so by itself when it is not used for a second, and
        when the process ends.
        """
        if self._file is not None:
            self._file.close()

    def purge(self) -> None:
        """Remove everything; for the private cache of an ephemeral configuration."""
        self.remove_all_cached_responses()

    # -- for loading --------------------------------------------------------------------

    def may_have(self, key: str, now: float) -> bool:
        """Whether there may be a reply under a key; quick.

        Args:
            key: See `key_of`.
            now: Monotonic seconds.
        """
        if key in self._variants:
            return True
        file = self._file
        if file is None or not self._disk_capacity:
            if self._has_looked_for_folder:
                return False
            file = self.file()
            if file is None:
                return False
        if now >= file.next_look_at:
            file.look_for_new(now)
        return key in file.keys

    def look_for_new(self, now: float) -> float:
        """Learn of what other processes have stored; return when to look again.

        Args:
            now: Monotonic seconds; so is what is returned.
        """
        file = self.file()
        if file is None or not self._disk_capacity:
            return math.inf
        file.look_for_new(now)
        return file.next_look_at

    def find(
        self, key: str, value_of: ValueOf, *, may_wait: bool = True
    ) -> Entry | None:
        """Return the variant that a request selects, the newest if several match.

        Args:
            key: See `key_of`.
            value_of: See `cache_rules.ValueOf`.
            may_wait: Whether to read from disk what takes longer than a thread that
                drives loads has time for.

        Raises:
            SlowReadError: It would take longer, and `may_wait` is False.
        """
        with self._lock:
            entry = _selected(self._variants.get(key, ()), value_of)
            file = self._file
            if entry is not None:
                self._by_use.move_to_end(id(entry))
                if file is not None and key in file.keys:
                    file.touch(entry)
                return entry
        file = self.file()
        if file is None:
            return None
        is_large = file.is_large(key)
        if is_large and not may_wait:
            raise SlowReadError(key)
        entry = _selected(file.find(key, is_large=is_large), value_of)
        if entry is not None:
            self._keep(entry)
            file.touch(entry)
        return entry

    def store(self, entry: Entry) -> None:
        """Store a reply; see `store_cached_response`."""
        if entry.policy == StoragePolicy.NOT_ALLOWED or entry.size > self.largest():
            return
        with self._lock:
            self._keep(entry)
            file = self.file()
            if file is not None and entry.policy == StoragePolicy.ALLOWED:
                file.put(entry)

    def largest(self) -> int:
        """Return the bytes that one reply may take."""
        if self._disk_capacity:
            return self._disk_capacity // _LARGEST_PART
        return self._memory_capacity

    def remove(self, key: str) -> None:
        """Remove every variant under a key."""
        with self._lock:
            for entry in list(self._variants.get(key, ())):
                self._forget(entry)
            file = self.file()
            if file is not None and key in file.keys:
                file.remove(key)

    def file(self) -> CacheFile | None:
        """Return the part on disk; None if there is to be none."""
        if not self._disk_capacity:
            return None
        return self._file or self._make_file()

    def _make_file(self) -> CacheFile | None:
        with self._lock:
            folder = self._folder()
            self._has_looked_for_folder = True
            if self._file is None and folder is not None:
                from .cache_file import CacheFile  # 15 ms with SQLite

                self._file = CacheFile(folder, self._disk_capacity)
            return self._file

    def _folder(self) -> Path | None:
        if self._directory is None:
            return data_directory()
        from pathlib import Path

        return Path(self._directory).absolute()

    # -- memory ------------------------------------------------------------------------

    def _keep(self, entry: Entry) -> None:
        with self._lock:
            variants = self._variants.setdefault(entry.key, [])
            for old in [one for one in variants if one.variant == entry.variant]:
                self._forget(old)
            if entry.size > self._memory_capacity:
                if not self._variants.get(entry.key):
                    self._variants.pop(entry.key, None)
                return
            self._variants.setdefault(entry.key, []).insert(0, entry)
            MARKS.tell()
            self._by_use[id(entry)] = entry
            self._memory_usage += entry.size
            self._make_room()

    def _make_room(self) -> None:
        while self._memory_usage > self._memory_capacity:
            self._forget(next(iter(self._by_use.values())))

    def _forget(self, entry: Entry) -> None:
        if self._by_use.pop(id(entry), None) is None:
            return
        self._memory_usage -= entry.size
        variants = self._variants[entry.key]
        variants.remove(entry)
        if not variants:
            del self._variants[entry.key]

    def _forget_memory(self) -> None:
        self._variants.clear()
        self._by_use.clear()
        self._memory_usage = 0

    def _forget_after_fork(self) -> None:
        self._lock = threading.RLock()  # may be held by a thread that is not here


def key_of(request: URLRequest) -> str:
    """Return what a request's reply is stored under: method and URL, no secrets."""
    return key_for(request.http_method, request.url)


def key_for(method: str, url: str) -> str:
    """Return the key of a method and a URL: the URL alone for GET."""
    try:
        parts = parse_url(url)
    except URLError:  # a scheme of a protocol class
        shown = url.partition("#")[0]
    else:
        shown = parts.request_url
        if parts.user is not None:
            host = shown.partition("://")[2].partition("/")[0]
            shown = shown.replace(host, host.rpartition("@")[2], 1)
    return shown if method == "GET" else f"{method} {shown}"


def entry_of(cached: CachedURLResponse, key: str, value_of: ValueOf) -> Entry | None:
    """Return a reply as it is stored; None if it answers no other request."""
    response = cached.response
    names: tuple[str, ...] | None = ()
    status = 0
    if isinstance(response, HTTPURLResponse):
        names = vary_names(response.headers)
        status = response.status_code
    if names is None:
        return None
    now = _wall_clock()
    requested_at = cached.requested_at
    return Entry(
        key,
        names,
        variant_of(names, value_of, digest),
        url=_without_user(response.url),
        status=status,
        lines=raw_lines(response),
        data=bytes(cached.data),
        requested_at=now if requested_at is None else requested_at,
        stored_at=now,
        user_info=cached.user_info,
        policy=StoragePolicy(cached.storage_policy),
    )


def _without_user(url: str) -> str:
    return url if user_information(url) is None else key_for("GET", url)


def digest(text: str) -> str:
    """Return what stands for a secret in a key."""
    import hashlib  # 2 ms that requests without secrets need not pay

    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _fields_of(request: URLRequest) -> ValueOf:
    def value_of(name: str) -> str | None:
        value = request.value(name)
        return (
            user_information(request.url) if value is None and name == _AUTH else value
        )

    return value_of


_AUTH = "authorization"


def user_information(url: str) -> str | None:
    """Return the name and password in a URL, which act as an Authorization field."""
    if "@" not in url:
        return None
    try:
        parts = parse_url(url)
    except URLError:
        return None
    return None if parts.user is None else f"{parts.user}:{parts.password}"


def _selected(entries: Any, value_of: ValueOf) -> Entry | None:
    for entry in entries:
        if variant_of(entry.names, value_of, digest) == entry.variant:
            found: Entry = entry
            return found
    return None


def _checked(name: str, capacity: object) -> int:
    if isinstance(capacity, bool) or not isinstance(capacity, int):
        raise TypeError(f"{name} must be an int, not {type(capacity).__name__}")
    if capacity < 0:
        raise ValueError(f"{name} must not be negative: {capacity}")
    return capacity


# Ages are told in dates of HTTP, and replies outlive the process: no monotonic clock.
_wall_clock = time.time  # noqa: TID251

_CACHES: weakref.WeakSet[URLCache] = weakref.WeakSet()


def _check(kind: type, value: object) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{kind.__name__} expected, not {type(value).__name__}")


def _forget_after_fork() -> None:
    for cache in list(_CACHES):
        cache._forget_after_fork()


os.register_at_fork(after_in_child=_forget_after_fork)
