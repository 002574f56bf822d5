"""A stack in moto's CloudFormation, and what moto must be taught for that.

moto knows schedules, alarms and the settings of asynchronous calls, but not as parts of a stack.
Their properties have the names of the parameters of the APIs that make them, so a part is made by
calling its API, which checks them.
"""

import json
from ast import literal_eval
from pathlib import Path
from typing import Any

import boto3
import yaml
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel

Fields = dict[str, Any]


class _Taught(CloudFormationModel):
    """A part that one call makes; `name` is the parameter that takes the name of the part."""

    resource = service = operation = name = ""

    def __init__(self, physical_resource_id: str) -> None:
        self.physical_resource_id = physical_resource_id

    @classmethod
    def cloudformation_name_type(cls) -> str:
        return cls.name

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.resource

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: Fields,
        account_id: str,
        region_name: str,
        **_: Any,
    ) -> "_Taught":
        fields = cloudformation_json["Properties"] | ({cls.name: resource_name} if cls.name else {})
        if "EvaluationPeriods" in fields:  # moto leaves parameters of the type Number texts
            fields["EvaluationPeriods"] = int(fields["EvaluationPeriods"])
        if "PolicyDocument" in fields:  # which the API of S3 takes as text
            fields["Policy"] = json.dumps(fields.pop("PolicyDocument"))
        getattr(boto3.client(cls.service, region_name), cls.operation)(**fields)
        return cls(resource_name)

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource: "_Taught", *_: Any, **__: Any
    ) -> "_Taught":
        return original_resource

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return False


class _Schedule(_Taught, CloudFormationModel):
    resource, service = "AWS::Scheduler::Schedule", "scheduler"
    operation, name = "create_schedule", "Name"


class _EventInvokeConfig(_Taught, CloudFormationModel):
    resource, service = "AWS::Lambda::EventInvokeConfig", "lambda"
    operation = "put_function_event_invoke_config"


class _Alarm(_Taught, CloudFormationModel):
    resource, service = "AWS::CloudWatch::Alarm", "cloudwatch"
    operation, name = "put_metric_alarm", "AlarmName"


class _BucketPolicy(_Taught, CloudFormationModel):
    resource, service = "AWS::S3::BucketPolicy", "s3"
    operation = "put_bucket_policy"


def teach_moto() -> None:
    for known in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        known.cache_clear()


def load_template(path: Path) -> Fields:
    """The template with `!Ref` and its like in their long form."""
    template: Fields = yaml.load(path.read_text(), _Loader)
    return template


class _Loader(yaml.SafeLoader):
    pass


def _long_form(loader: Any, name: str, node: yaml.Node) -> Fields:
    construct = {
        yaml.ScalarNode: loader.construct_scalar,
        yaml.SequenceNode: lambda node: loader.construct_sequence(node, deep=True),
        yaml.MappingNode: lambda node: loader.construct_mapping(node, deep=True),
    }
    return {name if name == "Ref" else f"Fn::{name}": construct[type(node)](node)}


_Loader.add_multi_constructor("!", _long_form)


class Stack:
    """The stack `ecrm`, made from the template with these parameters."""

    def __init__(self, template: Path, parameters: dict[str, str]) -> None:
        self._text = template.read_text()
        self._parameters = parameters
        self._client = boto3.client("cloudformation")
        self._client.create_stack(**self._request())
        answer = self._client.describe_stack_resources(StackName="ecrm")
        self._physical = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in answer["StackResources"]
            if "LogicalResourceId" in resource  # moto lists what a condition left out as well
        }

    def update(self, parameters: dict[str, str]) -> None:
        """As `aws cloudformation deploy` does: what is not given is left as it is."""
        self._parameters |= parameters
        self._client.update_stack(**self._request())

    def _request(self) -> Fields:
        given = [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in self._parameters.items()
        ]
        return {
            "StackName": "ecrm",
            "TemplateBody": self._text,
            "Parameters": given,
            "Capabilities": ["CAPABILITY_IAM"],
        }

    def physical(self, logical: str) -> str:
        return str(self._physical[logical])

    @property
    def function(self) -> Fields:
        name = self.physical("Function")
        found: Fields = boto3.client("lambda").get_function_configuration(FunctionName=name)
        return found

    def statements(self, role: str, policy: str) -> list[Fields]:
        """With every action and resource in a list, as `ecrm iam-policy` prints them."""
        answer = boto3.client("iam").get_role_policy(
            RoleName=self.physical(role), PolicyName=policy
        )
        document = answer["PolicyDocument"]
        # Of a role's own policy moto gives what Python calls the document, and leaves a hole where
        # AWS::NoValue stands.
        if isinstance(document, str):
            document = literal_eval(document)
        statements = [statement for statement in document["Statement"] if statement]
        return [
            statement | {key: _listed(statement[key]) for key in ("Action", "Resource")}
            for statement in statements
        ]


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
