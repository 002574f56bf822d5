"""What ecrm.aws.parsing saves: processor time of one call, parsed by botocore and by ecrm.

    python -m benchmarks.parsing

The answers come from memory, so that a call is all that a client does but for the network: check
the parameters, sign, parse. Both clients take turns of some calls in a row, as a run makes them,
and the best call of each counts, so that a busy machine changes little about the ratio.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import botocore.session
from botocore.awsrequest import AWSResponse

from ecrm.aws.parsing import slim_session

TURNS, IN_A_ROW = 5, 10
PUSHED = 1.74e9
REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
ARN = "arn:aws:ecs:eu-west-1:123456789012"
Json = dict[str, Any]


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def image(number: int) -> Json:
    return {
        "registryId": "123456789012",
        "repositoryName": "shop/api",
        "imageDigest": digest(number),
        "imageTags": [f"v1.{number}", f"{number:040x}"],
        "imageSizeInBytes": 123_456_789 + number,
        "imagePushedAt": PUSHED + number / 7,
        "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactMediaType": "application/vnd.oci.image.config.v1+json",
        "lastRecordedPullTime": PUSHED + number / 3,
        "imageStatus": "ACTIVE",
    }


def scanned(number: int) -> Json:
    counts = {"CRITICAL": 1, "HIGH": 12, "MEDIUM": 55, "LOW": 13, "UNTRIAGED": 2}
    summary = {
        "imageScanCompletedAt": PUSHED + number,
        "vulnerabilitySourceUpdatedAt": PUSHED,
        "findingSeverityCounts": counts,
    }
    status = {"status": "COMPLETE", "description": "The scan was completed successfully."}
    return image(number) | {"imageScanFindingsSummary": summary, "imageScanStatus": status}


def repository(number: int) -> Json:
    return {
        "repositoryArn": f"arn:aws:ecr:eu-west-1:123456789012:repository/team/app-{number}",
        "registryId": "123456789012",
        "repositoryName": f"team/app-{number}",
        "repositoryUri": f"{REGISTRY}/team/app-{number}",
        "createdAt": PUSHED + number,
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }


def task(number: int) -> Json:
    arn = f"{ARN}:task/prod/{number:032x}"
    times = ("connectivityAt", "createdAt", "pullStartedAt", "pullStoppedAt", "startedAt")
    details = {"subnetId": "subnet-1", "networkInterfaceId": "eni-1", "privateIPv4Address": "::1"}
    return {
        "taskArn": arn,
        "clusterArn": f"{ARN}:cluster/prod",
        "taskDefinitionArn": f"{ARN}:task-definition/web:12",
        "group": "service:web",
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "cpu": "1024",
        "memory": "2048",
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "healthStatus": "HEALTHY",
        "version": 5,
        "tags": [],
        "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
        "attachments": [
            {
                "id": "att-1",
                "type": "ElasticNetworkInterface",
                "status": "ATTACHED",
                "details": [{"name": name, "value": value} for name, value in details.items()],
            }
        ],
        "overrides": {"containerOverrides": [{"name": "app"}, {"name": "proxy"}]},
        "containers": [
            {
                "containerArn": f"{arn}/{name}",
                "taskArn": arn,
                "name": name,
                "image": f"{REGISTRY}/team/{name}:v1",
                "imageDigest": digest(number),
                "runtimeId": f"{number:032x}-1",
                "lastStatus": "RUNNING",
                "networkBindings": [],
                "networkInterfaces": [{"attachmentId": "att-1", "privateIpv4Address": "10.0.0.1"}],
                "healthStatus": "HEALTHY",
                "cpu": "512",
                "memory": "1024",
            }
            for name in ("app", "proxy")
        ],
    } | dict.fromkeys(times, PUSHED + number / 7)


def service(number: int) -> Json:
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"]}}
    definition = f"{ARN}:task-definition/web-{number}:12"
    deployment = {
        "id": f"ecs-svc/{number:019}",
        "status": "PRIMARY",
        "taskDefinition": definition,
        "desiredCount": 4,
        "runningCount": 4,
        "pendingCount": 0,
        "failedTasks": 0,
        "createdAt": PUSHED + number,
        "updatedAt": PUSHED + number,
        "launchType": "FARGATE",
        "networkConfiguration": network,
        "rolloutState": "COMPLETED",
        "rolloutStateReason": f"ECS deployment ecs-svc/{number:019} completed.",
    }
    event = {"createdAt": PUSHED + 0.5, "message": f"(service web-{number}) is steady."}
    return {
        "serviceArn": f"{ARN}:service/prod/web-{number}",
        "serviceName": f"web-{number}",
        "clusterArn": f"{ARN}:cluster/prod",
        "status": "ACTIVE",
        "desiredCount": 4,
        "runningCount": 4,
        "pendingCount": 0,
        "launchType": "FARGATE",
        "taskDefinition": definition,
        "networkConfiguration": network,
        "createdAt": PUSHED + number,
        "deployments": [deployment],
        "events": [{"id": f"{place:032x}", **event} for place in range(100)],
        "currentServiceRevisions": [{"arn": f"{ARN}:service-revision/prod/web/{number}"}],
    }


def revision(number: int) -> Json:
    return {
        "serviceRevisionArn": f"{ARN}:service-revision/prod/web/{number}",
        "serviceArn": f"{ARN}:service/prod/web",
        "clusterArn": f"{ARN}:cluster/prod",
        "taskDefinition": f"{ARN}:task-definition/web:{number}",
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "containerImages": [
            {"containerName": name, "image": f"{REGISTRY}/{name}:v1", "imageDigest": digest(number)}
            for name in ("app", "proxy")
        ],
        "createdAt": PUSHED + number,
    }


def definition() -> Json:
    log = {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/web", "mode": "non-blocking"}}
    container = {
        "image": f"{REGISTRY}/team/app:v1",
        "cpu": 512,
        "memory": 1024,
        "essential": True,
        "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
        "environment": [{"name": f"NAME_{n}", "value": f"value {n}"} for n in range(30)],
        "secrets": [{"name": f"SECRET_{n}", "valueFrom": f"{ARN}:secret:{n}"} for n in range(10)],
        "logConfiguration": log,
        "mountPoints": [],
        "volumesFrom": [],
    }
    return {
        "taskDefinitionArn": f"{ARN}:task-definition/web:12",
        "family": "web",
        "revision": 12,
        "status": "ACTIVE",
        "registeredAt": PUSHED,
        "compatibilities": ["EC2", "FARGATE"],
        "requiresAttributes": [{"name": f"com.amazonaws.ecs.capability.{n}"} for n in range(9)],
        "containerDefinitions": [{"name": name, **container} for name in ("app", "proxy", "logs")],
    }


def function(number: int) -> Json:
    absent = ("Runtime", "Handler", "DeadLetterConfig", "KMSKeyArn", "Layers", "MasterArn", "State")
    return {
        "FunctionName": f"function-{number}",
        "FunctionArn": f"arn:aws:lambda:eu-west-1:123456789012:function:function-{number}:7",
        "Role": "arn:aws:iam::123456789012:role/function",
        "CodeSize": 0,
        "Description": "",
        "Timeout": 30,
        "MemorySize": 512,
        "LastModified": "2026-01-02T03:04:05.000+0000",
        "CodeSha256": f"{number:064x}",
        "Version": "7",
        "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"], "VpcId": "vpc-1"},
        "Environment": {"Variables": {f"NAME_{n}": f"value {n}" for n in range(10)}, "Error": None},
        "TracingConfig": {"Mode": "PassThrough"},
        "RevisionId": f"{number:032x}",
        "PackageType": "Image",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/function"},
    } | dict.fromkeys(absent)


def many(member: str, count: int, make: Callable[[int], Json]) -> Json:
    return {member: [make(number) for number in range(count)]}


# (what is read, service, method, parameters, answer)
CALLS: list[tuple[str, str, str, Json, Json]] = [
    (
        "1,000 images",
        "ecr",
        "describe_images",
        {"repositoryName": "shop/api"},
        many("imageDetails", 1000, image),
    ),
    (
        "1,000 images with scans",
        "ecr",
        "describe_images",
        {"repositoryName": "shop/api"},
        many("imageDetails", 1000, scanned),
    ),
    (
        "1,000 repositories",
        "ecr",
        "describe_repositories",
        {},
        many("repositories", 1000, repository),
    ),
    ("100 tasks", "ecs", "describe_tasks", {"tasks": ["x"]}, many("tasks", 100, task)),
    ("10 services", "ecs", "describe_services", {"services": ["x"]}, many("services", 10, service)),
    (
        "20 service revisions",
        "ecs",
        "describe_service_revisions",
        {"serviceRevisionArns": ["x"]},
        many("serviceRevisions", 20, revision),
    ),
    (
        "1 task definition",
        "ecs",
        "describe_task_definition",
        {"taskDefinition": "web"},
        {"taskDefinition": definition()},
    ),
    ("50 functions", "lambda", "list_functions", {}, many("Functions", 50, function)),
]


class Body:
    """As much of urllib3's response as botocore looks at."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


def client(session: Any, service: str, content: bytes) -> Any:
    """A client that gets this answer to whatever it asks."""
    made = boto3.Session("AKIA", "secret", region_name="eu-west-1", botocore_session=session)
    headers = {"x-amzn-RequestId": "1", "Content-Type": "application/x-amz-json-1.1"}

    def answer(**_: object) -> AWSResponse:
        return AWSResponse("https://localhost", 200, headers, Body(content))

    it = made.client(service)
    it.meta.events.register("before-send", answer)
    return it


def turn(call: Callable[..., Any], parameters: Json) -> float:
    """Milliseconds of the best call."""
    best = float("inf")
    for _ in range(IN_A_ROW):
        start = time.process_time()
        call(**parameters)
        best = min(best, time.process_time() - start)
    return 1000 * best


def main() -> None:
    sessions = (botocore.session.get_session(), slim_session())
    print(f"{'one call':25} {'KB':>5} {'botocore ms':>12} {'slim ms':>8} {'ratio':>6}")
    for name, service_name, method, parameters, answer in CALLS:
        content = json.dumps(answer, separators=(",", ":")).encode()
        calls = [getattr(client(it, service_name, content), method) for it in sessions]
        turns = [[turn(it, parameters) for it in calls] for _ in range(TURNS)]
        theirs, ours = (min(times) for times in zip(*turns, strict=True))
        size = len(content) / 1000
        print(f"{name:25} {size:5.0f} {theirs:12.2f} {ours:8.2f} {theirs / ours:6.1f}")


if __name__ == "__main__":
    main()
