"""Which tests answer for which module: the first that fails ends a mutant, so the quickest lead."""

SUITES: dict[str, tuple[str, ...]] = {
    "ecrm.planning.retention": (
        "test_retention_cases",
        "test_retention_compatible",
        "test_retention_details",
        "test_retention_properties",
    ),
    "ecrm.planning.graph": ("test_family", "test_retention_cases", "test_retention_details"),
    "ecrm.planning.uses": ("test_uses", "test_retention_cases"),
    "ecrm.planning.plan": ("test_plan", "test_shrunk"),
    "ecrm.planning.planner": ("test_planning",),
    "ecrm.planning.guards": ("test_guards",),
    "ecrm.model.reference": ("test_reference",),
    "ecrm.registry.access": ("test_consumers",),
    "ecrm.execution.apply": ("test_apply",),
    "ecrm.workflow.revalidation": ("test_recheck",),
    "ecrm.workflow.usage_history": ("test_record",),
    "ecrm.registry.manifests": ("test_registry", "test_remembering"),
    "ecrm.aws.parsing": ("test_parsing",),
    "ecrm.aws.cache.caching": ("test_cache",),
    "ecrm.aws.cache.database": ("test_cache",),
    "ecrm.aws.cache.facts": ("test_cache",),
    "ecrm.aws.cache.folder": ("test_cache",),
    "ecrm.sources": ("test_sources_scan", "test_sources_together"),
    "ecrm.sources.external": ("test_external", "test_sources_scan"),
    "ecrm.sources.files.working_tree": ("test_sources_files",),
    "ecrm.sources.items": ("test_found",),
    "ecrm.sources.lambda_functions": ("test_sources_lambda", "test_remembering"),
    "ecrm.sources.ecs": ("test_sources_ecs", "test_remembering"),
    "ecrm.sources.ecs.definitions": ("test_sources_ecs", "test_remembering"),
    "ecrm.sources.ecs.revisions": ("test_sources_ecs", "test_remembering"),
    "ecrm.sources.ecs.services": ("test_sources_ecs",),
    "ecrm.sources.ecs.tasks": ("test_sources_ecs",),
}

NOT_RUN = {
    "test_random_repositories_reach_every_reason": "tests what the properties are given",
    "test_two_runs_at_once_keep_what_either_finds": "starts processes, which know of no mutant",
    "test_a_write_that_is_killed_in_the_middle_has_not_happened": "as the one above",
}
"""Tests of these suites that could notice no mutant, and take long."""
