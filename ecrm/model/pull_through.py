"""Rules by which a private ECR registry caches the images of another one."""

from dataclasses import dataclass, replace

from ecrm.model.reference import Reference, Registry, RepositoryKey


@dataclass(frozen=True, slots=True)
class PullThrough:
    """Repositories of `registry` whose names begin with `prefix/` hold images of those of
    `upstream`, with `upstream_prefix/` instead. An empty prefix (`ROOT`) takes all names."""

    registry: Registry
    prefix: str
    upstream: Registry
    upstream_prefix: str

    def origin(self, reference: Reference) -> Reference | None:
        """The image upstream that is cached under this name, whose next pull may need it; None for
        one that the rule does not cache."""
        start = _start(self.prefix)
        if not (reference.may_name(self.registry) and reference.repository.startswith(start)):
            return None
        name = _start(self.upstream_prefix) + reference.repository.removeprefix(start)
        return replace(reference, host=self.upstream.host, registry=self.upstream, repository=name)

    def caches(self, key: RepositoryKey) -> bool:
        return key.registry == self.upstream and key.repository.startswith(
            _start(self.upstream_prefix)
        )


def _start(prefix: str) -> str:
    return f"{prefix}/" if prefix else ""
