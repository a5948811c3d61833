"""Permanent credentials, in the system's keyring.

Decides how they are named there. A keyring cannot be listed, so one entry of ours
lists the others: spaces and users, no passwords. Nothing is ever written anywhere
else: without the package `keyring`, or where it finds no keyring, a permanent
credential is refused.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ..credential import CredentialPersistence, URLCredential
from ..errors import UsageError
from ..protection_space import AuthenticationMethod, URLProtectionSpace

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ("Keychain",)

_SERVICE = "urlsession"
_INDEX = "index"


class Keychain:
    """The keyring as a credential storage sees it.

    Attributes:
        is_recalled: Whether everything is known that `recall` gives.
    """

    def __init__(self) -> None:
        self.is_recalled = False
        self._index: dict[str, dict[str, Any]] = {}

    @property
    def must_be_asked(self) -> bool:
        """Whether `recall` is still to be called, and there is something to ask."""
        return not self.is_recalled and find_spec("keyring") is not None

    def recall(self) -> list[tuple[URLProtectionSpace, URLCredential, bool]]:
        """Return what is kept, as (space, credential, whether it is the default).

        Nothing where there is no keyring: who has stored nothing is not told.
        """
        if find_spec("keyring") is None:
            return []
        found = []
        try:
            import keyring  # 0.1 s, for the first challenge of a process

            self._index = _read_index(keyring)
            for name, entry in self._index.items():
                one = _recalled(keyring, name, entry)
                if one is not None:
                    found.append(one)
        except Exception as error:  # a back end's own, or its daemon's
            import logging

            log = logging.getLogger("urlsession")
            log.info("the system's keyring cannot be read: %r", error)
        return found

    def keep(
        self, space: URLProtectionSpace, credential: URLCredential, *, is_default: bool
    ) -> None:
        """Write a credential.

        Raises:
            UsageError: There is no keyring, or it refuses.
        """
        user, password = credential.user, credential.password
        if user is None or password is None:
            raise UsageError(
                "only a user with a password can be kept permanently: keep a client "
                "certificate with the persistence FOR_SESSION"
            )
        keyring = _keyring()
        name = _name(space, user)
        try:
            keyring.set_password(_SERVICE, name, password)
            index = _read_index(keyring)
            if is_default:
                for entry in index.values():
                    if entry.get("space") == _fields(space):
                        entry["is_default"] = False
            index[name] = {
                "space": _fields(space),
                "user": user,
                "persistence": int(credential.persistence),
                "is_default": is_default,
            }
            self._write(keyring, index)
        except _errors(keyring) as error:
            raise _refused(error) from error

    def drop(self, space: URLProtectionSpace, user: str) -> None:
        """Delete a credential.

        Raises:
            UsageError: There is no keyring any more, or it refuses.
        """
        keyring = _keyring()
        name = _name(space, user)
        try:
            index = _read_index(keyring)
            if index.pop(name, None) is not None:
                self._write(keyring, index)
            if keyring.get_password(_SERVICE, name) is not None:
                keyring.delete_password(_SERVICE, name)
        except _errors(keyring) as error:
            raise _refused(error) from error

    def _write(self, keyring: ModuleType, index: dict[str, dict[str, Any]]) -> None:
        self._index = index
        keyring.set_password(_SERVICE, _INDEX, json.dumps(index, sort_keys=True))


def _keyring() -> ModuleType:
    if find_spec("keyring") is None:
        raise UsageError(
            "a permanent credential is kept by the system's keyring, which needs the "
            "package keyring: install urlsession[keyring], or use FOR_SESSION"
        )
    import keyring

    return keyring


def _errors(keyring: ModuleType) -> type[Exception]:
    error: type[Exception] = keyring.errors.KeyringError
    return error


def _refused(error: Exception) -> UsageError:
    return UsageError(
        f"the system's keyring cannot keep a credential ({type(error).__name__}): "
        "set one up, or use the persistence FOR_SESSION"
    )


def _read_index(keyring: ModuleType) -> dict[str, dict[str, Any]]:
    text = keyring.get_password(_SERVICE, _INDEX)
    try:
        index = json.loads(text or "{}")
    except ValueError:  # another program's, or cut off: begin anew
        return {}
    return index if isinstance(index, dict) else {}


def _recalled(
    keyring: ModuleType, name: str, entry: dict[str, Any]
) -> tuple[URLProtectionSpace, URLCredential, bool] | None:
    password = keyring.get_password(_SERVICE, name)
    if password is None:
        return None
    try:
        space = _space(entry["space"])
        persistence = CredentialPersistence(entry["persistence"])
        credential = URLCredential(entry["user"], password, persistence)
    except (KeyError, TypeError, ValueError, UsageError):
        return None  # of a later version
    return space, credential, bool(entry.get("is_default"))


def _fields(space: URLProtectionSpace) -> list[Any]:
    return [
        space.host,
        space.port,
        space.protocol,
        space.proxy_type,
        space.realm,
        space.authentication_method.value,
    ]


def _space(fields: list[Any]) -> URLProtectionSpace:
    host, port, protocol, proxy_type, realm, method = fields
    made = AuthenticationMethod(method)
    if proxy_type is not None:
        return URLProtectionSpace.proxy(host, port, proxy_type, realm, made)
    return URLProtectionSpace(host, port, protocol, realm, made)


def _name(space: URLProtectionSpace, user: str) -> str:
    return json.dumps([*_fields(space), user])
