"""Which keys an event may have, and which of their values are none: whoever may invoke the function
must not thereby choose what it reads, runs and writes."""

from collections.abc import Collection, Iterable, Iterator, Mapping

_OPEN = ("command", "repository", "plan", "format")


def not_allowed(
    given: Iterable[str], environ: Mapping[str, str], known: Collection[str]
) -> Iterator[str]:
    """A line for each key that is the deployment's to say, unless ECRM_EVENT_KEYS names it."""
    closed = [key for key in known if key not in _OPEN]
    allowed = [key.strip() for key in environ.get("ECRM_EVENT_KEYS", "").split(",") if key.strip()]
    for key in allowed:
        if key not in closed:
            yield f"ECRM_EVENT_KEYS names {key!r}; it may name {', '.join(closed)}"
    for key in given:
        if key in closed and key not in allowed:
            yield (
                f"event: {key!r} is for the deployment to say; ECRM_EVENT_KEYS={key} would let "
                "events say it"
            )


def is_blank(value: object) -> bool:
    """From a rule that forgot to set it, say; it must not mean "all repositories"."""
    if isinstance(value, list):
        return not value or any(map(is_blank, value))
    return isinstance(value, str) and not value.strip()
