"""Credentials, by the protection space that they are good for.

Decides what is kept, for how long, and which credential is proposed. A storage is
private to who made it, or `URLCredentialStorage.shared`; permanent credentials are
kept by the system's keyring, see `storage.keychain`.

Source: Foundation's ``URLCredentialStorage``; the default credential and the order of
the others as swift-corelibs-foundation has them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from ..credential import CredentialPersistence, URLCredential
from ..protection_space import URLProtectionSpace
from .marks import MARKS

if TYPE_CHECKING:
    from .keychain import Keychain

__all__ = ("REMOVE_SYNCHRONIZABLE", "URLCredentialStorage")

REMOVE_SYNCHRONIZABLE = "NSURLCredentialStorageRemoveSynchronizableCredentials"
"""The option of `URLCredentialStorage.remove` for synchronizable credentials."""

_LASTING = (CredentialPersistence.PERMANENT, CredentialPersistence.SYNCHRONIZABLE)


class _Shared:
    """The class property `URLCredentialStorage.shared`."""

    def __get__(
        self, _instance: object, _owner: type[URLCredentialStorage]
    ) -> URLCredentialStorage:
        with _shared_lock:
            if URLCredentialStorage._shared is None:
                from .keychain import Keychain  # json, for who uses credentials

                URLCredentialStorage._shared = URLCredentialStorage(Keychain())
            return URLCredentialStorage._shared


_shared_lock = threading.Lock()


class URLCredentialStorage:
    """Credentials by protection space. Any thread may use it.

    Subclass and override the methods that take a `task` to decide for each task.

    Args:
        keychain: Where permanent credentials are kept; None for in memory, like all
            others.

    Attributes:
        on_change: Called, without arguments, after each change, on the thread that
            made it; None for nobody.
        has_identities: Whether a client certificate is among them.

    Source: Foundation's ``URLCredentialStorage``.
    """

    _shared: ClassVar[URLCredentialStorage | None] = None
    shared: ClassVar[_Shared] = _Shared()
    """The process's storage; permanent credentials go to the system's keyring."""

    def __init__(self, keychain: Keychain | None = None) -> None:
        self.on_change: Callable[[], object] | None = None
        self.has_identities = False
        self._keychain = keychain
        self._lock = threading.RLock()
        self._by_space: dict[URLProtectionSpace, dict[str, URLCredential]] = {}
        self._defaults: dict[URLProtectionSpace, str] = {}

    @property
    def all_credentials(
        self,
    ) -> dict[URLProtectionSpace, dict[str, URLCredential]]:
        """Every credential, by space and then by user; a copy."""
        with self._lock:
            self._recall()
            return {space: users.copy() for space, users in self._by_space.items()}

    def credentials(
        self,
        space: URLProtectionSpace,
        *,
        task: object | None = None,  # noqa: ARG002  # for subclasses
    ) -> dict[str, URLCredential]:
        """Return the credentials for `space` by user; empty if there are none.

        A client certificate has the empty string for its user.

        Args:
            space: The protection space.
            task: The task that asks, for subclasses.
        """
        with self._lock:
            self._recall()
            return self._by_space.get(space, {}).copy()

    def set(
        self,
        credential: URLCredential,
        space: URLProtectionSpace,
        *,
        task: object | None = None,  # noqa: ARG002  # for subclasses
    ) -> None:
        """Keep `credential` for `space`, in place of one of the same user.

        The first for a space becomes its default. One whose persistence is ``NONE``
        is not kept.

        Args:
            credential: What to keep.
            space: The protection space.
            task: The task whose challenge it answered, for subclasses.

        Raises:
            UsageError: It is to be permanent and the keyring cannot be used: the
                package `keyring` is missing, or the system has none. Nothing is kept
                then.
        """
        if credential.persistence is CredentialPersistence.NONE:
            return
        user = credential.user or ""
        with self._lock:
            self._recall()
            if credential.persistence in _LASTING and self._keychain is not None:
                is_default = self._defaults.get(space, user) == user
                self._keychain.keep(space, credential, is_default=is_default)
            self._by_space.setdefault(space, {})[user] = credential
            self._defaults.setdefault(space, user)
            self._note_identities()
        self._changed()

    def remove(
        self,
        credential: URLCredential,
        space: URLProtectionSpace,
        options: dict[str, object] | None = None,
        *,
        task: object | None = None,  # noqa: ARG002  # for subclasses
    ) -> None:
        """Forget `credential` for `space`; nothing happens if it is not kept.

        Args:
            credential: What to forget; found by its user.
            space: The protection space.
            options: ``{REMOVE_SYNCHRONIZABLE: True}`` to remove a synchronizable one,
                which is left alone otherwise.
            task: The task that asks, for subclasses.
        """
        user = credential.user or ""
        with self._lock:
            self._recall()
            users = self._by_space.get(space, {})
            kept = users.get(user)
            if kept is None or (
                kept.persistence is CredentialPersistence.SYNCHRONIZABLE
                and not (options or {}).get(REMOVE_SYNCHRONIZABLE)
            ):
                return
            del users[user]
            if not users:
                del self._by_space[space]
            if self._defaults.get(space) == user:
                del self._defaults[space]
            if kept.persistence in _LASTING and self._keychain is not None:
                self._keychain.drop(space, user)
            self._note_identities()
        self._changed()

    def default_credential(
        self,
        space: URLProtectionSpace,
        *,
        task: object | None = None,  # noqa: ARG002  # for subclasses
    ) -> URLCredential | None:
        """Return the default credential for `space`; None if there is none.

        Args:
            space: The protection space.
            task: The task that asks, for subclasses.
        """
        with self._lock:
            self._recall()
            user = self._defaults.get(space)
            return None if user is None else self._by_space[space].get(user)

    def set_default_credential(
        self,
        credential: URLCredential,
        space: URLProtectionSpace,
        *,
        task: object | None = None,
    ) -> None:
        """Keep `credential` and make it the default for `space`.

        Args:
            credential: What to keep; with the persistence ``NONE`` nothing happens.
            space: The protection space.
            task: The task that asks, for subclasses.

        Raises:
            UsageError: As for `set`.
        """
        if credential.persistence is CredentialPersistence.NONE:
            return
        with self._lock:
            self._recall()
            before = self._defaults.get(space)
            self._defaults[space] = credential.user or ""
            try:
                self.set(credential, space, task=task)
            except BaseException:
                if before is None:
                    del self._defaults[space]
                else:
                    self._defaults[space] = before
                raise

    def proposed_credential(
        self, space: URLProtectionSpace, *, task: object | None = None
    ) -> URLCredential | None:
        """Return what default handling uses: the default, else the first by user.

        Args:
            space: The protection space.
            task: The task that asks; handed to the methods that subclasses override.
        """
        proposed = self.default_credential(space, task=task)
        if proposed is not None:
            return proposed
        users = self.credentials(space, task=task)
        return users[min(users)] if users else None

    def purge(self) -> None:
        """Forget everything that is not permanent; a session's end does that."""
        with self._lock:
            self._by_space.clear()
            self._defaults.clear()
            self.has_identities = False
            if self._keychain is not None:
                self._keychain.is_recalled = False

    def remove_all(self) -> None:
        """Forget everything, permanent credentials too."""
        with self._lock:
            self._recall()
            if self._keychain is not None:
                for space, users in self._by_space.items():
                    for user, one in users.items():
                        if one.persistence in _LASTING:
                            self._keychain.drop(space, user)
            self._by_space.clear()
            self._defaults.clear()
            self.has_identities = False
        self._changed()

    def __repr__(self) -> str:
        kind = "private" if self._keychain is None else "with keyring"
        return f"<{type(self).__name__} {kind}, {len(self._by_space)} spaces>"

    def _recall(self) -> None:
        """Take what the keyring has, once."""
        keychain = self._keychain
        if keychain is None or keychain.is_recalled:
            return
        for space, credential, is_default in keychain.recall():
            user = credential.user or ""
            self._by_space.setdefault(space, {}).setdefault(user, credential)
            if is_default:
                self._defaults.setdefault(space, user)

    def _note_identities(self) -> None:
        self.has_identities = any(
            one.identity is not None
            for users in self._by_space.values()
            for one in users.values()
        )
        if self.has_identities:
            MARKS.has_identities = True
            MARKS.tell()

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()
