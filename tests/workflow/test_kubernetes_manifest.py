"""What a cluster must allow: no more, and no less, than what is read."""

from typing import Any

import pytest
import yaml

from ecrm.config import Config, Kubernetes
from ecrm.sources import SOURCES
from ecrm.sources.kubernetes.client import Resource
from ecrm.sources.kubernetes.reading import cluster_uses
from ecrm.sources.kubernetes.resources import WELL_KNOWN
from ecrm.workflow.configuration import parse
from ecrm.workflow.kubernetes_manifest import Job, for_group, for_job, manifest_text, role
from tests.sources.kubernetes.api import Api
from tests.sources.kubernetes.client.kubectl import assert_within, needs_kubectl, without_a_cluster

JOB = Job("123456789012.dkr.ecr.us-east-1.amazonaws.com/ecrm:1", "s3://scans/prod.json")
ROLE = "arn:aws:iam::123456789012:role/scan"


def allowed(config: Kubernetes) -> set[str]:
    """`resource.group` of all that may be listed."""
    rules = role(config)["rules"]
    assert {verb for rule in rules for verb in rule["verbs"]} == {"list"}
    return {
        f"{resource}.{group}".rstrip(".")
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def test_the_role_allows_what_is_read():
    assert allowed(Kubernetes()) == {
        *("pods", "replicationcontrollers", "podtemplates"),
        *("deployments.apps", "replicasets.apps", "statefulsets.apps", "daemonsets.apps"),
        *("controllerrevisions.apps", "jobs.batch", "cronjobs.batch"),
        *("rollouts.argoproj.io", "experiments.argoproj.io", "analysisruns.argoproj.io"),
        *("analysistemplates.argoproj.io", "clusteranalysistemplates.argoproj.io"),
        *("workflows.argoproj.io", "cronworkflows.argoproj.io", "workflowtemplates.argoproj.io"),
        "clusterworkflowtemplates.argoproj.io",
        *("services.serving.knative.dev", "configurations.serving.knative.dev"),
        "revisions.serving.knative.dev",
        *("tasks.tekton.dev", "clustertasks.tekton.dev", "stepactions.tekton.dev"),
        *("pipelines.tekton.dev", "taskruns.tekton.dev", "pipelineruns.tekton.dev"),
        "scaledjobs.keda.sh",
    }


def test_all_that_it_allows_is_listed_and_nothing_else():
    api = Api()
    for name in WELL_KNOWN:
        group, plural = name.split("/")
        api.add(Resource(group, "v1", plural, plural.title()), [])
    assert list(cluster_uses("eks", api.cluster(), Kubernetes(), "")) == []
    listed = {resource.path: resource for resource in api.resources}
    assert {str(listed[path]) for path in api.asked if path in listed} == allowed(Kubernetes())


def test_it_follows_ecrm_yaml():
    config = Kubernetes(resources=("a.io/bs",), exclude_resources=("keda.sh/scaledjobs",))
    assert allowed(config) ^ allowed(Kubernetes()) == {"bs.a.io", "scaledjobs.keda.sh"}


def test_the_role_is_bound_to_the_group_of_the_access_entry():
    _, binding = for_group(Config())
    assert binding["roleRef"]["name"] == role(Kubernetes())["metadata"]["name"]
    assert [subject["name"] for subject in binding["subjects"]] == ["ecrm"]
    text = manifest_text(Config(), ROLE, None)
    assert f"--kubernetes-groups ecrm \\\n#     --principal-arn {ROLE}\n" in text


class TestJob:
    def objects(self, config: Config, job: Job = JOB) -> dict[str, Any]:
        return {each["kind"]: each for each in for_job(config, job)}

    def test_its_service_account_has_the_role(self):
        objects = self.objects(Config())
        account = objects["ServiceAccount"]["metadata"]
        [subject] = objects["ClusterRoleBinding"]["subjects"]
        assert (subject["kind"], subject["name"], subject["namespace"]) == (
            "ServiceAccount",
            account["name"],
            account["namespace"],
        )
        assert objects["Namespace"]["metadata"]["name"] == account["namespace"]
        pod = self.pod(objects)
        assert pod["serviceAccountName"] == account["name"]

    def pod(self, objects: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = objects["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]
        return dict(found["spec"])

    @pytest.mark.parametrize("arn", [None, ROLE])
    def test_an_iam_role_is_that_of_the_service_account(self, arn):
        account = self.objects(Config(), Job("i", "s3://a/b", arn))["ServiceAccount"]["metadata"]
        expected = {"eks.amazonaws.com/role-arn": arn} if arn else None
        assert account.get("annotations") == expected

    @pytest.mark.parametrize(("region", "names"), [(None, ["HOME"]), ("a", ["HOME", "AWS_REGION"])])
    def test_it_scans_to_s3(self, region, names):
        job = Job("image", "s3://a/b", region=region)
        [container] = self.pod(self.objects(Config(), job))["containers"]
        assert container["command"] == [
            *("ecrm", "scan", "-c", "/etc/ecrm/ecrm.yaml", "-o", "s3://a/b")
        ]
        assert container["image"] == "image"
        assert [variable["name"] for variable in container["env"]] == names

    def test_its_configuration_reads_the_cluster_as_ecrm_yaml_says_and_nothing_else(self):
        own = Kubernetes(
            contexts=("other",),
            history=3,
            resources=("a.io/bs",),
            exclude_resources=("keda.sh/scaledjobs",),
        )
        text = self.objects(Config(kubernetes=own))["ConfigMap"]["data"]["ecrm.yaml"]
        config = parse(text, "ecrm.yaml")
        assert config.kubernetes == Kubernetes(
            in_cluster=True,
            history=3,
            resources=("a.io/bs",),
            exclude_resources=("keda.sh/scaledjobs",),
        )
        assert not [source for source in SOURCES if source.is_read(config)]
        text = self.objects(Config())["ConfigMap"]["data"]["ecrm.yaml"]
        assert parse(text, "ecrm.yaml").kubernetes == Kubernetes(in_cluster=True)


@pytest.mark.parametrize("job", [None, JOB])
def test_the_text_is_the_objects(job):
    text = manifest_text(Config(), None, job)
    objects = for_job(Config(), job) if job else for_group(Config())
    assert list(yaml.safe_load_all(text)) == objects
    assert text.startswith("# ")
    assert "role/ecrm" in text or JOB.output in text.partition("---")[0]


@needs_kubectl
@pytest.mark.parametrize("job", [None, JOB])
def test_kubectl_knows_every_kind_and_every_member_of_the_job(job, tmp_path):
    """Whatever needs no cluster reads objects as the API does, and leaves out what it does not
    know."""
    file = tmp_path / "manifest.yaml"
    file.write_text(manifest_text(Config(), None, job))
    done = without_a_cluster(file)
    assert "unable to decode" not in done.stderr
    assert done.stderr.count("does not have a pod template") == (5 if job else 2)
    if job:
        [ours] = [each for each in for_job(Config(), job) if each["kind"] == "CronJob"]
        assert_within(ours, yaml.safe_load(done.stdout))
