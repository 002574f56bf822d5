"""The clusters of EKS of a target, and who the target is to them.

A token of EKS is a request to STS that the target signs and the cluster sends: from STS the cluster
learns who asks (github.com/kubernetes-sigs/aws-iam-authenticator).
"""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from ecrm.aws import Operation, Target, call, items, listing
from ecrm.aws.errors import translated
from ecrm.aws.shapes import TEXT, Optional, optional, record
from ecrm.errors import AwsError, InputError
from ecrm.sources.kubernetes.client.cluster import Cluster
from ecrm.sources.kubernetes.client.credentials import Identity, Issued, Renewed, bearer
from ecrm.sources.kubernetes.client.endpoint import Endpoint
from ecrm.sources.kubernetes.client.https import Https

LIST_CLUSTERS = listing("eks", "ListClusters", "clusters", TEXT)
DESCRIBE_CLUSTER = Operation(
    "eks",
    "DescribeCluster",
    record(
        cluster=record(
            status=TEXT,
            endpoint=optional(TEXT),
            certificateAuthority=optional(record(data=optional(TEXT))),
            connectorConfig=Optional(record(provider=optional(TEXT))),
        )
    ),
)
_RENEWED_AFTER = timedelta(minutes=10)
"""A cluster takes a token for 15 minutes after it was signed, whatever the URL says."""
_STS = "Action=GetCallerIdentity&Version=2011-06-15"


def eks_names(target: Target) -> Iterator[str]:
    """Of all clusters, with those that run elsewhere and are connected to EKS."""
    return items(target.reading("eks"), LIST_CLUSTERS, include=["all"], maxResults=100)


def eks_cluster(target: Target, name: str) -> Cluster:
    """Describes the cluster, and asks the cluster itself nothing yet. Raises AwsError for one that
    cannot be asked, with what to do; Gone, where EKS does not know it."""
    found = call(target.reading("eks"), DESCRIBE_CLUSTER, name=name)["cluster"]
    try:
        endpoint = _endpoint(found)
    except InputError as error:
        raise AwsError(f"cluster {name}: {error}") from error
    credentials = Renewed(partial(_issue, target, name))
    return Cluster(name, Https(name, endpoint, credentials, deadline=target.deadline))


def _endpoint(found: dict[str, Any]) -> Endpoint:
    """Any status will do but for what it lacks: a cluster that is updated or deleted still runs."""
    data, status = found["certificateAuthority"]["data"], found["status"]
    if found["connectorConfig"] is not None:
        raise InputError(
            "it runs elsewhere and is only connected to EKS; name a context of a kubeconfig for it"
        )
    if not found["endpoint"] or not data:
        raise InputError(f"it has no endpoint while its status is {status}; try again when ACTIVE")
    try:
        return Endpoint(found["endpoint"].rstrip("/"), b64decode(data).decode("ascii"))
    except ValueError:
        raise InputError("its certificate authority is not base64; try again") from None


def _issue(target: Target, cluster: str) -> Issued:
    """For the target: nothing is sent to STS. Raises AwsError where it has no credentials."""
    # Imported here since they take long; whoever has a target has imported them already.
    from botocore.auth import SigV4QueryAuth  # noqa: PLC0415
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415

    registry = target.registry
    host = f"sts{registry.host.partition('.dkr.ecr')[2]}"  # in each partition, AWS's own domain
    request = AWSRequest("GET", f"https://{host}/?{_STS}", {"x-k8s-aws-id": cluster})
    with translated("sts:GetCallerIdentity"):
        credentials = target.session.get_credentials()
        frozen = credentials.get_frozen_credentials() if credentials else None
        SigV4QueryAuth(frozen, "sts", registry.region, expires=60).add_auth(request)
    token = urlsafe_b64encode(request.url.encode()).decode().rstrip("=")
    until = datetime.now(UTC) + _RENEWED_AFTER
    return Issued(Identity(bearer(f"k8s-aws-v1.{token}")), until)
