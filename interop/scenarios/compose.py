"""The YAML of `dist/compose.yaml` and of the guide: the program takes each command as it stands there, at other addresses, and
what the files say about ports, volumes and health checks fits the commands and the image."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import packages
from server import Certificate, environment, listening

from .base import Checks, Scenario
from .guide import piece_of_guide

_DIST = Path(__file__).parents[2] / "dist"
_SECONDS = 60
# The keys that these files use, so that a mistyped one is seen. Compose ignores none of them.
_SERVICE_KEYS = {
    "build", "cap_drop", "command", "depends_on", "environment", "image", "ports", "profiles", "read_only", "security_opt",
    "stop_grace_period", "tmpfs", "volumes",
}  # fmt: skip
_ADDRESS = re.compile(r"0\.0\.0\.0:(\d+)$")
# The options of the server in the comment of dist/Containerfile, on two lines.
_SERVE = re.compile(r"^# +podman run .* mailchute serve (.*?) \\\n# +(.*)$", re.MULTILINE)


class Compose(Scenario):
    name = "compose"

    def missing(self) -> str | None:
        return packages.missing("yaml")

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        yaml = importlib.import_module("yaml")
        image = _Image.read((_DIST / "Containerfile").read_text())
        checks.that(image.exposed == image.ports(), f"the image exposes {image.exposed} and listens on {image.ports()}")
        checks.that(image.volume == image.store(), f"the image has the volume {image.volume} and keeps mail in {image.store()}")
        checks.that(image.health == ["/mailchute", "healthcheck"], f"the health check of the image is {image.health}")
        _takes_server(checks, program)
        files = {"dist/compose.yaml": yaml.safe_load((_DIST / "compose.yaml").read_text())}
        files["the guide"] = yaml.safe_load(piece_of_guide("yaml", "services:")) or {"services": {}}
        for name, content in files.items():
            own = folder / name.replace("/", "-")
            own.mkdir()
            _File(name, content, image).look(checks, program, own)
        return checks


@dataclass(frozen=True)
class _Image:
    """What dist/Containerfile says about the image."""

    command: list[str]
    health: list[str]
    volume: str
    exposed: list[int]

    @classmethod
    def read(cls, text: str) -> _Image:
        last = text.rpartition("\nFROM scratch\n")[2]

        def instruction(name: str) -> str:
            found = re.search(rf"^{name} (.*)$", last, re.MULTILINE)
            return found[1] if found else ""

        health = instruction("HEALTHCHECK").partition("CMD ")[2]
        return cls(
            json.loads(instruction("CMD")),
            json.loads(health or "[]"),
            instruction("VOLUME"),
            sorted(map(int, instruction("EXPOSE").split())),
        )

    def ports(self) -> list[int]:
        return _ports(self.command)

    def store(self) -> str:
        """The directory of the Maildir."""
        return next((argument.removeprefix("maildir:") for argument in self.command if argument.startswith("maildir:")), "")


def _ports(command: list[str]) -> list[int]:
    """Where a command listens, on all addresses of its container."""
    return sorted(int(found[1]) for argument in command if (found := _ADDRESS.match(argument)))


@dataclass(frozen=True)
class _File:
    """A file of Compose."""

    name: str
    content: Mapping[str, Any]
    image: _Image

    def look(self, checks: Checks, program: Path, folder: Path) -> None:
        services = self.content["services"]
        volumes = self.content.get("volumes", {})
        inboxes = [name for name, service in services.items() if str(service.get("image", "")) == "mailchute"]
        checks.that(len(inboxes) == 1, f"{self.name}: {inboxes} are inboxes")
        for name, service in services.items():
            unknown = set(service) - _SERVICE_KEYS
            checks.that(not unknown, f"{self.name}: {name} has {unknown}")
        for name in inboxes:
            command = shlex.split(services[name].get("command", "")) or self.image.command
            self._look_at_inbox(checks, name, services[name], volumes, command)
            self._look_at_clients(checks, name, _ports(command))
            self._start(checks, program, folder, name, services[name], command)

    def _look_at_inbox(
        self, checks: Checks, name: str, service: Mapping[str, Any], volumes: Mapping[str, Any], command: list[str]
    ) -> None:
        where = f"{self.name}: {name}"
        checks.that(len(_ports(command)) == 2, f"{where} listens on {_ports(command)}")
        for published in service["ports"]:
            host, _, inside = published.rpartition(":")
            # All who can reach the page can read all mail.
            checks.that(host.startswith("127.0.0.1:"), f"{where} publishes {published} to other hosts")
            checks.that(int(inside) in _ports(command), f"{where} publishes {published}, and does not listen there")
        mounted = dict(mount.split(":")[:2] for mount in service.get("volumes", []))
        checks.that(set(mounted) == set(volumes), f"{where} mounts {mounted}, and the file has the volumes {list(volumes)}")
        if service.get("read_only"):
            checks.that(self.image.store() in mounted.values(), f"{where} cannot write to {self.image.store()}")
            checks.that("/tmp" in service.get("tmpfs", []), f"{where} has no place for temporary files")
            grace = int(re.sub(r"s$", "", service.get("stop_grace_period", "0s")))
            checks.that(grace >= 40, f"{where} has {grace} s to stop")

    def _look_at_clients(self, checks: Checks, inbox: str, ports: list[int]) -> None:
        """The other services find the inbox, and wait for its health check if they wait for it."""
        smtp = 1025
        checks.that(smtp in ports, f"{self.name}: {inbox} does not listen on {smtp}")
        for name, service in self.content["services"].items():
            if name == inbox:
                continue
            given = service.get("environment", {})
            url = given.get("SMTP_URL") or f"smtp://{given.get('SMTP_HOST')}:{given.get('SMTP_PORT')}"
            checks.that(url == f"smtp://{inbox}:{smtp}", f"{self.name}: {name} sends to {url}")
            for awaited, condition in service.get("depends_on", {}).items():
                holds = awaited == inbox and condition == {"condition": "service_healthy"} and bool(self.image.health)
                checks.that(holds, f"{self.name}: {name} waits for {awaited}: {condition}")

    def _start(
        self, checks: Checks, program: Path, folder: Path, name: str, service: Mapping[str, Any], command: list[str]
    ) -> None:
        """The command listens for SMTP and HTTP, is healthy, and answers under its name."""
        given = [f"{key}={value}" for key, value in service.get("environment", {}).items()]
        mail = f"maildir:{folder / 'mail'}"
        arguments = [_ADDRESS.sub("127.0.0.1:0", one).replace(f"maildir:{self.image.store()}", mail) for one in command]
        with listening(["env", *given, str(program), *arguments], folder, folder / "stderr") as (ports, _):
            checks.that(sorted(ports) == ["http", "smtp"], f"{self.name}: {name} listens for {ports}")
            asked = [str(program), "healthcheck", f"127.0.0.1:{ports['http']}"]
            done = subprocess.run(asked, capture_output=True, text=True, env=environment(), timeout=_SECONDS)
            checks.that(done.returncode == 0, f"{self.name}: {name} is not healthy: {done.stderr}")
            for host, wanted in ((name, 200), ("elsewhere.example", 403)):
                got = _status(ports["http"], host)
                checks.that(got == wanted, f"{self.name}: the name {host} is answered {got}")


def _status(port: int, host: str) -> int:
    """The answer to a client that asks under this name."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/messages", headers={"Host": f"{host}:8025"})
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def _takes_server(checks: Checks, program: Path) -> None:
    """`mailchute check` takes the server that dist/Containerfile shows."""
    shown = _SERVE.search((_DIST / "Containerfile").read_text())
    if not checks.that(shown is not None, "dist/Containerfile shows no server"):
        return
    # This may be root, and the user of the image is not.
    command = [str(program), "check", *shlex.split(f"{shown[1]} {shown[2]}"), "--allow-root"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=_SECONDS)
    checks.that(done.returncode == 0, f"{shlex.join(command)}: {done.stderr}")
