"""Which tests answer for which module: the first that fails ends a mutant, so the quickest lead."""

_DECLARED = ("aws/test_rate_limits", "workflow/test_iam_policy")
"""These test what is made of the operations and quotas that a source declares."""

SUITES: dict[str, tuple[str, ...]] = {
    "ecrm.planning.retention": (
        "planning/test_retention_cases",
        "planning/test_retention_compatible",
        "planning/test_retention_details",
        "planning/test_retention_properties",
    ),
    "ecrm.planning.graph": (
        "planning/test_graph",
        "planning/test_retention_cases",
        "planning/test_retention_details",
    ),
    "ecrm.planning.uses": ("planning/test_uses", "planning/test_retention_cases"),
    "ecrm.planning.plan": ("planning/test_plan", "planning/test_revalidation"),
    "ecrm.planning.narrowing": ("planning/test_revalidation",),
    "ecrm.planning.holes": ("planning/test_holes",),
    "ecrm.planning.planner": (
        "planning/test_planner",
        "planning/test_questions",
        "planning/test_own_pulls",
    ),
    "ecrm.planning.context": ("planning/test_planner",),
    "ecrm.planning.repository": (
        "planning/test_planner",
        "planning/test_revalidation",
        "planning/test_questions",
        "planning/test_own_pulls",
        "check/test_amounts",
    ),
    "ecrm.planning.guards": ("planning/test_guards",),
    "ecrm.planning.plan_diff": ("planning/test_plan_diff",),
    "ecrm.model.pricing": ("model/test_pricing",),
    "ecrm.reports.costs": ("reports/test_overview",),
    "ecrm.model.reference": ("model/test_reference",),
    "ecrm.registry.access": ("registry/test_access", "registry/test_pullers"),
    "ecrm.registry.conditions": ("registry/test_pullers",),
    "ecrm.execution.apply": ("execution/test_apply",),
    "ecrm.workflow.revalidation": ("workflow/test_revalidation",),
    "ecrm.workflow.usage_history": ("workflow/test_usage_history",),
    "ecrm.registry.manifests": ("registry/test_registry", "sources/test_cached_facts"),
    "ecrm.aws.parsing": ("aws/test_parsing",),
    "ecrm.aws.shapes": ("aws/test_operation", "sources/test_items", "registry/test_registry"),
    "ecrm.aws.operation": ("aws/test_operation", "sources/test_items", "workflow/test_iam_policy"),
    "ecrm.aws.cache.caching": ("aws/test_cache",),
    "ecrm.aws.cache.database": ("aws/test_cache",),
    "ecrm.aws.cache.facts": ("aws/test_cache",),
    "ecrm.aws.cache.folder": ("aws/test_cache",),
    "ecrm.kubernetes.answers": ("kubernetes/test_cluster",),
    "ecrm.kubernetes.cluster": ("kubernetes/test_cluster",),
    "ecrm.kubernetes.credentials": ("kubernetes/test_credentials",),
    "ecrm.kubernetes.endpoint": ("kubernetes/test_endpoint",),
    "ecrm.sources": (
        "sources/test_scan",
        "sources/test_side_by_side",
        "sources/test_ecs",
        "sources/test_every_service",
        "workflow/test_iam_policy",
    ),
    "ecrm.sources.external": ("sources/test_external", "sources/test_scan"),
    "ecrm.sources.files.working_tree": ("sources/test_working_tree",),
    "ecrm.sources.items": ("sources/test_items",),
    "ecrm.sources.kubernetes.history": ("sources/kubernetes/test_history",),
    "ecrm.sources.kubernetes.objects": ("sources/kubernetes/test_objects",),
    "ecrm.sources.kubernetes.pod": ("sources/kubernetes/test_objects",),
    "ecrm.sources.kubernetes.reading": ("sources/kubernetes/test_reading",),
    "ecrm.sources.lambda_functions": ("sources/test_lambda_functions", *_DECLARED),
    "ecrm.sources.lambda_functions.function": (
        "sources/test_lambda_functions",
        "sources/test_cached_facts",
    ),
    "ecrm.sources.questions": ("planning/test_questions",),
    "ecrm.sources.ecs": (
        "sources/test_ecs",
        "sources/test_cached_facts",
        "workflow/test_generate",
        *_DECLARED,
    ),
    "ecrm.sources.task_definitions": (
        "sources/test_ecs",
        "sources/test_cached_facts",
        *_DECLARED,
    ),
    "ecrm.sources.ecs.families": ("sources/test_ecs",),
    "ecrm.sources.ecs.revisions": ("sources/test_ecs", "sources/test_cached_facts"),
    "ecrm.sources.ecs.services": ("sources/test_ecs",),
    "ecrm.sources.ecs.tasks": ("sources/test_ecs",),
}

NOT_RUN = {
    "test_random_repositories_show_every_reason": "tests what the properties are given",
    "test_two_runs_at_once_keep_what_either_finds": "starts processes, which know of no mutant",
    "test_a_write_that_is_killed_in_the_middle_has_not_happened": "as the one above",
}
"""Tests of these suites that could notice no mutant, and take long."""
