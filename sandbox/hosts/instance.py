# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One sandbox instance: its hosts made, booted, cut off and removed.

There is no daemon: the commands of this tool act through nsenter. All processes are in cgroups below
edgefleet-INSTANCE, so ending these ends the instance, whatever has crashed before:

    edgefleet-demo/supervisor               holds the namespaces
    edgefleet-demo/run                      what `hosts run` and `hosts ssh` have started
    edgefleet-demo/host-NAME/{loop,machine} a host: its boot-loop, its systemd and all below
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from . import cgroups, guest, machine, network, rootfs, ssh
from .errors import SandboxError
from .namespaces import Namespaces
from .topology import Host, Topology, Wanted

_BOOT_SECONDS = 60
_BOOT_SECONDS_PER_HOST = 3
_CLEAN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
_BOOT_LOOP = Path(__file__).resolve().parent / "boot-loop"
_IMAGE_PROGRAM = Path(__file__).resolve().parents[1] / "agents" / "image.py"

Say = Callable[[str], None]


class Instance:
    """Paths and cgroups follow from the name alone, so that a crashed instance can be removed without its state."""

    def __init__(self, name: str, say: Say) -> None:
        self.name = name
        self.say = say
        self.state = machine.STATES / name
        self.disks = machine.DISKS / name
        self.group = cgroups.Group(cgroups.current(), f"edgefleet-{name}")
        self.namespaces = Namespaces(self.group.child("supervisor"))

    # What there is

    def runs(self) -> bool:
        return self.namespaces.pid is not None

    def remains(self) -> bool:
        """Whether anything of the instance is there, running or left by a crash."""
        return self.group.exists() or self.state.exists() or self.disks.exists()

    def require_running(self) -> None:
        if not self.runs():
            advice = "it has crashed: `hosts down` cleans up" if self.remains() else "`hosts up` makes it"
            raise SandboxError(f"sandbox instance {self.name} does not run; {advice}")

    def topology(self) -> Topology:
        file = self.state / "state.json"
        return Topology.from_json(file.read_text()) if file.exists() else Topology()

    def host(self, name: str) -> Host:
        hosts = self.topology().hosts
        if name not in hosts:
            raise SandboxError(f"instance {self.name} has no host {name}; there are: {', '.join(hosts) or 'none'}")
        return hosts[name]

    def host_state(self, host: Host) -> str:
        """`off`, `booting` (which is also: going down), or `up`: takes SSH connections if its cable is in."""
        group = self._host_group(host)
        if not group.populated():
            return "off"
        for pid in group.child("machine/payload/init.scope").processes()[:1]:
            try:
                return "up" if network.listens_on_ssh(Path(f"/proc/{pid}/net/tcp").read_text()) else "booting"
            except OSError:
                break  # it has ended in this moment
        return "booting"

    def executions(self, names: Iterable[str], reset: bool) -> dict[str, int]:
        counts = {}
        for name in list(names) or list(self.topology().hosts):
            log = self._host_directory(self.host(name)) / "sshd.log"
            counts[name] = ssh.count_executions(log.read_text(errors="replace"))
            if reset:
                os.truncate(log, 0)  # sshd appends
        return counts

    def locked(self) -> AbstractContextManager[None]:
        """One command at a time changes an instance."""
        return machine.locked(self.state, lambda: self.say("waiting for another hosts command on this instance"))

    # Up

    def up(self, wanted: list[Wanted], package_key: str | None) -> None:
        """Make what is missing, boot what is off, and wait until all that is wanted takes SSH connections."""
        if not self.runs() and self.remains():
            self.say("removing what an earlier, crashed run has left")
            self.down()
        self.topology().add(wanted)  # refuses what cannot be before anything is made
        roots = rootfs.prepare_all({one.suite for one in wanted}, self.say)
        with self.locked():
            self._start()
            topology = self.topology()
            self._make_hosts(topology, wanted, roots)
            if package_key is not None:
                for host in topology.hosts.values():
                    self._write(host, guest.PACKAGE_KEY, guest.File(package_key))
            hosts = [topology.hosts[one.name] for one in wanted]
            off = [host for host in hosts if self.host_state(host) == "off"]
            if off:
                self.say(f"booting {_count(off)}")
            for host in off:
                self._boot(host)
        self._wait_for_ssh(hosts)

    def _start(self) -> None:
        if self.runs():
            return
        machine.enter(self.name)
        private, public = ssh.make_key(f"edgefleet sandbox {self.name}")
        _write_file(self.state / "ssh_key", guest.File(private, 0o600))
        _write_file(self.state / "ssh_key.pub", guest.File(public))
        _write_file(self.state / "known_hosts", guest.File(""))
        self.group.create().delegate_controllers()
        self.group.child("run").create()
        self.namespaces.start(machine.RUNTIME_DIRECTORIES, self.state / "logs" / "supervisor.log")

    def _make_hosts(self, topology: Topology, wanted: list[Wanted], roots: dict[str, Path]) -> None:
        sites_before = set(topology.sites.values())
        new = topology.add(wanted)
        if not new:
            return
        self.say(f"making {_count(new)}: {', '.join(host.name for host in new)}")
        self._mount_disks(new, roots)
        user_key = (self.state / "ssh_key.pub").read_text()
        for host in new:
            self._furnish(host, user_key)
        for number in sorted(set(topology.sites.values()) - sites_before):
            self.namespaces.try_ip(network.no_site(number))  # left by an interrupted run
            self.namespaces.ip(network.site(number))
        self._save(topology)

    def _mount_disks(self, hosts: list[Host], roots: dict[str, Path]) -> None:
        lines = []
        for host in hosts:
            disk = self.disks / host.name
            # An interrupted run may have got this far before: it starts again from nothing.
            lines.append(f"! mountpoint -q '{disk}/root' || umount '{disk}/root'; rm -rf '{disk}'")
            lines += [f"mkdir -p '{disk}/{part}'" for part in ("upper", "work", "docker", "root")]
            # volatile: no host outlives the sandbox, so none has to wait until the machine's disk has synced.
            options = f"lowerdir={roots[host.suite]},upperdir={disk}/upper,workdir={disk}/work,volatile"
            lines.append(f"mount -t overlay -o '{options}' {host.name} '{disk}/root'")
        self.namespaces.run(["sh", "-e"], lines)

    def _furnish(self, host: Host, user_key: str) -> None:
        host_key, public_key = ssh.make_key(host.name)
        image_program = _IMAGE_PROGRAM.read_text()
        for path, file in guest.files(host, secrets.token_hex(16), host_key, user_key, image_program).items():
            self._write(host, path, file)
        for path, target in guest.LINKS.items():
            self._link(host, path, target)
        for unit in guest.MASKED_UNITS:
            mask = self._root(host) / "etc/systemd/system" / unit
            mask.unlink(missing_ok=True)
            mask.symlink_to("/dev/null")
        with (self.state / "known_hosts").open("a") as handle:
            handle.write(ssh.known_host(host, public_key))

    def make(self, wanted: Wanted, files: Mapping[str, guest.File], links: Mapping[str, str], agent: Path) -> Host:
        """An EC2 instance's host, with the agent's package on it, booted; this does not wait until it is up."""
        self.require_running()
        root = rootfs.prepare(wanted.suite, self.say)
        with self.locked():
            topology = self.topology()
            self._make_hosts(topology, [wanted], {wanted.suite: root})
            host = topology.hosts[wanted.name]
            for path, file in files.items():
                self._write(host, path, file)
            self._install(host, agent)
            for path, target in links.items():
                self._link(host, path, target)
            self.namespaces.ip(network.route(host))
            self._boot(host)
            _write_file(self._host_directory(host) / "made", guest.File(""))
        return host

    def is_made(self, host: Host) -> bool:
        """Whether `make` came to its end for this host."""
        return (self._host_directory(host) / "made").exists()

    def _install(self, host: Host, package: Path) -> None:
        """As an image's builder does, before the host has ever run."""
        inside = f"/tmp/{package.name}"
        shutil.copyfile(package, self._root(host) / inside.lstrip("/"))
        disk = str(self.disks / host.name / "root")
        command = self.namespaces.command(["chroot", disk, "dpkg", "--force-unsafe-io", "--install", inside])
        result = subprocess.run(command, capture_output=True, text=True, env=_CLEAN, stdin=subprocess.DEVNULL)
        (self._root(host) / inside.lstrip("/")).unlink()
        if result.returncode != 0:
            raise SandboxError(f"{package.name} cannot be installed on {host.name}: {result.stderr.strip()}")

    def _link(self, host: Host, path: str, target: str) -> None:
        link = self._root(host) / path.lstrip("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)

    def start(self, host: Host) -> None:
        """Boot a host that is off, without waiting until it is up."""
        self.require_running()
        with self.locked():
            if self.host_state(host) == "off":
                self._boot(host)

    def signal(self, host: Host, number: int) -> bool:
        """Send a signal to the host's systemd; whether there was one."""
        for pid in self._host_group(host).child("machine/payload/init.scope").processes()[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
                return True
        return False

    def _boot(self, host: Host) -> None:
        group = self._host_group(host).create()
        group.delegate_controllers()
        directory = self._host_directory(host)
        self._write_network(host)
        loop = [str(_BOOT_LOOP), host.name, str(directory), " ".join(group.child("machine").create().procs_files)]
        loop += guest.nspawn(host, self.disks / host.name, directory / "sshd.log")
        command = group.child("loop").create().command(self.namespaces.command(loop))
        with self._console_log(host).open("a") as log:
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/")

    def _wait_for_ssh(self, hosts: list[Host]) -> None:
        started = time.monotonic()
        deadline = started + _BOOT_SECONDS + _BOOT_SECONDS_PER_HOST * len(hosts)
        waiting = list(hosts)
        told = started
        while waiting:
            waiting = [host for host in waiting if self.host_state(host) != "up"]
            now = time.monotonic()
            self._check_boot(waiting, now > deadline, now - started)
            if waiting and now - told > 5:
                told = now
                self.say(f"{len(hosts) - len(waiting)} of {len(hosts)} up after {now - started:.0f} s")
            time.sleep(0.02)
        self.say(f"{_count(hosts)} up, {time.monotonic() - started:.1f} s")

    def _check_boot(self, waiting: list[Host], late: bool, seconds: float) -> None:
        for host in waiting:
            off = seconds > 5 and self.host_state(host) == "off"
            if off or late:
                what = "went off while booting" if off else f"does not take SSH connections after {seconds:.0f} s"
                log = self._console_log(host)
                tail = "\n  ".join(log.read_text(errors="replace").splitlines()[-15:])
                raise SandboxError(f"host {host.name} {what}; the end of {log}:\n  {tail}")

    # Changes to a running instance

    def power(self, host: Host, state: str) -> None:
        self.require_running()
        with self.locked():
            if state == "on" and self.host_state(host) == "off":
                self._boot(host)
            elif state == "off":
                self._host_group(host).kill()
                self._host_group(host).remove()
                self.namespaces.try_ip(network.unplug(host))
        if state == "on":
            self._wait_for_ssh([host])

    def link(self, name: str, state: str) -> None:
        """The cable of a host, or of all hosts of a site (they lose each other, too). It stays so over reboots."""
        self.require_running()
        with self.locked():
            topology = self.topology()
            hosts = topology.of_site(name) or [host for host in topology.hosts.values() if host.name == name]
            if not hosts:
                known = ", ".join([*topology.sites, *topology.hosts])
                raise SandboxError(f"instance {self.name} has no site or host {name}; there are: {known}")
            for host in hosts:
                host.link = state
                self._write_network(host)
            self.namespaces.ip(network.cable(host) for host in hosts if self.host_state(host) != "off")
            self._save(topology)

    def remove(self, host: Host) -> None:
        """Take a host away with its disk; its address is free for another."""
        self.require_running()
        with self.locked():
            self._host_group(host).kill()
            self._host_group(host).remove()
            self.namespaces.try_ip([*network.unplug(host), *network.no_route(host)])
            disk = self.disks / host.name
            self.namespaces.run(["sh", "-e"], [f"! mountpoint -q '{disk}/root' || umount '{disk}/root'"])
            for directory in (disk, self._host_directory(host)):
                shutil.rmtree(directory, ignore_errors=True)
            known = self.state / "known_hosts"
            _write_file(known, guest.File(ssh.without(known.read_text(), host)))
            topology = self.topology()
            topology.hosts.pop(host.name, None)
            self._save(topology)

    # Down

    def down(self) -> bool:
        """Remove every trace of the instance, in whatever state it is. False when there was none."""
        if not self.remains():
            return False
        own = cgroups.own_path(Path("/proc/self/cgroup").read_text())
        if own.startswith(f"/{self.group.path}/"):
            raise SandboxError("this command runs inside the sandbox that it is to remove; leave `hosts run` first")
        with self.locked():
            self.group.kill()
            self.group.remove()
            machine.leave(self.name)
        return True

    # Helpers

    def _host_group(self, host: Host) -> cgroups.Group:
        return self.group.child(f"host-{host.name}")

    def _host_directory(self, host: Host) -> Path:
        return self.state / "hosts" / host.name

    def _console_log(self, host: Host) -> Path:
        return self.state / "logs" / f"{host.name}.console.log"

    def _root(self, host: Host) -> Path:
        return self.namespaces.path(self.disks / host.name / "root")

    def _write(self, host: Host, path: str, file: guest.File) -> None:
        _write_file(self._root(host) / path.lstrip("/"), file)

    def _write_network(self, host: Host) -> None:
        for name, text in network.host_files(host).items():
            _write_file(self._host_directory(host) / name, guest.File(text))

    def _save(self, topology: Topology) -> None:
        _write_file(self.state / "state.json", guest.File(topology.to_json() + "\n"))
        _write_file(self.state / "ssh_config", guest.File(ssh.config(topology.hosts.values(), self.state)))


def _write_file(path: Path, file: guest.File) -> None:
    """Write a file as a whole or not at all, with its mode from the beginning. Its directory gets the same owner."""
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True)
        os.chown(path.parent, file.owner, file.owner)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode), "w") as handle:
        os.fchmod(handle.fileno(), file.mode)
        os.fchown(handle.fileno(), file.owner, file.owner)
        handle.write(file.text)
    partial.rename(path)


def _count(hosts: list[Host]) -> str:
    return f"{len(hosts)} host{'s' if len(hosts) != 1 else ''}"
