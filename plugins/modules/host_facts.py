#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_facts
short_description: Read all about an edge host in one remote execution
version_added: 0.1.0
author:
  - Edgefleet contributors (@edgefleet)
description:
  - Reads what the roles of this collection need to know about a host - platform, packages, container engine, identity,
    credentials, agents and their configuration - and returns it as one observed state.
  - With O(desired), also compares it with the state that is asked for, and returns what differs and what speaks
    against a change.
  - It takes one remote execution of a script that needs nothing but Python's standard library - no fact gathering, no
    interpreter discovery, no file transfer. It changes nothing.
  - A part of the state that could not be read is null, and named in RV(host.errors).
options:
  desired:
    description:
      - The state that is asked for. It is checked before anybody connects to the host; an error names the variable, its
        value, the rule, and what is allowed.
      - A section that is left out is not compared.
      - C(proxy) has C(http) and C(https), URLs that may hold a login, the list C(no_proxy), and C(engine), as
        M(edgefleet.ecs.proxy_config) takes them.
      - C(engine) has C(package) (V(auto), V(docker.io), V(docker-ce), V(docker), V(moby-engine), or empty for an engine
        that is not to be managed), C(version), C(source), C(settings), keys of C(daemon.json), see
        M(edgefleet.ecs.engine_config), and C(trust_live_restore), whether live-restore is believed to keep tasks alive.
      - C(images) has C(wanted), a list of images as M(edgefleet.ecs.engine_images) takes them.
      - C(ssm_agent) has C(version), C(endpoint) and C(endpoints) of other services, which are left as they are when
        empty, C(dual_stack), and of its package C(source), C(mirror), C(files), C(download_to) and C(signing_keys),
        which are checked only.
      - C(registration) has C(region).
      - C(ecs_agent) has C(version), C(cluster), of its package the same, and C(gpu) and C(exec), whether the host is
        to offer GPUs and ECS Exec, with C(exec_version), C(exec_checksum) and C(exec_archive) of what that needs.
      - C(ecs_config) has the variables of the ECS agent, see M(edgefleet.ecs.agent_config). In its place,
        C(ecs_settings) has what they are put together from, see P(edgefleet.ecs.ecs_agent_settings#filter).
      - C(sysctl) has lower limits for C(fs.inotify.max_user_instances) and C(fs.inotify.max_user_watches).
      - C(preflight) has C(allow_unsupported_os) (default V(false)), C(min_disk_mib) (V(2048)), C(min_system_mib)
        (V(512)), C(min_memory_mib) (V(256)), C(max_clock_skew) in seconds (V(300)), C(accept), the names of checks
        whose errors are warnings, and C(move_from), clusters that a host may be in although another one is asked for.
        With this section, a host that is not registered is also asked what it reaches - C(network) (V(auto), V(always)
        or V(never)), C(region) where C(registration) is not given, C(services) (V(ecr) and V(logs)), C(account_id),
        C(dual_stack), and C(endpoints), URLs by name.
      - An empty version takes any. A version may end in V(*), and may leave out the package's epoch and revision.
    type: dict
  desired_from:
    description:
      - Names of variables that hold parts of what O(desired) takes, put together in this order.
      - Means the same as O(desired) with templates of these variables. Where a template is nothing but the name of
        another variable, it is evaluated without Jinja, which spares the control node most of its work for a host.
      - For the same reason the observed state is the fact C(edgefleet_host) alone then, and not RV(host).
      - Not together with O(desired).
    type: list
    elements: str
attributes:
  check_mode:
    support: full
    details: Changes nothing in any mode. In check mode, drift counts as a change that a run would make.
  diff_mode:
    support: full
    details: Shows the drift in check mode.
  idempotent:
    support: full
    details: This action changes nothing.
  action:
    description: Has an action plugin, so that parts of it run on the control node.
    support: full
extends_documentation_fragment:
  - edgefleet.ecs.attributes
notes:
  - Needs to be root on the host, so set C(become).
  - Needs Python 3.9 or newer on the host. C(ansible_python_interpreter) is taken when it is a path; otherwise the
    newest of C(/usr/bin/python3.*) is, and later modules take it too, which spares them the search.
  - Secret values of C(ecs.config) (registry logins, keys, proxy addresses with a password) never leave the host. In
    their place come digests that are salted with the machine's id.
  - An engine or agent that is stopped is not woken up.
seealso:
  - module: edgefleet.ecs.agent_config
  - module: edgefleet.ecs.registration
"""

EXAMPLES = r"""
- name: Read a host
  edgefleet.ecs.host_facts:
  become: true

- name: Show the identity under which it is managed
  ansible.builtin.debug:
    var: ansible_facts.edgefleet_host.registration

- name: Compare a host with what it should be
  edgefleet.ecs.host_facts:
    desired:
      engine:
        package: docker.io
        version: ""
      ssm_agent:
        version: 3.3.987.0
      registration:
        region: eu-west-3
      ecs_agent:
        version: 1.105.*
        cluster: retail-edge
      ecs_config:
        ECS_CLUSTER: retail-edge
        ECS_EXTERNAL: true
        AWS_DEFAULT_REGION: eu-west-3
      sysctl:
        fs.inotify.max_user_instances: 8192
      preflight:
        min_disk_mib: 8192
  become: true
  register: observation

- name: Refuse a host that can not be brought there
  ansible.builtin.assert:
    that: observation.findings | selectattr('level', 'equalto', 'error') | length == 0
    fail_msg: "{{ observation.findings | map(attribute='what') | join(' ') }}"
"""

RETURN = r"""
host:
  description: The observed state. Also set as the fact C(edgefleet_host).
  returned: without O(desired_from)
  type: dict
  contains:
    schema:
      description: Version of this shape.
      type: int
      sample: 1
    hostname:
      description: The host's own name.
      type: str
      sample: till-17
    machine_id:
      description: From C(/etc/machine-id).
      type: str
      sample: 3d1219c7c4c5404aaa1f6d2a48adfda4
    boot_id:
      description: Differs after every boot.
      type: str
      sample: 8428eccc-bd75-448e-98dc-df14e96ab337
    kernel:
      description: Release of the kernel.
      type: str
      sample: 6.1.0-13-amd64
    arch:
      description: V(x86_64) or V(aarch64), or what else the kernel calls it.
      type: str
      sample: x86_64
    python:
      description: Version of the Python that ran the script.
      type: str
      sample: 3.11.2
    interpreter:
      description: Path of the Python that ran the script.
      type: str
      sample: /usr/bin/python3.11
    root:
      description: Whether the script ran as root.
      type: bool
      sample: true
    cpus:
      description: Number of processors.
      type: int
      sample: 4
    memory_mib:
      description: Memory of the host.
      type: int
      sample: 3905
    os:
      description: From C(/etc/os-release).
      type: dict
      sample:
        id: debian
        version: "12"
        like: []
        name: Debian GNU/Linux 12 (bookworm)
    systemd:
      description: Whether it is the first process, and its version.
      type: dict
      sample:
        pid1: true
        version: 252
    cgroup:
      description: V(v1), V(v2) or V(hybrid), and whether memory is controlled.
      type: dict
      sample:
        version: v2
        memory: true
    clock:
      description:
        - The host's time, by how many seconds it is ahead of the control node's, and whether C(systemd-timesyncd) has
          set it (null where another program is in charge).
      type: dict
      sample:
        epoch: 1795301901.46
        skew_seconds: -0.012
        synchronized: true
    disk:
      description: Room for C(/usr), C(/var) and C(/var/lib/docker), each with the number of its file system.
      type: dict
      sample:
        /var/lib/docker:
          total_mib: 30000
          free_mib: 12000
          device: 2049
    board:
      description: What a board with a device tree calls itself, null on other machines.
      type: str
      sample: Raspberry Pi 4 Model B Rev 1.4
    selinux:
      description: V(enforcing) or V(permissive), null where it is off.
      type: str
      sample: permissive
    iptables:
      description: Whether the program is there.
      type: bool
      sample: true
    ports:
      description: Ports of the ECS agent at which another program listens. Empty while the agent runs.
      type: list
      elements: dict
      sample:
        - port: 51678
          process: nginx
    network:
      description:
        - What the host reaches, through the proxy that is asked for. Null where it was not asked.
        - C(failed) is V(name), V(connection), V(proxy), V(tls) or V(certificate). C(skew_seconds) is by how much the
          host's clock is ahead of the Region's.
      type: dict
      sample:
        endpoints:
          ssm:
            host: ssm.eu-west-3.amazonaws.com
            port: 443
            proxy: null
            addresses: [ipv4]
            reached: true
            failed: null
            error: null
            skew_seconds: 0.3
        skew_seconds: 0.3
        instance_metadata:
          answers: false
          role: null
    packages:
      description: Versions of the packages in question, null where one is not installed.
      type: dict
      sample:
        docker.io: 20.10.24+dfsg1-1+b3
        docker-ce: null
        amazon-ssm-agent: 3.3.987.0
        amazon-ecs-init: 1.105.1-1
    snap_ssm_agent:
      description: Whether the SSM agent is installed as a snap.
      type: bool
      sample: false
    engine:
      description: What the running engine answers, null where none does.
      type: dict
      sample:
        version: 20.10.24
        api: "1.41"
        live_restore: false
    units:
      description: State of the units C(docker), C(amazon-ssm-agent) and C(ecs).
      type: dict
      sample:
        ecs:
          load: loaded
          active: active
          enabled: true
          restarts: 0
    registration:
      description:
        - The identity in the SSM agent's Vault. C(same_machine) is false on a clone, C(backup) is true after a
          registration that was interrupted. All is null when it could not be read.
        - C(abandoned) names earlier identities of this machine whose records in AWS are still to be removed, and is
          null where it was not registered anew.
      type: dict
      sample:
        registered: true
        instance_id: mi-0123456789abcdef0
        region: eu-west-3
        same_machine: true
        backup: false
        abandoned: null
    vault_damage:
      description:
        - Files of the SSM agent's Vault that are empty or cut off, and the identity last known. Null when there are
          none.
      type: dict
      sample:
        files: [/var/lib/amazon/ssm/Vault/Store/RegistrationKey]
        instance_id: mi-0123456789abcdef0
    credentials:
      description: The SSM agent's credentials, null where it has none.
      type: dict
      sample:
        instance_id: mi-0123456789abcdef0
        expires_at: "2026-11-21T23:45:00Z"
        retrieved_at: "2026-11-21T22:45:00Z"
        fresh: true
    ecs_config:
      description:
        - The files C(/etc/ecs/ecs.config) (C(user)) and C(/var/lib/ecs/ecs.config) (C(instance)) as the ECS agent reads
          them. C(problems) lists the lines that the two readers of a file take differently.
      type: dict
      sample:
        user:
          present: true
          mode: "0600"
          sha256: 5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
          values:
            ECS_CLUSTER: retail-edge
          problems: []
    ecs_agent:
      description:
        - Whether the agent has a state file, what it answers once it has registered, whether its unit stops after a
          terminal error, and whether it has started since C(ecs.config) was written, and since its program was
          installed (C(current); null where it does not run).
      type: dict
      sample:
        state_file: true
        introspection:
          cluster: retail-edge
          container_instance_arn: arn:aws:ecs:eu-west-3:111122223333:container-instance/retail-edge/0123456789abcdef
          version: 1.105.1
        restart_guard: true
        config_read: true
        current: true
    ssm_agent:
      description: Whether the SSM agent has started since its program was installed (null where it does not run).
      type: dict
      sample:
        current: true
    ssm_config:
      description: The endpoints in the SSM agent's own configuration, and whether it takes their dual-stack names.
      type: dict
      sample:
        endpoint: null
        endpoints:
          ec2messages: null
          ssmmessages: https://vpce-2.ssmmessages.eu-west-3.vpce.amazonaws.com
          s3: null
          kms: null
        dual_stack: false
    proxy:
      description:
        - Where M(edgefleet.ecs.proxy_config) has written a proxy, and what the processes of the units were started
          with, as salted digests. C(given) is that of the file of variables; a unit that has read it has the same.
      type: dict
      sample:
        files:
          /etc/edgefleet/proxy.env:
            present: true
            mode: "0600"
            sha256: 5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
            foreign: false
        given: 9b74c9897bac770ffc029102a200c5de5d9b6f9b7a3f6b7e0d7d4d5b3f9a1c02
        units:
          docker: 9b74c9897bac770ffc029102a200c5de5d9b6f9b7a3f6b7e0d7d4d5b3f9a1c02
          ecs: null
    nat:
      description:
        - What tasks need to reach their credentials. C(credential_rules) is null where the ECS agent does not run.
      type: dict
      sample:
        route_localnet: true
        credential_rules: true
    sysctl:
      description: Limits of inotify.
      type: dict
      sample:
        fs.inotify.max_user_instances: 8192
    foreign:
      description: Files with credentials that would take the place of the host's own identity.
      type: dict
      sample:
        aws_credentials: []
    engine_settings:
      description:
        - Where C(desired.engine.settings) names keys of C(daemon.json), their values, whether the file is JSON,
          the C(reload) or C(restart) that the running engine still needs to read it, and how many containers there are.
          Else null.
      type: dict
      sample:
        valid: true
        values: {live-restore: true}
        pending: null
        containers: 3
    images:
      description: By reference in C(desired.images), the id of the image that the engine has. Null where none is asked.
      type: dict
      sample:
        shop/till:1.4.2: null
    gpu:
      description: NVIDIA's devices, driver and runtime, where C(desired.ecs_agent.gpu) asks for them. Else null.
      type: dict
      sample:
        devices: 1
        driver: 535.183.01
        runtime: true
    exec_files:
      description:
        - Versions of the programs of ECS Exec that are complete, and whether its certificates are there, where
          C(desired.ecs_agent.exec) asks for them. Else null.
      type: dict
      sample:
        versions: [3.3.987.0]
        certificates: true
    errors:
      description: Parts that could not be read, and why.
      type: list
      elements: dict
      sample:
        - probe: registration
          error: "PermissionError: Permission denied"
drift:
  description: Components that differ from what is asked, in the order in which they are to be changed.
  returned: with O(desired)
  type: list
  elements: dict
  contains:
    component:
      description:
        - V(sysctl), V(proxy), V(engine), V(images), V(ssm_agent), V(registration), V(ecs_config) or V(ecs_agent).
      type: str
      sample: ecs_agent
    before:
      description: What differs, by name, as it is. Secrets are shown as V((hidden\)).
      type: dict
      sample:
        package: 1.104.0-1
    after:
      description: The same, as it is asked for.
      type: dict
      sample:
        package: 1.105.1
    disruptive:
      description: Whether the change stops running tasks, and so needs a drain.
      type: bool
      sample: false
    reason:
      description: What differs, in words.
      type: str
      sample: amazon-ecs-init is 1.104.0-1, not 1.105.1
attributes:
  description: C(ECS_INSTANCE_ATTRIBUTES) as O(desired) has them, for a comparison with what ECS knows.
  returned: with O(desired)
  type: dict
  sample: {site: lyon}
findings:
  description: What speaks against a change of this host, errors first.
  returned: with O(desired)
  type: list
  elements: dict
  contains:
    check:
      description: Name of the check.
      type: str
      sample: os
    level:
      description: V(error), and the host must not be touched, or V(warning).
      type: str
      sample: error
    what:
      description: What was found.
      type: str
      sample: Debian GNU/Linux 13 (trixie) is not supported by ECS Anywhere (supported are Debian 10 to 12).
    why:
      description: What would happen otherwise.
      type: str
      sample: AWS neither tests its agents there nor helps with them.
    advice:
      description: What to do.
      type: str
      sample: "Reinstall the host, or set preflight_allow_unsupported_os: true to try it."
errors:
  description: What is wrong with O(desired).
  returned: when it can not be asked for
  type: list
  elements: str
"""
