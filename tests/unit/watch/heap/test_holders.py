"""One object and one way to hold it: what each path says."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import contextvars
import functools
import gc
import io
import logging
import queue
import shutil
import signal
import sys
import threading
import weakref
from collections import OrderedDict, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import pytest

from urlsession.watch.heap import Holding, find_holdings

WITHIN_S = 60.0  # what it says is tested, not how fast: other tests leave much behind


class Session:
    """Stands for an owner; must never be asked anything."""

    def close(self) -> None:
        raise AssertionError("the search must not call the program")

    def __getattr__(self, name: str) -> object:
        raise AssertionError("the search must not call the program")

    def __eq__(self, other: object) -> bool:
        raise AssertionError("the search must not call the program")

    def __hash__(self) -> int:
        raise AssertionError("the search must not call the program")

    def __repr__(self) -> str:
        raise AssertionError("the search must not call the program")

    @property  # type: ignore[misc]  # computed, as lazy proxies have it
    def __class__(self) -> type:
        raise AssertionError("the search must not call the program")


class Region(Enum):
    EU = 1


class Billing:
    def __init__(self, client: object) -> None:
        self.client = client


class Slotted:
    __slots__ = ("client",)

    def __init__(self, client: object) -> None:
        self.client = client


@dataclass
class Deps:
    client: object


class Pair(NamedTuple):
    name: str
    client: object


class Registry(type):
    instances: dict[type, object] = {}  # noqa: RUF012 - as programs write it


class Cache(OrderedDict[str, object]):
    pass


class Keeper(logging.Handler):
    def __init__(self, client: object) -> None:
        super().__init__()
        self.client = client


class LazyProxy:
    """Everything about it is computed, as with lazy settings."""

    def __init__(self, client: object) -> None:
        object.__setattr__(self, "client", client)

    @property  # type: ignore[misc]  # computed, as lazy proxies have it
    def __class__(self) -> type:
        raise AssertionError("the search must not call the program")

    def __getattribute__(self, name: str) -> object:
        raise AssertionError("the search must not call the program")


HELD: object = None
LOCAL = threading.local()
CURRENT: contextvars.ContextVar[object] = contextvars.ContextVar("CURRENT")

Hold = Callable[[Session], object]


def held_as(value: object) -> None:
    """Hold something as the global of this module."""
    global HELD
    HELD = value


@pytest.fixture(autouse=True)
def nothing_held() -> Iterator[None]:
    """End each test with nothing held, and no cycle collected before it is found."""
    gc.disable()
    yield
    gc.enable()
    held_as(None)
    LOCAL.__dict__.clear()
    Registry.instances.clear()


def held_by(hold: Callable[[], weakref.ref[Session]]) -> Holding:
    """Return what holds the session that a function made and left."""
    return find_holdings({1: hold()}, budget_s=WITHIN_S)[1]


def leave(hold: Hold) -> weakref.ref[Session]:
    """Make a session, have it held, and keep nothing but a weak reference."""
    session = Session()
    hold(session)
    return weakref.ref(session)


def closure_of(session: Session) -> Callable[[], object]:
    def get() -> object:
        return session

    return get


def default_of(session: Session) -> Callable[..., object]:
    def get(one: int, mine: object = session, *, other: object = None) -> object:
        return mine, other

    return get


def keyword_default_of(session: Session) -> Callable[..., object]:
    def get(*, mine: object = session) -> object:
        return mine

    return get


def suspended(session: Session) -> Iterator[int]:
    yield 1
    yield id(session)


def started(session: Session) -> Iterator[int]:
    steps = suspended(session)
    next(steps)
    return steps


def bounded_cache_of(session: Session) -> object:
    @functools.lru_cache(maxsize=2)
    def load(key: str) -> object:
        return made.pop()

    made = [session]
    load("eu")
    return load


def unbounded_cache_of(session: Session) -> object:
    @functools.cache
    def load(key: str) -> object:
        return made.pop()

    made = [session]
    load("eu")
    return load


def error_of(session: Session) -> Exception:
    kept: list[Exception] = []
    try:
        raise ValueError("no")
    except ValueError as error:
        kept.append(error)
    return kept.pop()


def chained_error_of(session: Session) -> Exception:
    def load(mine: Session) -> None:
        raise ValueError(id(mine))

    kept: list[Exception] = []
    try:
        try:
            load(session)
        except ValueError:
            raise KeyError("no")  # noqa: B904 - the context is what is held
    except KeyError as error:
        del session
        kept.append(error.with_traceback(None))
    return kept.pop()


def cyclic(session: Session) -> list[object]:
    ring: list[object] = [session]
    ring.append(ring)
    return ring


def weak_key(session: Session) -> object:
    table: weakref.WeakKeyDictionary[object, object] = weakref.WeakKeyDictionary()
    key = Billing(None)
    table[key] = session
    return [key, table]


HEAD = f"{__name__}.HELD"
GLOBALS: dict[str, tuple[Hold, tuple[str, ...]]] = {
    "itself": (lambda one: one, (HEAD,)),
    "dict": (lambda one: {"eu": one}, (f"{HEAD}['eu']",)),
    "dict by number": (lambda one: {7: one}, (f"{HEAD}[7]",)),
    "dict by tuple": (lambda one: {("eu", 1): one}, (f"{HEAD}[('eu', 1)]",)),
    "dict by class": (lambda one: {Billing: one}, (f"{HEAD}[Billing]",)),
    "dict by member": (lambda one: {Region.EU: one}, (f"{HEAD}[Region.EU]",)),
    "long key": (lambda one: {"k" * 99: one}, (f"{HEAD}['{'k' * 38}…]",)),
    "key": (lambda one: {id(one): [{"a": (one,)}]}, ()),
    "list": (lambda one: [None, one], (f"{HEAD}[1]",)),
    "tuple": (lambda one: (one,), (f"{HEAD}[0]",)),
    "deque": (lambda one: deque([0, one]), (f"{HEAD}[1]",)),
    "ordered dict": (lambda one: OrderedDict(eu=one), (f"{HEAD}['eu']",)),
    "default dict": (lambda one: defaultdict(Session, {"eu": one}), (f"{HEAD}['eu']",)),
    "own dict": (lambda one: Cache(eu=one), (HEAD, "Cache['eu']")),
    "nested": (lambda one: {"a": [deque([one])]}, (f"{HEAD}['a'][0][0]",)),
    "object": (Billing, (HEAD, "Billing.client")),
    "slot": (Slotted, (HEAD, "Slotted.client")),
    "dataclass": (Deps, (HEAD, "Deps.client")),
    "named tuple": (lambda one: Pair("a", one), (HEAD, "Pair.client")),
    "lazy proxy": (LazyProxy, (HEAD, "LazyProxy.client")),
    "cache key": (
        lambda one: {"eu": Billing(one)},
        (f"{HEAD}['eu']", "Billing.client"),
    ),
    "closure": (closure_of, (HEAD, "closure of closure_of(): 'session'")),
    "default": (
        default_of,
        (HEAD, "default 'mine' of default_of.<locals>.get()"),
    ),
    "keyword default": (
        keyword_default_of,
        (HEAD, "default 'mine' of keyword_default_of.<locals>.get()"),
    ),
    "partial": (
        lambda one: functools.partial(print, one),
        (HEAD, "partial of print()[0]"),
    ),
    "partial by keyword": (
        lambda one: functools.partial(print, file=one),
        (HEAD, "partial of print()['file']"),
    ),
    "bound method": (
        lambda one: [object.__getattribute__(one, "close")],
        (f"{HEAD}[0]", "bound method Session.close()"),
    ),
    "bounded cache": (
        bounded_cache_of,
        (HEAD, "cache of bounded_cache_of.<locals>.load()"),
    ),
    "unbounded cache": (
        unbounded_cache_of,
        (HEAD, "cache of unbounded_cache_of.<locals>.load()"),
    ),
    "weak key dictionary": (
        weak_key,
        (f"{HEAD}[1]", "WeakKeyDictionary.data[weak Billing]"),
    ),
    "cycle below a global": (cyclic, (f"{HEAD}[0]",)),
    "local class": (
        lambda one: type("Local", (), {"client": one}),
        (HEAD, "Local.client"),
    ),
}


@pytest.mark.parametrize(("hold", "path"), GLOBALS.values(), ids=GLOBALS.keys())
def test_global_leads_down(hold: Hold, path: tuple[str, ...]) -> None:
    """Each kind of container by the name that the program gives it."""
    found = held_by(lambda: leave(lambda one: held_as(hold(one))))

    assert found.is_reachable
    assert found.root == "global"
    if path:
        assert found.path == (*path, "Session")


def test_generator_names_its_local() -> None:
    """A suspended frame holds what its locals hold."""
    found = held_by(lambda: leave(lambda one: held_as(started(one))))

    assert found.path[1].startswith("local 'session' of suspended() at ")


@pytest.mark.parametrize("weak", ["value dictionary", "reference", "set", "proxy"])
def test_weak_references_are_no_holders(weak: str) -> None:
    """Only the cycle is left."""

    def leave_weakly() -> weakref.ref[Session]:
        session = Session()
        billing = Billing(session)
        billing.me = billing  # type: ignore[attr-defined]  # the cycle that keeps it
        ref = weakref.ref(session)
        table: weakref.WeakValueDictionary[str, object] = weakref.WeakValueDictionary()
        table["eu"] = session
        members = weakref.WeakSet([billing])
        held_as(
            {
                "value dictionary": table,
                "reference": ref,
                "set": members,
                "proxy": weakref.proxy(session),
            }[weak]
        )
        return ref

    found = held_by(leave_weakly)

    assert found.is_reachable is False
    assert found.root == "cycle"


def test_class_attribute_and_metaclass_registry_are_classes() -> None:
    """By class and name, and by the key of the registry."""
    found = held_by(
        lambda: leave(lambda one: Registry.instances.update({Billing: one}))
    )

    assert found.root == "class"
    assert found.path == (f"{__name__}.Registry.instances[Billing]", "Session")


def test_error_in_a_global_leads_to_the_frame_that_it_keeps() -> None:
    """As `except … as error: LAST = error` does."""
    found = held_by(lambda: leave(lambda one: held_as(error_of(one))))

    assert found.path[:2] == (HEAD, "traceback of ValueError")
    assert found.path[2].startswith("local 'session' of ")


def test_context_of_an_error_is_followed() -> None:
    """The first error is behind the second."""
    found = held_by(lambda: leave(lambda one: held_as(chained_error_of(one))))

    assert found.path[:3] == (HEAD, "context of KeyError", "traceback of ValueError")


def test_error_being_handled_is_a_root() -> None:
    """It has no name, and its frames are kept."""

    def load() -> None:
        session = Session()
        refs.append(weakref.ref(session))
        raise ValueError

    refs: list[weakref.ref[Session]] = []
    try:
        load()
    except ValueError:
        found = find_holdings({1: refs[0]}, budget_s=WITHIN_S)[1]

    assert found.root == "exception"
    assert found.path[0] == "the ValueError being handled"
    assert found.path[-2].startswith("local 'session' of ")


def test_thread_local_names_its_attribute() -> None:
    """It is in a dict that only its thread sees."""
    found = held_by(lambda: leave(lambda one: setattr(LOCAL, "client", one)))

    assert found.path == (f"{__name__}.LOCAL.client of one thread", "Session")


def test_context_variable_is_named() -> None:
    """In the context of this thread."""

    def run() -> Holding:
        return held_by(lambda: leave(CURRENT.set))

    found = contextvars.copy_context().run(run)

    assert found.root == "context"
    assert found.path == ("context variable 'CURRENT'", "Session")


def test_context_that_a_thread_runs_in_is_a_root() -> None:
    """Another thread's cannot be read, but is known by what it is."""
    go_on, refs = threading.Event(), queue.SimpleQueue[weakref.ref[Session]]()

    def work() -> None:
        refs.put(leave(CURRENT.set))
        go_on.wait(10)

    thread = threading.Thread(target=work)
    thread.start()
    found = find_holdings({1: refs.get(timeout=10)}, budget_s=WITHIN_S)[1]
    go_on.set()
    thread.join()

    assert found.is_reachable
    assert "context variable 'CURRENT'" in found.path


def test_frame_of_another_thread_names_local_and_thread() -> None:
    """A worker that waits."""
    go_on, refs = threading.Event(), queue.SimpleQueue[weakref.ref[Session]]()

    def work() -> None:
        session = Session()
        refs.put(weakref.ref(session))
        go_on.wait(10)

    thread = threading.Thread(target=work, name="worker")
    thread.start()
    found = find_holdings({1: refs.get(timeout=10)}, budget_s=WITHIN_S)[1]
    go_on.set()
    thread.join()

    assert found.root == "local"
    assert found.path[0].startswith("local 'session' of ")
    assert found.path[0].endswith(" in thread 'worker'")


def test_function_in_an_executor_is_the_users() -> None:
    """Although its thread is the library's."""
    go_on, refs = threading.Event(), queue.SimpleQueue[weakref.ref[Session]]()

    def work() -> None:
        session = Session()
        refs.put(weakref.ref(session))
        go_on.wait(10)

    with ThreadPoolExecutor(1) as executor:
        executor.submit(work)
        found = find_holdings({1: refs.get(timeout=10)}, budget_s=WITHIN_S)[1]
        go_on.set()

    assert found.root == "local"


def test_queued_call_of_an_executor_holds_its_arguments() -> None:
    """Until it runs."""
    go_on = threading.Event()
    with ThreadPoolExecutor(1) as executor:
        held_as(executor)
        executor.submit(go_on.wait, 10)
        ref = leave(lambda one: executor.submit(closure_of, one))
        found = find_holdings({1: ref}, budget_s=WITHIN_S)[1]
        go_on.set()

    assert found.is_reachable
    assert "queued call of closure_of()[0]" in found.path


def test_call_that_is_running_holds_what_it_works_with() -> None:
    """A temporary of the user's that only a library's frame names."""
    refs: list[weakref.ref[Session]] = []

    class Source(io.BytesIO):
        def __init__(self) -> None:
            super().__init__(b"some")
            self.client = Session()
            refs.append(weakref.ref(self.client))

    class Sink(io.BytesIO):
        def write(self, data: object) -> int:
            seen.append(find_holdings({1: refs[0]}, budget_s=WITHIN_S)[1])
            return 4

    seen: list[Holding] = []
    shutil.copyfileobj(Source(), Sink())

    assert seen[0].root == "call"
    assert seen[0].path[0].startswith("local 'fsrc' of copyfileobj(), called in test_")
    assert seen[0].path[1:] == ("Source.client", "Session")


def test_running_with_block_holds_what_it_will_leave() -> None:
    """Nothing names the session of `with contextmanager()`."""
    refs: list[weakref.ref[Session]] = []

    @contextlib.contextmanager
    def client() -> Iterator[None]:
        session = Session()
        refs.append(weakref.ref(session))
        yield

    with client():
        found = find_holdings({1: refs[0]}, budget_s=WITHIN_S)[1]

    assert found.is_reachable
    assert found.path[-2].startswith("local 'session' of ")


def test_running_task_names_task_and_local() -> None:
    """Of a coroutine that the task's own awaits."""

    async def fetch(refs: list[weakref.ref[Session]]) -> None:
        session = Session()
        refs.append(weakref.ref(session))
        await asyncio.Event().wait()

    async def work(refs: list[weakref.ref[Session]]) -> None:
        await fetch(refs)

    async def main() -> Holding:
        refs: list[weakref.ref[Session]] = []
        task = asyncio.create_task(work(refs), name="poller")
        await asyncio.sleep(0)
        found = find_holdings({1: refs[0]}, budget_s=WITHIN_S)[1]
        task.cancel()
        return found

    found = asyncio.run(main())

    assert found.root == "task"
    assert found.path[0] == "asyncio task 'poller'"
    assert found.path[-2].startswith("local 'session' of ")


def test_async_generator_names_its_local() -> None:
    """Between two of its values."""

    async def numbers(refs: list[weakref.ref[Session]]) -> AsyncIterator[int]:
        session = Session()
        refs.append(weakref.ref(session))
        yield 1

    async def main() -> Holding:
        refs: list[weakref.ref[Session]] = []
        steps = numbers(refs)
        held_as(steps)
        await anext(steps)
        del steps
        found = find_holdings({1: refs[0]}, budget_s=WITHIN_S)[1]
        held_as(None)
        return found

    found = asyncio.run(main())

    assert found.is_reachable
    assert found.path[1].startswith("local 'session' of ")


def refresh(session: object = None) -> None:
    """Stand for a callback of the user's."""


@pytest.mark.parametrize("how", ["call_later", "call_soon", "add_reader"])
def test_loop_that_will_call_the_user_makes_reachable(how: str) -> None:
    """The call is in the program's use, and names the function."""
    import socket

    async def main() -> Holding:
        loop = asyncio.get_running_loop()
        one, other = socket.socketpair()
        with one, other:
            ways: dict[str, Hold] = {
                "call_later": lambda it: loop.call_later(60, refresh, it),
                "call_soon": lambda it: loop.call_soon(refresh, it),
                "add_reader": lambda it: loop.add_reader(one, refresh, it),
            }
            found = held_by(lambda: leave(ways[how]))
            loop.remove_reader(one)
        return found

    found = asyncio.run(main())

    assert found.is_reachable
    assert found.root == "loop"
    assert found.path[0] == "the event loop"
    assert found.path[1] in {"timer of refresh()[0]", "call of refresh()[0]"}


def test_exit_handler_makes_reachable() -> None:
    """What will be closed at the end is not forgotten."""
    handlers: list[Callable[[], object]] = []

    def register(session: Session) -> None:
        handlers.append(closure_of(session))
        atexit.register(handlers[0])

    def leave_to_handler() -> weakref.ref[Session]:
        ref = leave(register)
        weak = weakref.ref(handlers.pop())
        handlers.append(lambda: atexit.unregister(weak() or print))
        return ref

    found = held_by(leave_to_handler)
    handlers[0]()

    assert found.is_reachable
    assert "closure of closure_of(): 'session'" in found.path


def test_signal_handler_makes_reachable() -> None:
    """By the number of the signal."""
    number = signal.SIGUSR2

    def handle(session: Session) -> None:
        signal.signal(number, functools.partial(refresh, Billing(session)))

    found = held_by(lambda: leave(handle))
    signal.signal(number, signal.SIG_DFL)

    assert found.is_reachable
    assert found.path == (
        f"the handler of signal {number.value}",
        "partial of refresh()[0]",
        "Billing.client",
        "Session",
    )


def test_finalizer_names_what_it_waits_for() -> None:
    """Its registry is the library's, its function the user's."""
    billing = Billing(None)
    found = held_by(lambda: leave(lambda one: weakref.finalize(billing, refresh, one)))
    weakref.finalize(billing, refresh).detach()

    assert found.is_reachable
    assert "finalizer of Billing, refresh()[0]" in found.path


def test_logging_handler_of_the_user_makes_reachable() -> None:
    """The library that holds it will call it."""
    log = logging.getLogger("tests.heap.holders")
    found = held_by(lambda: leave(lambda one: log.addHandler(Keeper(one))))
    log.handlers.clear()

    assert found.is_reachable
    assert "Keeper.client" in found.path


def test_library_alone_does_not_make_reachable() -> None:
    """A registry inside a library, and nothing of the user's on the way."""
    logging.__dict__["_kept_by_a_library"] = []
    found = held_by(lambda: leave(vars(logging)["_kept_by_a_library"].append))
    del logging.__dict__["_kept_by_a_library"]

    assert found.is_reachable is False
    assert found.root == "library"
    assert found.path == ("logging._kept_by_a_library[0]", "Session")


def test_library_local_does_not_hide_the_users_name() -> None:
    """What a library's frame has too is still the user's."""
    go_on, ready = threading.Event(), threading.Event()

    class Waiting(threading.Event):
        pass

    def work(one: object) -> None:
        ready.set()
        go_on.wait(10)

    session = Session()
    ref = weakref.ref(session)
    held_as([session])
    del session
    thread = threading.Thread(target=work, args=(HELD,))
    thread.start()
    ready.wait(10)
    found = find_holdings({1: ref}, budget_s=WITHIN_S)[1]
    go_on.set()
    thread.join()

    assert found.is_reachable
    assert found.path == (f"{HEAD}[0]", "Session")


def test_cell_that_a_running_frame_shares_is_its_local() -> None:
    """A local that an inner function uses as well."""
    session = Session()

    def inner() -> object:
        return session

    found = find_holdings({1: weakref.ref(session)}, budget_s=WITHIN_S)[1]

    assert inner() is session
    assert found.path[0].startswith("local 'session' of test_cell_that")


def test_long_path_is_shortened_in_the_middle() -> None:
    """Its two ends are what one acts on."""

    def nest(session: Session) -> None:
        inner: object = session
        for _ in range(12):
            inner = Billing(inner)
        held_as(inner)

    found = held_by(lambda: leave(nest))

    assert found.path[0] == HEAD
    assert found.path[5] == "… 5 more …"
    assert len(found.path) == 10


def test_module_that_only_the_program_has_is_a_hop() -> None:
    """A plugin that was loaded past `sys.modules`."""
    import types

    def load(session: Session) -> None:
        module = types.ModuleType("plugin")
        vars(module)["CLIENT"] = session
        held_as([module])

    found = held_by(lambda: leave(load))

    assert found.path == (f"{HEAD}[0]", "module plugin.CLIENT", "Session")


def test_garbage_list_of_the_collector_is_not_the_users() -> None:
    """What it kept back for debugging is unreachable all the same."""
    found = held_by(lambda: leave(gc.garbage.append))
    gc.garbage.clear()

    assert found.is_reachable is False
    assert found.path == ("gc.garbage[0]", "Session")


def test_lazy_module_attribute_is_a_global() -> None:
    """A module's `__getattr__` is not asked."""
    import types

    def ask(name: str) -> object:
        raise AssertionError(name)

    module = types.ModuleType("lazy_of_tests")
    vars(module).update(__file__=__file__, __getattr__=ask)
    sys.modules["lazy_of_tests"] = module
    found = held_by(lambda: leave(lambda one: setattr(module, "CLIENT", one)))
    del sys.modules["lazy_of_tests"]

    assert found.path == ("lazy_of_tests.CLIENT", "Session")
