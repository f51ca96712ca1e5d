# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a controller's configuration may hold, in tables.

The members are those of https://github.com/redhat-cop/infra.aap_configuration, whose roles put them into a controller.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# By object: the member that names it, those that it must have, those that it may have.
_ASK = [
    f"ask_{what}_on_launch"
    for what in (
        "credential", "diff_mode", "execution_environment", "forks", "instance_groups", "inventory", "job_slice_count",
        "job_type", "labels", "limit", "scm_branch", "skip_tags", "tags", "timeout", "variables", "verbosity",
    )
]  # fmt: skip
MEMBERS: Mapping[str, tuple[str, str]] = {
    "controller_organizations": ("name", "description default_environment instance_groups max_hosts"),
    "controller_execution_environments": ("name image", "description organization credential pull"),
    "controller_instance_groups": (
        "name",
        "policy_instance_minimum policy_instance_percentage policy_instance_list is_container_group pod_spec_override "
        "max_concurrent_jobs max_forks instances credential",
    ),
    "controller_credentials": ("name credential_type inputs", "description organization"),
    "controller_projects": (
        "name organization scm_type scm_url",
        "description scm_branch scm_update_on_launch scm_update_cache_timeout credential default_environment "
        "allow_override",
    ),
    "controller_inventories": ("name organization", "description instance_groups variables host_filter kind"),
    "controller_inventory_sources": (
        "name inventory source",
        "description organization source_project source_path source_vars credential execution_environment overwrite "
        "overwrite_vars update_on_launch update_cache_timeout timeout verbosity limit scm_branch",
    ),
    "controller_templates": (
        "name organization project inventory playbook execution_environment credentials",
        "description job_type instance_groups forks limit verbosity extra_vars diff_mode use_fact_cache "
        f"allow_simultaneous timeout job_slice_count labels survey_enabled survey_spec become_enabled {' '.join(_ASK)}",
    ),
    "controller_workflows": (
        "name organization simplified_workflow_nodes",
        f"description inventory limit extra_vars allow_simultaneous survey_enabled survey_spec labels {' '.join(_ASK)}",
    ),
    "controller_schedules": (
        "name unified_job_template rrule",
        "description organization extra_data inventory limit job_type enabled instance_groups",
    ),
}
NODE = (
    "identifier",
    "unified_job_template approval_node success_nodes failure_nodes always_nodes all_parents_must_converge limit "
    "job_type inventory instance_groups extra_data",
)
# By member of a node or a schedule, what a job template has to ask for it.
PROMPTS = {"limit": "limit", "job_type": "job_type", "inventory": "inventory", "instance_groups": "instance_groups"}
QUESTION = (
    "question_name question_description variable type required",
    "default choices min max new_question",
)
# By kind of question, the types of variables that take its answer.
ANSWERS = {
    "text": ("str", "path", "raw"),
    "integer": ("int", "raw", "float"),
    "float": ("float", "raw"),
    "multiplechoice": ("str", "bool", "raw"),
    "multiselect": ("list",),
}
SECRET_INPUTS = ("password", "ssh_key_data", "ssh_key_unlock", "become_password", "vault_password", "security_token")
VARIABLE = re.compile(r"\{\{ \w+ \}\}")
RRULE = re.compile(
    r"DTSTART(;TZID=[\w/]+)?:\d{8}T\d{6}Z? RRULE:FREQ=(MINUTELY|HOURLY|DAILY|WEEKLY|MONTHLY);INTERVAL=\d+.*"
)
CONDUCTORS = "fleet_conductors"
