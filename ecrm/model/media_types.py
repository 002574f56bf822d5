"""The media types by which registries tell an index, a container image and an artifact apart."""

INDEX_MEDIA_TYPES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
SOCI_INDEX = "application/vnd.amazon.soci.index.v1+json"
CONTAINER_CONFIGS = frozenset(
    {
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
    }
)
