"""Credentials, by the protection space that they are good for.

Decides what is kept, for how long, and which credential is proposed; and who waits for
the keyring. A storage is private to who made it, or `URLCredentialStorage.shared`;
permanent credentials are kept by the system's keyring, see `storage.keychain`.

A keyring may take seconds (it may have to be unlocked), so that no lock that a quick
look-up needs is held while it is asked, and loads never ask it themselves: they go on
when `when_quick` lets them, and store by `set_soon`.

Source: Foundation's ``URLCredentialStorage``; the default credential and the order of
the others as swift-corelibs-foundation has them.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from ..credential import CredentialPersistence, URLCredential
from ..errors import UsageError
from ..protection_space import URLProtectionSpace
from .keyring_threads import KeyringThreads
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
        self._make_locks()
        self._by_space: dict[URLProtectionSpace, dict[str, URLCredential]] = {}
        self._defaults: dict[URLProtectionSpace, str] = {}
        if keychain is not None:
            _WITH_KEYCHAIN.add(self)

    def _make_locks(self) -> None:
        self._lock = threading.RLock()  # for what is in memory
        self._keyring_lock = threading.RLock()  # taken first, if both are
        self._threads = KeyringThreads()

    @property
    def all_credentials(
        self,
    ) -> dict[URLProtectionSpace, dict[str, URLCredential]]:
        """Every credential, by space and then by user; a copy."""
        self.recall()
        with self._lock:
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
        self.recall()
        with self._lock:
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
        self._recall()
        if credential.persistence in _LASTING and self._keychain is not None:
            with self._keyring_lock:
                is_default = self._defaults.get(space, user) == user
                self._keychain.keep(space, credential, is_default=is_default)
                self._put(credential, space)
        else:
            self._put(credential, space)
        self._changed()

    def _put(self, credential: URLCredential, space: URLProtectionSpace) -> None:
        user = credential.user or ""
        with self._lock:
            self._by_space.setdefault(space, {})[user] = credential
            self._defaults.setdefault(space, user)
            self._note_identities()

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
        self._recall()
        with self._lock:
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
            self._note_identities()
        if kept.persistence in _LASTING and self._keychain is not None:
            with self._keyring_lock:
                self._keychain.drop(space, user)
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
        self.recall()
        with self._lock:
            user = self._defaults.get(space)
            return None if user is None else self._by_space.get(space, {}).get(user)

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
        self._recall()
        with self._lock:
            before = self._defaults.get(space)
            self._defaults[space] = credential.user or ""
        try:
            self.set(credential, space, task=task)
        except BaseException:
            with self._lock:
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
            lasting = {} if self._keychain is None else self._lasting()
            self._by_space = lasting
            self._defaults = {
                space: user
                for space, user in self._defaults.items()
                if user in lasting.get(space, {})
            }
            self.has_identities = False

    def remove_all(self) -> None:
        """Forget everything, permanent credentials too."""
        self._recall()
        if self._keychain is not None:
            with self._keyring_lock:
                for space, users in self._lasting().items():
                    for user in users:
                        self._keychain.drop(space, user)
        with self._lock:
            self._by_space.clear()
            self._defaults.clear()
            self.has_identities = False
        self._changed()

    # -- ours: who waits for the keyring ------------------------------------------------

    @property
    def may_block(self) -> bool:
        """Whether a look-up may have to wait for the system's keyring. Ours."""
        keychain = self._keychain
        return keychain is not None and (
            self._threads.is_writing or keychain.must_be_asked
        )

    def recall(self) -> None:
        """Take what the keyring has, if that was not done; look-ups call it. Ours.

        Waits as long as the keyring takes, and for what `set_soon` is writing.
        """
        self._recall()
        self._threads.wait_until_written()

    def when_quick(self, then: Callable[[], None]) -> None:
        """Call `then` when look-ups need not wait: at once, or on another thread. Ours."""
        if self.may_block:
            self._threads.call_after(self.recall, then)
        else:
            then()

    def set_soon(
        self,
        credential: URLCredential,
        space: URLProtectionSpace,
        *,
        task: object | None = None,
    ) -> None:
        """Call `set`, on another thread if that may have to wait for the keyring. Ours.

        Look-ups wait for it. What cannot be kept is told to the log.
        """
        if credential.persistence in _LASTING and self._keychain is not None:
            self._threads.write(lambda: self._set_or_tell(credential, space, task))
        else:
            self._set_or_tell(credential, space, task)

    def _recall(self) -> None:
        keychain = self._keychain
        if keychain is not None and not keychain.is_recalled:
            with self._keyring_lock:
                self._recall_once(keychain)

    def _recall_once(self, keychain: Keychain) -> None:
        if keychain.is_recalled:  # by who had the lock before
            return
        found = keychain.recall()
        with self._lock:
            for space, credential, is_default in found:
                user = credential.user or ""
                self._by_space.setdefault(space, {}).setdefault(user, credential)
                if is_default:
                    self._defaults.setdefault(space, user)
            keychain.is_recalled = True

    def _set_or_tell(
        self, credential: URLCredential, space: URLProtectionSpace, task: object | None
    ) -> None:
        try:
            self.set(credential, space, task=task)
        except UsageError as error:  # the load itself went well
            import logging

            logging.getLogger("urlsession").warning("credential not kept: %s", error)

    def _lasting(self) -> dict[URLProtectionSpace, dict[str, URLCredential]]:
        found: dict[URLProtectionSpace, dict[str, URLCredential]] = {}
        for space, users in self._by_space.items():
            for user, one in users.items():
                if one.persistence in _LASTING:
                    found.setdefault(space, {})[user] = one
        return found

    def __repr__(self) -> str:
        kind = "private" if self._keychain is None else "with keyring"
        return f"<{type(self).__name__} {kind}, {len(self._by_space)} spaces>"

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


_WITH_KEYCHAIN: weakref.WeakSet[URLCredentialStorage] = weakref.WeakSet()


def _forget_after_fork() -> None:
    """In a forked child: locks may be held by threads that are not here."""
    for storage in list(_WITH_KEYCHAIN):
        storage._make_locks()


os.register_at_fork(after_in_child=_forget_after_fork)
