"""What the API of Kubernetes answers for the kinds whose images ecrm knows where to find.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/: what Kubernetes requires of
an object before it stores it is required here, too. All else of an object is left out.
"""

from ecrm.aws.shapes import FLAG, NUMBER, TEXT, ListOf, MapOf, Record, optional, record

METADATA = record(
    name=TEXT,
    namespace=optional(TEXT),
    annotations=optional(MapOf(TEXT)),
    ownerReferences=optional(
        ListOf(record(apiVersion=TEXT, kind=TEXT, name=TEXT, uid=TEXT, controller=optional(FLAG)))
    ),
)
NAMED = record(metadata=METADATA)
"""What every object has, besides what the others say."""

_CONTAINERS = ListOf(record(name=TEXT, image=TEXT))
_POD = record(
    containers=_CONTAINERS,
    initContainers=optional(_CONTAINERS),
    ephemeralContainers=optional(_CONTAINERS),
    volumes=optional(ListOf(record(name=TEXT, image=optional(record(reference=optional(TEXT)))))),
)
_MOUNT = record(
    name=TEXT, volumeStatus=optional(record(image=optional(record(imageRef=optional(TEXT)))))
)
_STATUSES = optional(ListOf(record(name=TEXT, imageID=TEXT, volumeMounts=optional(ListOf(_MOUNT)))))
_TEMPLATE = record(spec=_POD)
_TEMPLATED = record(template=_TEMPLATE)

POD = record(
    spec=_POD,
    status=optional(
        record(
            phase=optional(TEXT),
            containerStatuses=_STATUSES,
            initContainerStatuses=_STATUSES,
            ephemeralContainerStatuses=_STATUSES,
        )
    ),
)
WORKLOAD = record(spec=_TEMPLATED)
CRON_JOB = record(spec=record(jobTemplate=record(spec=_TEMPLATED)))
POD_TEMPLATE = record(template=_TEMPLATE)
REPLICA_SET = record(
    spec=record(template=_TEMPLATE, replicas=optional(NUMBER)),
    status=optional(record(replicas=optional(NUMBER))),
)
CONTROLLER_REVISION = record(revision=NUMBER)
REVISION_DATA: Record = record(data=record(spec=_TEMPLATED))
"""Of a revision of Kubernetes' own controllers; others keep what they like."""
