"""The pytest plugin: a connection that a test leaks fails that test."""

from .leak_warning import LeakWarning

__all__ = ("LeakWarning",)
