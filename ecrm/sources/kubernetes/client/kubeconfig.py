"""Kubeconfigs, as kubectl reads them: several files as one, and paths relative to their file."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from ecrm.aws.shapes import FLAG, TEXT, ListOf, MisfitError, Optional, Scalar, optional, record
from ecrm.errors import InputError, NotThereError

Entry = Mapping[str, Any]
"""What a cluster, a user or a context is made of, under the keys of the file; paths in it are those
of files."""


def _texts(*names: str) -> dict[str, Optional]:
    return {name: optional(TEXT) for name in names}


_EXEC = record(
    **_texts("apiVersion", "command", "interactiveMode", "installHint"),
    args=optional(ListOf(TEXT)),
    env=optional(ListOf(record(name=TEXT, value=TEXT))),
    provideClusterInfo=optional(FLAG),
)
_ANYTHING = Scalar(lambda value: value)
_CLUSTER = record(
    **_texts("server", "tls-server-name", "proxy-url"),
    **_texts("certificate-authority", "certificate-authority-data"),
    **{"insecure-skip-tls-verify": optional(FLAG)},
    extensions=optional(ListOf(record(name=TEXT, extension=optional(_ANYTHING)))),
)
_USER = record(
    **_texts("token", "tokenFile", "username", "password", "as"),
    **_texts("client-certificate", "client-certificate-data", "client-key", "client-key-data"),
    **{"auth-provider": optional(_ANYTHING), "exec": Optional(_EXEC)},
)
_CONTEXT = record(cluster=TEXT, user=optional(TEXT))
_FILE = record(
    **_texts("current-context"),
    clusters=optional(ListOf(record(name=TEXT, cluster=_CLUSTER))),
    users=optional(ListOf(record(name=TEXT, user=_USER))),
    contexts=optional(ListOf(record(name=TEXT, context=_CONTEXT))),
)
_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """`current` is the context that counts where none is named, or empty; `files` are what was
    read, for messages."""

    files: tuple[Path, ...]
    current: str = ""
    contexts: Mapping[str, Entry] = field(default_factory=dict, repr=False)
    clusters: Mapping[str, Entry] = field(default_factory=dict, repr=False)
    users: Mapping[str, Entry] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return os.pathsep.join(map(str, self.files))


def load(path: str = "", environment: Mapping[str, str] = os.environ) -> Kubeconfig:
    """The file; where none is given, all that KUBECONFIG lists, or `~/.kube/config`.

    Of several files the first that sets a name, or the current context, wins, whatever else others
    say of that name. A file that KUBECONFIG lists need not be there. Raises InputError for one that
    cannot be read, and NotThereError where there is none at all.
    """
    listed = [path] if path else environment.get("KUBECONFIG", "").split(os.pathsep)
    paths = [Path(name).expanduser() for name in listed if name] or [_default()]
    files = tuple(file for file in paths if file.exists())
    if not files:
        raise NotThereError(f"{os.pathsep.join(map(str, paths))}: there is no kubeconfig")
    return _merged([_parsed(file) for file in files])


def _default() -> Path:
    return Path("~/.kube/config").expanduser()


def _merged(parts: Sequence[Kubeconfig]) -> Kubeconfig:
    """The first wins: it is laid over the others last."""
    merged = Kubeconfig(tuple(file for part in parts for file in part.files))
    for part in reversed(parts):
        merged = replace(
            merged,
            current=part.current or merged.current,
            contexts={**merged.contexts, **part.contexts},
            clusters={**merged.clusters, **part.clusters},
            users={**merged.users, **part.users},
        )
    return merged


def _parsed(file: Path) -> Kubeconfig:
    try:
        content = _FILE.read(_without_nulls(yaml.safe_load(file.read_text(encoding="utf-8")) or {}))
        return Kubeconfig(
            (file,),
            content["current-context"] or "",
            _named(content["contexts"], "context", file.parent),
            _named(content["clusters"], "cluster", file.parent),
            _named(content["users"], "user", file.parent),
        )
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    except MisfitError as error:
        raise InputError(f"{file}: {error.about('the file')}") from None
    except (yaml.YAMLError, ValueError, RecursionError):  # their text may have a secret
        raise InputError(f"{file}: is not YAML") from None


def _named(entries: Sequence[Entry], kind: str, folder: Path) -> dict[str, Entry]:
    found = {entry["name"]: _located(entry[kind], folder) for entry in entries}
    if len(found) < len(entries):
        raise MisfitError(f"AWS's answer names a {kind} twice")
    return found


def _located(entry: Entry, folder: Path) -> Entry:
    """With paths that begin where the file is, as the command of a plugin does, if it is one."""
    paths = {name: str(folder / entry[name]) for name in _PATHS if entry.get(name)}
    plugin = entry.get("exec")
    if plugin and os.sep in (plugin["command"] or ""):
        plugin = {**plugin, "command": str(folder / plugin["command"])}
    return {**entry, **paths, "exec": plugin}


def _without_nulls(value: Any) -> Any:
    """kubectl writes null for what is empty."""
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value
