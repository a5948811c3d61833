"""The pytest plugin: a connection that a test leaks fails that test."""

from .plugin import LeakWarning

__all__ = ("LeakWarning",)
