"""Lists of tasks, which may be awaited in either door."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any, NamedTuple, Self

from .task import URLSessionTask

__all__ = ("TaskGroups", "TaskList")


class TaskList(list[URLSessionTask]):
    """Tasks, at once or awaited: ``session.all_tasks()`` in either door."""

    def __await__(self) -> Generator[Any, None, TaskList]:
        yield from ()
        return self


class TaskGroups(NamedTuple):
    """Tasks by kind: ``data, upload, download = session.tasks()``."""

    data: list[URLSessionTask]
    upload: list[URLSessionTask]
    download: list[URLSessionTask]

    @classmethod
    def of(cls, tasks: Iterable[URLSessionTask]) -> Self:
        """Sort `tasks`."""
        groups: dict[str, list[URLSessionTask]] = {name: [] for name in cls._fields}
        for task in tasks:
            if task.kind in groups:
                groups[task.kind].append(task)
        return cls(**groups)

    def __await__(self) -> Generator[Any, None, Self]:
        yield from ()
        return self
