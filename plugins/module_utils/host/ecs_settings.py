# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every variable that an ecs.config file may hold, as data.

Sources, at agent 1.105.1: README.md, agent/config/*.go, ecs-init/config/common.go and ecs-init/docker/*.go of
https://github.com/aws/amazon-ecs-agent. Checks over this table are in ecs_values.py and ecs_config.py.
"""

from __future__ import annotations

import typing as t

USER = "user"  # /etc/ecs/ecs.config, wins over the other one
INSTANCE = "instance"  # /var/lib/ecs/ecs.config

FILES = {USER: "/etc/ecs/ecs.config", INSTANCE: "/var/lib/ecs/ecs.config"}

# What becomes of a variable on an external instance.
ALLOWED = "allowed"
REQUIRED = "required"
FORBIDDEN = "forbidden"  # breaks the instance, or asks for what only EC2 has: nothing but the default is let through
IGNORED = "ignored"  # no code path of an external instance reads it
MANAGED = "managed"  # ecs-init sets it for the agent container; another value breaks its mounts


class Setting(t.NamedTuple):
    """One variable. Bounds are numbers, or texts with a unit for durations."""

    name: str
    type: str
    doc: str
    default: str | None = None
    choices: tuple[str, ...] = ()
    minimum: int | str | None = None
    maximum: int | str | None = None
    pattern: str = ""
    pattern_words: str = ""
    secret: bool = False
    file: str = USER
    external: str = ALLOWED
    immutable: bool = False
    requires: tuple[tuple[str, str], ...] = ()
    must_include: tuple[str, ...] = ()
    key_pattern: str = ""
    key_words: str = ""
    value_pattern: str = ""
    value_words: str = ""
    max_keys: int = 0
    max_key_length: int = 0
    max_value_length: int = 0
    reserved_prefixes: tuple[str, ...] = ()
    unit: str = ""


def _flag(name: str, default: str, doc: str, **more: t.Any) -> Setting:
    """A boolean, where the agent takes false for anything that it does not understand."""
    return Setting(name, "bool", doc, default, **more)


def _lower_flag(name: str, doc: str, default: str | None = "false", **more: t.Any) -> Setting:
    """A boolean that ecs-init compares as text: only the four letters `true` switch it on."""
    return Setting(name, "bool_lower", doc, default, **more)


def _choice(name: str, default: str | None, choices: str, doc: str, **more: t.Any) -> Setting:
    return Setting(name, "enum", doc, default, tuple(choices.split()), **more)


def _time(
    name: str, default: str, doc: str, least: str | None = None, most: str | None = None, **more: t.Any
) -> Setting:
    return Setting(name, "duration", doc, default, minimum=least, maximum=most, **more)


def _text(name: str, default: str | None, doc: str, **more: t.Any) -> Setting:
    return Setting(name, "string", doc, default, **more)


def _whole(name: str, default: str | None, least: int, most: int | None, doc: str, **more: t.Any) -> Setting:
    return Setting(name, "int", doc, default, minimum=least, maximum=most, **more)


def _path(name: str, default: str, doc: str, **more: t.Any) -> Setting:
    return Setting(name, "path", doc, default, **more)


_LOG_LEVELS = "none crit error warn info debug"
_UNTRACKED = (("ECS_ENABLE_UNTRACKED_IMAGE_CLEANUP", "true"),)
_GMSA = (("ECS_GMSA_SUPPORTED", "true"),)
_PROXY = (("NO_PROXY", ""),)

_IDENTITY = [
    _text(
        "ECS_CLUSTER",
        "default",
        "Cluster that the instance joins; saved at the first registration and compared as text ever after.",
        pattern=r"[A-Za-z0-9_-]{1,255}",
        pattern_words="1 to 255 letters, digits, hyphens and underscores",
        immutable=True,
    ),
    _text(
        "AWS_DEFAULT_REGION",
        None,
        "Region of the ECS API; the agent has no other way to learn it outside EC2.",
        pattern=r"[a-z]{2,8}(-[a-z]+){1,3}-[0-9]{1,2}",
        pattern_words="the code of a Region such as eu-west-3",
        file=INSTANCE,
        external=REQUIRED,
    ),
    _lower_flag(
        "ECS_EXTERNAL",
        "Says that the host is not an EC2 instance, so that the SSM identity is used.",
        None,
        choices=("true",),
        file=INSTANCE,
        external=REQUIRED,
    ),
    _text(
        "ECS_BACKEND_HOST",
        None,
        "Takes the place of the Region's ECS endpoint; websocket endpoints are still learnt from the service.",
        file=INSTANCE,
    ),
    _choice(
        "ECS_INSTANCE_IP_COMPATIBILITY", None, "ipv4 ipv6", "IP family, where detection by default route misleads."
    ),
    _text("ECS_ALTERNATE_CREDENTIAL_PROFILE", "default", "Section of the rotated credentials file that is read."),
    Setting(
        "ECS_INSTANCE_ATTRIBUTES",
        "json_map_str",
        "Attributes for placement constraints; only the first registration sends them.",
        "{}",
        immutable=True,
        max_keys=10,  # custom attributes a container instance may carry
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Attribute.html
        key_pattern=r"[A-Za-z0-9_./-]+",
        key_words="letters, digits, '.', '_', '-' and '/'",
        value_pattern=r"[A-Za-z0-9_.@:/-]([A-Za-z0-9_.@:/ -]*[A-Za-z0-9_.@:/-])?",
        value_words="letters, digits, '.', '_', '-', '@', ':', '/' and inner spaces",
        max_key_length=128,
        max_value_length=128,
        reserved_prefixes=("ecs.", "com.amazonaws."),
    ),
    Setting(
        "ECS_CONTAINER_INSTANCE_TAGS",
        "json_map_str",
        "Tags of the container instance, sent again at each start of the agent.",
        "{}",
        max_keys=50,
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html
        key_pattern=r"[A-Za-z0-9 _.:/=+@-]+",
        key_words="letters, digits, spaces and _ . : / = + - @",
        value_pattern=r"[A-Za-z0-9 _.:/=+@-]*",
        value_words="letters, digits, spaces and _ . : / = + - @",
        max_key_length=128,
        max_value_length=256,
        reserved_prefixes=("aws:",),
    ),
    _choice(
        "ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM",
        "none",
        "none ec2_instance",
        "Source of further tags; there is no EC2 instance to copy from.",
        external=FORBIDDEN,
    ),
    _path(
        "ECS_AGENT_CONFIG_FILE_PATH",
        "/etc/ecs/ecs.config.json",
        "Place of an optional JSON configuration.",
        external=MANAGED,
    ),
]

_ENGINE = [
    _text("DOCKER_HOST", "unix:///var/run/docker.sock", "Socket of the engine, also mounted into the agent container."),
    _choice("ECS_ENGINE_AUTH_TYPE", None, "docker dockercfg", "Layout of ECS_ENGINE_AUTH_DATA."),
    Setting(
        "ECS_ENGINE_AUTH_DATA",
        "json_secret",
        "Logins for private registries, keyed by registry.",
        secret=True,
        requires=(("ECS_ENGINE_AUTH_TYPE", ""),),
    ),
    _flag("ECS_DISABLE_PRIVILEGED", "false", "Turn down tasks that ask for privileged containers."),
    _flag("ECS_SELINUX_CAPABLE", "false", "Announce SELinux to the scheduler (Z mounts)."),
    _flag("ECS_APPARMOR_CAPABLE", "false", "Announce AppArmor to the scheduler."),
    _flag("ECS_DISABLE_DOCKER_HEALTH_CHECK", "false", "Run the agent container without its health check."),
    _text("ECS_NVIDIA_RUNTIME", "nvidia", "Runtime that starts GPU containers."),
    _lower_flag("ECS_ENABLE_GPU_SUPPORT", "Offer the host's GPUs to tasks.", file=INSTANCE),
    _flag("ECS_ENABLE_INF_SUPPORT", "false", "Offer Inferentia devices; they exist on EC2 alone.", external=IGNORED),
]

_RESOURCES = [
    Setting(
        "ECS_RESERVED_PORTS",
        "json_list_int",
        "TCP ports kept from tasks. The list takes the place of the agent's own, whose five ports stay needed.",
        "[22,2375,2376,51678,51679]",
        minimum=0,
        maximum=65535,
        must_include=("22", "2375", "2376", "51678", "51679"),
    ),
    Setting("ECS_RESERVED_PORTS_UDP", "json_list_int", "UDP ports kept from tasks.", "[]", minimum=0, maximum=65535),
    _whole(
        "ECS_RESERVED_MEMORY",
        "0",
        0,
        65535,
        "Memory kept from tasks. More than the host has stops the agent, more than 16 bits is dropped.",
        unit="MiB",
    ),
    Setting(
        "ECS_DYNAMIC_HOST_PORT_RANGE",
        "port_range",
        "Ports for dynamic mappings; the kernel's ephemeral range otherwise.",
    ),
    _flag("ECS_EXCLUDE_IPV6_PORTBINDING", "true", "Report a task's IPv4 port bindings only."),
]

_LOGS = [
    _choice("ECS_LOGLEVEL", "info", _LOG_LEVELS, "How much the agent logs."),
    _choice("ECS_LOGLEVEL_ON_INSTANCE", None, _LOG_LEVELS, "How much goes to the file on the host."),
    _path("ECS_LOGFILE", "/log/ecs-agent.log", "Log file as the container sees it.", external=MANAGED),
    _choice("ECS_LOG_ROLLOVER_TYPE", "size", "size hourly", "When the log file is rotated."),
    _choice("ECS_LOG_OUTPUT_FORMAT", "logfmt", "logfmt json", "Shape of a log line."),
    Setting("ECS_LOG_MAX_FILE_SIZE_MB", "float", "Size that rotates the log.", "5", minimum=0, unit="MB"),
    _whole("ECS_LOG_MAX_ROLL_COUNT", "24", 0, None, "Number of rotated logs that are kept."),
    _choice(
        "ECS_LOG_DRIVER",
        "json-file",
        "awslogs fluentd gelf json-file journald logentries syslog splunk",
        "Engine log driver for the agent container itself.",
    ),
    Setting("ECS_LOG_OPTS", "json_map_str", "Options of that log driver.", "{}"),
    _text("ECS_INIT_DOCKER_LOG_FILE_SIZE", "16m", "Size limit of the agent container's json-file log."),
    _whole("ECS_INIT_DOCKER_LOG_FILE_NUM", "4", 1, None, "Number of the agent container's json-file logs."),
    Setting(
        "ECS_AVAILABLE_LOGGING_DRIVERS",
        "json_list_enum",
        "Log drivers that tasks may ask for; a name that the agent does not know stops it.",
        '["json-file","none"]',
        (
            "json-file",
            "syslog",
            "journald",
            "gelf",
            "fluentd",
            "awslogs",
            "splunk",
            "logentries",
            "sumologic",
            "none",
            "awsfirelens",
        ),
    ),
    _flag("ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE", "false", "Send awslogs with the task execution role."),
    _flag("ECS_ENABLE_FIRELENS_ASYNC", "true", "Do not hold a task back until FireLens answers."),
    _path("ECS_AUDIT_LOGFILE", "/log/audit.log", "Who fetched task credentials, and when."),
    _flag("ECS_AUDIT_LOGFILE_DISABLED", "false", "Keep no such audit log."),
]

_STATE = [
    _flag("ECS_CHECKPOINT", "true", "Keep state over restarts.", external=MANAGED),
    _path("ECS_DATADIR", "/data", "State directory as the container sees it.", external=MANAGED),
    _path("ECS_HOST_DATA_DIR", "/var/lib/ecs", "State directory as the host sees it.", external=MANAGED),
    _flag("ECS_UPDATES_ENABLED", "false", "Let ECS ask the agent to update itself."),
    _path("ECS_UPDATE_DOWNLOAD_DIR", "/var/cache/ecs", "Where such an update is put.", external=MANAGED),
    _flag("ECS_EBSTA_SUPPORTED", "true", "EBS volumes for tasks; ecs-init decides.", external=MANAGED),
    _text("ECS_DETAILED_OS_FAMILY", None, "Name of the operating system; ecs-init fills it in.", external=MANAGED),
    Setting(
        "ECS_VOLUME_PLUGIN_CAPABILITIES",
        "json_list_str",
        "Volume plugins; ecs-init fills it in.",
        "[]",
        external=MANAGED,
    ),
]

_METRICS = [
    _flag("ECS_DISABLE_METRICS", "false", "Gather no metrics of tasks."),
    _flag("ECS_POLL_METRICS", "false", "Ask the engine for statistics now and then; cheaper than its stream."),
    _time(
        "ECS_POLLING_METRICS_WAIT_DURATION",
        "10s",
        "Pause between two such questions.",
        "5s",
        "20s",
        requires=(("ECS_POLL_METRICS", "true"),),
    ),
    _flag("ECS_ENABLE_RUNTIME_STATS", "false", "Profile the agent through its introspection port."),
    _flag("ECS_ENABLE_PROMETHEUS_METRICS", "false", "Serve Prometheus metrics on port 51680."),
    Setting("ECS_TASK_METADATA_RPS_LIMIT", "int_pair", "Steady and burst rate of the task metadata endpoint.", "40,60"),
    _flag("ECS_ENABLE_CONTAINER_METADATA", "false", "Give each container a file that describes it."),
    _flag("ECS_DISABLE_TASK_METADATA_AZ", "false", "Leave the zone out of task metadata."),
]

_TASKS = [
    _time("ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION", "3h", "Age at which containers of stopped tasks go.", "1s"),
    _time("ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION_JITTER", "0s", "Random part added to that age."),
    _time("ECS_MANIFEST_PULL_TIMEOUT", "1m", "Patience for an image manifest.", "30s"),
    _time("ECS_CONTAINER_STOP_TIMEOUT", "30s", "Time between SIGTERM and SIGKILL.", "1s"),
    _time("ECS_CONTAINER_START_TIMEOUT", "3m", "Patience for the start of a container.", "45s"),
    _time("ECS_CONTAINER_CREATE_TIMEOUT", "4m", "Patience for the creation of a container.", "1m"),
    _time("ECS_IMAGE_PULL_INACTIVITY_TIMEOUT", "1m", "Patience for a pull that makes no progress.", "1m"),
    _time("ECS_IMAGE_PULL_TIMEOUT", "2h", "Patience for a pull as a whole."),
    _flag("ECS_PULL_DEPENDENT_CONTAINERS_UPFRONT", "false", "Pull all images of a task before dependsOn is looked at."),
    _choice(
        "ECS_IMAGE_PULL_BEHAVIOR",
        "default",
        "default always once prefer-cached",
        "When an image is pulled again; prefer-cached suits thin links.",
    ),
    _flag("ECS_DISABLE_IMAGE_CLEANUP", "false", "Never remove images."),
    _time("ECS_IMAGE_CLEANUP_INTERVAL", "30m", "Pause between two cleanings.", "10m"),
    _time("ECS_IMAGE_MINIMUM_CLEANUP_AGE", "1h", "Age below which an image stays."),
    _time("NON_ECS_IMAGE_MINIMUM_CLEANUP_AGE", "1h", "The same for images that ECS did not pull.", requires=_UNTRACKED),
    _whole("ECS_NUM_IMAGES_DELETE_PER_CYCLE", "5", 1, None, "Images removed in one cleaning."),
    _whole("NONECS_NUM_CONTAINERS_DELETE_PER_CYCLE", "5", 1, None, "Foreign containers removed in one cleaning."),
    _flag("ECS_ENABLE_UNTRACKED_IMAGE_CLEANUP", "false", "Clean what ECS did not bring, too: not for shared hosts."),
    Setting("ECS_EXCLUDE_UNTRACKED_IMAGE", "csv", "Foreign images that stay all the same.", requires=_UNTRACKED),
    _flag("ECS_SHARED_VOLUME_MATCH_FULL_CONFIG", "false", "Tell shared volumes apart by options and labels, too."),
    _flag("ECS_ENABLE_TASK_IAM_ROLE", "false", "Roles for tasks on the bridge network."),
    _flag("ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST", "false", "Roles for tasks on the host's network."),
    _flag(
        "ECS_ENABLE_TASK_CPU_MEM_LIMIT", "true", "Limits for a task as a whole; where said, the agent insists on it."
    ),
    _path("ECS_CGROUP_PATH", "/sys/fs/cgroup", "Control groups as the container sees them.", external=MANAGED),
    _time("ECS_CGROUP_CPU_PERIOD", "100ms", "Period of CPU quotas.", "8ms", "100ms"),
    _whole("ECS_TASK_PIDS_LIMIT", None, 1, 4194304, "Processes that a task may have."),
    _flag(
        "ECS_PROPAGATE_TASK_MEMORY_LIMIT_CGROUPV2", "false", "On cgroup v2, containers without a limit get the task's."
    ),
]

_EC2_ONLY = [
    _flag("ECS_ENABLE_TASK_ENI", "false", "awsvpc networking.", external=FORBIDDEN),
    _flag("ECS_ENABLE_HIGH_DENSITY_ENI", "true", "Trunked network interfaces.", external=IGNORED),
    _path("ECS_CNI_PLUGINS_PATH", "/amazon-ecs-cni-plugins", "Plugins for awsvpc networking.", external=IGNORED),
    _flag("ECS_AWSVPC_BLOCK_IMDS", "false", "Keep awsvpc tasks from instance metadata.", external=IGNORED),
    Setting("ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES", "json_list_cidr", "Routes of awsvpc tasks.", "[]", external=IGNORED),
    _flag("ECS_ENABLE_SPOT_INSTANCE_DRAINING", "false", "Drain when Spot takes the instance back.", external=FORBIDDEN),
    _flag("ECS_WARM_POOLS_CHECK", "false", "Hold on while in an Auto Scaling warm pool.", external=FORBIDDEN),
    _flag("ECS_FSX_WINDOWS_FILE_SERVER_SUPPORTED", "false", "FSx volumes of Windows.", external=IGNORED),
    _text(
        "ECS_OFFHOST_INTROSPECTION_INTERFACE_NAME", "eth0", "Not read any more since ecs-init 1.105.", external=IGNORED
    ),
    Setting("ECS_PAUSE_LABELS", "json_map_str", "Labels of the pause containers of awsvpc tasks.", external=IGNORED),
]

_INIT = [
    _lower_flag("ECS_GMSA_SUPPORTED", "Group managed service accounts through the credentials fetcher."),
    _text(
        "CREDENTIALS_FETCHER_HOST",
        "unix:///var/credentials-fetcher/socket/credentials_fetcher.sock",
        "Socket of the credentials fetcher.",
        requires=_GMSA,
    ),
    _text(
        "CREDENTIALS_FETCHER_SECRET_NAME_FOR_DOMAINLESS_GMSA",
        None,
        "Name in Secrets Manager of the directory user.",
        requires=_GMSA,
    ),
    _text("ECS_AGENT_HEALTHCHECK_HOST", "localhost", "Address that the agent container's health check asks."),
    _flag("ECS_SKIP_LOCALHOST_TRAFFIC_FILTER", "false", "Leave out the rule that shields 127.0.0.0/8."),
    _flag("ECS_ALLOW_OFFHOST_INTROSPECTION_ACCESS", "false", "Open port 51678 to the network: think twice."),
    Setting("ECS_AGENT_LABELS", "json_map_str", "Labels of the agent container."),
    _text("ECS_AGENT_APPARMOR_PROFILE", "ecs-agent-default", "AppArmor profile of the agent container."),
    _flag("ECS_AGENT_PID_NAMESPACE_HOST", "false", "Run the agent in the host's PID namespace (enforcing SELinux)."),
    _lower_flag("ECS_AGENT_RUN_PRIVILEGED", "Run the agent privileged; its makers advise against it."),
    _text("HTTP_PROXY", None, "Proxy of agent and ecs-init, also for HTTPS.", requires=_PROXY),
    _text("HTTPS_PROXY", None, "Proxy for HTTPS where it differs.", requires=_PROXY),
    Setting(
        "NO_PROXY",
        "csv",
        "What is reached without the proxy.",
        must_include=("169.254.169.254", "169.254.170.2", "/var/run/docker.sock"),
    ),
]

SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for group in (_IDENTITY, _ENGINE, _RESOURCES, _LOGS, _STATE, _METRICS, _TASKS, _EC2_ONLY, _INIT)
    for setting in group
}

# Not settings of ECS, but read by the AWS SDK inside the agent before the identity that SSM gives.
CREDENTIAL_VARIABLES = (
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
