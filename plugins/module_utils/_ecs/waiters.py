# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be waited for in ECS, as data. See .._aws.waiting for the loop."""

from __future__ import annotations

from .._aws.waiting import Seen, Waiter


def _status(resource: Seen) -> str:
    return str(resource["status"]) if resource else "not there"


def _instance_state(instance: Seen) -> str:
    if instance is None:
        return "not registered"
    return f"{instance['status']}, agent {'connected' if instance['agent_connected'] else 'not connected'}"


def _drain_state(instance: Seen) -> str:
    if instance is None:
        return "not registered"
    alone = [arn.rpartition("/")[2] for arn in instance.get("standalone_tasks") or ()]
    others = f", tasks without a service: {', '.join(alone)}" if alone else ""
    return f"{instance['status']}, {instance.get('service_tasks_count', 0)} service tasks not stopped yet{others}"


CLUSTER_ACTIVE = Waiter(
    goal="be ACTIVE",
    done=lambda cluster: _status(cluster) == "ACTIVE",
    seen=_status,
    hopeless=lambda cluster: _status(cluster) in ("FAILED", "DEPROVISIONING"),
)

CLUSTER_GONE = Waiter(goal="be deleted", done=lambda cluster: cluster is None, seen=_status)

INSTANCE_REGISTERED = Waiter(
    goal="be registered as a container instance",
    done=lambda instance: instance is not None,
    seen=_instance_state,
    advice="See /var/log/ecs/ecs-agent.log on the host.",
)

INSTANCE_CONNECTED = Waiter(
    goal="be ACTIVE with a connected agent",
    done=lambda instance: instance is not None and instance["status"] == "ACTIVE" and instance["agent_connected"],
    seen=_instance_state,
    hopeless=lambda instance: _status(instance) in ("INACTIVE", "DEREGISTERING", "REGISTRATION_FAILED"),
    advice="See /var/log/ecs/ecs-agent.log on the host, and whether it reaches the Region on port 443.",
)

INSTANCE_DRAINED = Waiter(
    goal="be drained of service tasks",
    done=lambda instance: instance is None or not instance.get("service_tasks_count"),
    seen=_drain_state,
    advice="A service whose minimum and maximum healthy percent are both 100 cannot give up a task; "
    "tasks of a host without a connected agent are not stopped.",
)


INSTANCE_EMPTY = Waiter(
    goal="be drained of all tasks",
    done=lambda instance: (
        instance is None or not (instance.get("service_tasks_count") or instance.get("standalone_tasks"))
    ),
    seen=_drain_state,
    advice="A service whose minimum and maximum healthy percent are both 100 cannot give up a task, and tasks without "
    "a service end by themselves or when somebody stops them; on a host without a connected agent none is stopped.",
)


def _service_state(service: Seen) -> str:
    if service is None:
        return "deleted"
    return f"{service['status']}, {service['runningCount']} tasks running, {service['pendingCount']} pending"


_TASKS_THAT_STAY = (
    "Tasks on a host without a connected agent are not stopped; force deletes a service without its tasks."
)

SERVICE_EMPTY = Waiter(
    goal="have no tasks",
    done=lambda service: service is None or not service["runningCount"] + service["pendingCount"],
    seen=_service_state,
    advice=_TASKS_THAT_STAY,
)

SERVICE_GONE = Waiter(
    goal="be INACTIVE", done=lambda service: service is None, seen=_service_state, advice=_TASKS_THAT_STAY
)


def _task_state(task: Seen) -> str:
    if task is None:
        return "ECS knows no more of it"
    reason = task.get("stoppedReason", "")
    return f"{task['lastStatus']}{', to be STOPPED' if task['desiredStatus'] == 'STOPPED' else ''} {reason}".strip()


TASK_RUNNING = Waiter(
    goal="be RUNNING",
    # One that has stopped meanwhile is no reason to wait for the others' sake: it is told at the end.
    done=lambda task: task is None or task["lastStatus"] in ("RUNNING", "STOPPED"),
    seen=_task_state,
    advice="Look at the agent of its container instance, and at the way to the registry of its images.",
)

TASK_STOPPED = Waiter(
    goal="be STOPPED",
    done=lambda task: task is None or task["lastStatus"] == "STOPPED",
    seen=_task_state,
    advice="A host without a connected agent reports nothing until its link is back.",
)
