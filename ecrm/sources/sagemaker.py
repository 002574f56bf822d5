"""SageMaker: what is deployed, what can be deployed or started again, and what runs.

An endpoint says which digests it resolved; a new instance of it pulls those. Models and model
packages are searched for, since each would take a call of its own otherwise.
"""

from ecrm.aws import UPPER_NEXT_TOKEN, Operation, listing
from ecrm.aws.shapes import NUMBER, TEXT, ListOf, Optional, Shape, optional, record
from ecrm.config.quotas import Quota
from ecrm.sources.answers import IMAGE, IMAGE_DIGEST, JSON_DOCUMENT
from ecrm.sources.steps import Step, table_source

_PAGE = {"MaxResults": 100}
_RUNNING = {**_PAGE, "StatusEquals": "InProgress"}

_DEPLOYED = record(SpecifiedImage=optional(IMAGE), ResolvedImage=optional(IMAGE))
_VARIANTS = optional(ListOf(record(DeployedImages=optional(ListOf(_DEPLOYED)))))
_COMPONENT = record(Container=optional(record(DeployedImage=optional(_DEPLOYED))))
_CONTAINER = record(Image=optional(IMAGE))
_PACKAGED = record(
    Containers=ListOf(record(Image=optional(IMAGE), ImageDigest=optional(IMAGE_DIGEST)))
)
_ALGORITHM = record(TrainingImage=optional(IMAGE))
_RULES = optional(ListOf(record(RuleEvaluatorImage=IMAGE)))
_APP = record(ImageUri=IMAGE)


def _list(kind: str, member: str, **item: Shape | Optional) -> Operation:
    return listing("sagemaker", f"List{kind}", member, record(**item), tokens=UPPER_NEXT_TOKEN)


def _describe(kind: str, **members: Shape | Optional) -> Operation:
    return Operation("sagemaker", f"Describe{kind}", record(**members))


LIST_ENDPOINTS = _list("Endpoints", "Endpoints", EndpointName=TEXT)
DESCRIBE_ENDPOINT = _describe(
    "Endpoint",
    EndpointName=TEXT,
    ProductionVariants=_VARIANTS,
    ShadowProductionVariants=_VARIANTS,
    PendingDeploymentSummary=optional(
        record(ProductionVariants=_VARIANTS, ShadowProductionVariants=_VARIANTS)
    ),
)
LIST_INFERENCE_COMPONENTS = _list(
    "InferenceComponents", "InferenceComponents", InferenceComponentName=TEXT
)
DESCRIBE_INFERENCE_COMPONENT = _describe(
    "InferenceComponent",
    InferenceComponentName=TEXT,
    Specification=optional(_COMPONENT),
    Specifications=optional(ListOf(_COMPONENT)),
)
_MODEL = record(
    ModelName=TEXT,
    PrimaryContainer=optional(_CONTAINER),
    Containers=optional(ListOf(_CONTAINER)),
)
_PACKAGE = record(
    ModelPackageArn=TEXT,
    InferenceSpecification=optional(_PACKAGED),
    AdditionalInferenceSpecifications=optional(ListOf(_PACKAGED)),
)


def _search(**found: Shape) -> Operation:
    return listing("sagemaker", "Search", "Results", record(**found), tokens=UPPER_NEXT_TOKEN)


SEARCH_MODELS = _search(Model=record(Model=_MODEL))
SEARCH_MODEL_PACKAGES = _search(ModelPackage=_PACKAGE)
LIST_PIPELINES = _list("Pipelines", "PipelineSummaries", PipelineName=TEXT)
DESCRIBE_PIPELINE = _describe("Pipeline", PipelineName=TEXT, PipelineDefinition=JSON_DOCUMENT)
LIST_MONITORING_SCHEDULES = _list(
    "MonitoringSchedules", "MonitoringScheduleSummaries", MonitoringScheduleName=TEXT
)
DESCRIBE_MONITORING_SCHEDULE = _describe(
    "MonitoringSchedule",
    MonitoringScheduleConfig=record(
        MonitoringJobDefinition=optional(record(MonitoringAppSpecification=_APP))
    ),
)
LIST_IMAGES = _list("Images", "Images", ImageName=TEXT)
LIST_IMAGE_VERSIONS = _list("ImageVersions", "ImageVersions", Version=NUMBER)
DESCRIBE_IMAGE_VERSION = _describe(
    "ImageVersion", ImageVersionArn=TEXT, ContainerImage=optional(IMAGE), BaseImage=optional(IMAGE)
)
LIST_ALGORITHMS = _list("Algorithms", "AlgorithmSummaryList", AlgorithmName=TEXT)
DESCRIBE_ALGORITHM = _describe(
    "Algorithm",
    TrainingSpecification=record(TrainingImage=IMAGE, TrainingImageDigest=optional(IMAGE_DIGEST)),
    InferenceSpecification=optional(_PACKAGED),
)
LIST_TRAINING_JOBS = _list("TrainingJobs", "TrainingJobSummaries", TrainingJobName=TEXT)
DESCRIBE_TRAINING_JOB = _describe(
    "TrainingJob",
    TrainingJobName=TEXT,
    AlgorithmSpecification=optional(_ALGORITHM),
    DebugRuleConfigurations=_RULES,
    ProfilerRuleConfigurations=_RULES,
)
LIST_TUNING_JOBS = _list(
    "HyperParameterTuningJobs",
    "HyperParameterTuningJobSummaries",
    HyperParameterTuningJobName=TEXT,
)
DESCRIBE_TUNING_JOB = _describe(
    "HyperParameterTuningJob",
    HyperParameterTuningJobName=TEXT,
    TrainingJobDefinition=optional(record(AlgorithmSpecification=_ALGORITHM)),
    TrainingJobDefinitions=optional(ListOf(record(AlgorithmSpecification=_ALGORITHM))),
)
LIST_PROCESSING_JOBS = _list("ProcessingJobs", "ProcessingJobSummaries", ProcessingJobName=TEXT)
DESCRIBE_PROCESSING_JOB = _describe("ProcessingJob", AppSpecification=_APP)


def _each(
    what: str,
    list_all: Operation,
    describe: Operation,
    name: str,
    *,
    asked: str = "",
    running: bool = False,
) -> Step:
    """A listing, and one call for each, or for each that is running. `name` is the member with the
    name, and `asked` the parameter, if that is another."""
    why = "running" if running else "as it is defined"
    user = f"SageMaker {what} {{{name}}}"
    identity = name if name in describe.answer.members else ""
    below = Step(describe, {asked or name: name}, user=user, why=why, identity=identity)
    return Step(list_all, given=_RUNNING if running else _PAGE, then=(below,))


def _of_monitoring(kind: str) -> Step:
    """The job definitions of one kind of monitoring."""
    name = "MonitoringJobDefinitionName"
    return _each(
        "monitoring job definition",
        _list(f"{kind}JobDefinitions", "JobDefinitionSummaries", **{name: TEXT}),
        _describe(f"{kind}JobDefinition", **{f"{kind}AppSpecification": _APP}),
        name,
        asked="JobDefinitionName",
    )


def _every(search: Operation, resource: str, user: str) -> Step:
    given = {**_PAGE, "Resource": resource}
    return Step(search, given=given, user=f"SageMaker {user}", why="as it is defined")


_IMAGE_VERSIONS = Step(
    LIST_IMAGES,
    given=_PAGE,
    then=(
        Step(
            LIST_IMAGE_VERSIONS,
            {"ImageName": "ImageName"},
            _PAGE,
            then=(
                Step(
                    DESCRIBE_IMAGE_VERSION,
                    {"ImageName": "ImageName", "Version": "Version"},
                    user="SageMaker image {ImageName}",
                    why="version {Version}",
                ),
            ),
        ),
    ),
)

_JOBS = (
    ("training job", LIST_TRAINING_JOBS, DESCRIBE_TRAINING_JOB, "TrainingJobName"),
    ("tuning job", LIST_TUNING_JOBS, DESCRIBE_TUNING_JOB, "HyperParameterTuningJobName"),
    ("processing job", LIST_PROCESSING_JOBS, DESCRIBE_PROCESSING_JOB, "ProcessingJobName"),
)

SAGEMAKER = table_source(
    "sagemaker",
    "SageMaker",
    (
        _each("endpoint", LIST_ENDPOINTS, DESCRIBE_ENDPOINT, "EndpointName"),
        _each(
            "inference component",
            LIST_INFERENCE_COMPONENTS,
            DESCRIBE_INFERENCE_COMPONENT,
            "InferenceComponentName",
        ),
        _every(SEARCH_MODELS, "Model", "model {Model[Model][ModelName]}"),
        _every(
            SEARCH_MODEL_PACKAGES, "ModelPackage", "model package {ModelPackage[ModelPackageArn]}"
        ),
        _each("pipeline", LIST_PIPELINES, DESCRIBE_PIPELINE, "PipelineName"),
        _each(
            "monitoring schedule",
            LIST_MONITORING_SCHEDULES,
            DESCRIBE_MONITORING_SCHEDULE,
            "MonitoringScheduleName",
        ),
        *map(_of_monitoring, ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")),
        _IMAGE_VERSIONS,
        _each("algorithm", LIST_ALGORITHMS, DESCRIBE_ALGORITHM, "AlgorithmName"),
        *(_each(*job, running=True) for job in _JOBS),
    ),
    counts=(
        "what endpoints and inference components run, by digest; models, model packages, "
        "pipelines, algorithms, monitoring, Studio images; training, tuning and processing jobs "
        "that run"
    ),
    calls="15, 1 for each 100 of a kind; 1 for each of them but models and model packages",
    quotas={"sagemaker": Quota("sagemaker", (), 10, 10)},
)
