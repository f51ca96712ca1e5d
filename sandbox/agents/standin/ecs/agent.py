# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One life of the ECS agent, from its environment to its exit code."""

from __future__ import annotations

from .. import aws
from ..log import Log
from . import engine, environment, introspection, metadata, protocol, registration, settings, state, tasks
from .credentials import Chain
from .exits import RETRIED, AgentExit

TARGET = "AmazonEC2ContainerServiceV20141113"
LOG_FILE = "/var/log/ecs/ecs-agent.log"


def _proxies(env: dict[str, str]) -> dict[str, str]:
    """The agent uses HTTP_PROXY for https as well."""
    known = {name: env[name] for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY") if env.get(name)}
    if "HTTP_PROXY" in known:
        known.setdefault("HTTPS_PROXY", known["HTTP_PROXY"])
    return known


def _live(mounted: bool, log: Log) -> None:
    env = environment.agent_environment()
    log.info(f"Amazon ECS Agent v{registration.agent_version()} starting (sandbox stand-in)")
    on_ec2 = metadata.identity() if settings.wants_metadata(env) else None
    chosen = settings.read(env, log.warn, on_ec2)
    try:
        engine_version = engine.version()
    except engine.EngineError as error:
        raise AgentExit(RETRIED, str(error)) from error
    saved = state.load()
    state.check_cluster(saved, chosen.cluster)
    chosen = chosen._replace(cluster=chosen.cluster or saved.cluster)
    chain = metadata.RoleCredentials() if chosen.instance else Chain(env, chosen.profile, mounted)
    address = aws.endpoint("ecs", chosen.region, chosen.backend)
    client = aws.Client("ecs", TARGET, chosen.region, address, chain, _proxies(env), agent_name="Amazon ECS Agent")
    current = registration.register(client, chosen, saved, engine_version, log)
    state.save(current, registration.agent_version())
    log.info(
        "Registration completed successfully. I am running as "
        f"'{current.container_instance_arn}' in cluster '{current.cluster}'"
    )
    documents = introspection.pages(current.cluster, current.container_instance_arn, registration.agent_version())
    server = introspection.Server(documents, log)
    try:
        _serve_tasks(client, current, log)
    finally:
        server.close()


def _serve_tasks(client: aws.Client, current: state.State, log: Log) -> None:
    secrets: dict[str, object] = {}
    server = introspection.Server(secrets, log, "credentials", introspection.CREDENTIALS_PORT)
    try:
        work = tasks.Tasks(client, current, log, secrets)
        work.start()
        protocol.run(client, current, work, log)
    finally:
        server.close()


def run(mounted: bool) -> int:
    """`mounted`: ecs-init gave the agent the file with the rotated credentials."""
    log = Log("agent", LOG_FILE)
    try:
        _live(mounted, log)
    except AgentExit as end:
        log.error(str(end))
        return end.code
    return 0
