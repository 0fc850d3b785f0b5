"""The workflow of the guide for GitHub Actions: its file is whole, the cache keeps the program that it builds, and the step
that starts the inbox works as it stands there, at other ports."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import shutil
import signal
import smtplib
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import packages
from application import send
from relay import free_port
from server import Certificate, environment

from .base import Checks, Scenario
from .guide import piece_of_guide

_CLI = Path(__file__).parents[2] / "crates" / "cli" / "Cargo.toml"
_SECONDS = 60
_SMTP, _HTTP = 1025, 8025


class Workflow(Scenario):
    name = "workflow"

    def missing(self) -> str | None:
        return packages.missing("yaml") or next((name for name in ("bash", "curl") if not shutil.which(name)), None)

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        content = importlib.import_module("yaml").safe_load(piece_of_guide("yaml", "runs-on:"))
        # YAML 1.1 reads the key `on` as a truth value.
        checks.that({"name", True, "jobs"} == set(content), f"the workflow has {list(content)}")
        (job,) = content["jobs"].values()
        steps = job["steps"]
        for step in steps:
            checks.that(("run" in step) != ("uses" in step), f"a step has {list(step)}")
            done = subprocess.run(["bash", "-n"], input=step.get("run", ""), capture_output=True, text=True, timeout=_SECONDS)
            checks.that(done.returncode == 0, f"bash does not take {step['run'] if 'run' in step else step}: {done.stderr}")
        built = _look_at_build(checks, job, steps)
        (start,) = (step["run"] for step in steps if f"{built} inbox" in step.get("run", ""))
        _start(checks, program, folder, start, built)
        urls = [step["env"]["SMTP_URL"] for step in steps if "env" in step]
        checks.that(urls == [f"smtp://localhost:{_SMTP}"], f"the tests send to {urls}")
        return checks


def _look_at_build(checks: Checks, job: dict[str, Any], steps: list[dict[str, Any]]) -> str:
    """The program that is built if the cache does not have it, which is what the cache keeps."""
    cli = tomllib.loads(_CLI.read_text())
    (cache,) = (step for step in steps if step.get("uses", "").startswith("actions/cache@"))
    (build,) = (step for step in steps if "cargo build" in step.get("run", ""))
    (checkout,) = (step for step in steps if "repository" in step.get("with", {}))
    built = f"{build['working-directory']}/target/release/{cli['bin'][0]['name']}"
    checks.that(cache["with"]["path"] == built, f"the cache keeps {cache['with']['path']}, and {built} is built")
    wanted = f"cargo build --release --locked -p {cli['package']['name']}"
    checks.that(build["run"] == wanted, f"the build is {build['run']}")
    commit = "${{ env.MAILCHUTE }}"
    checks.that(re.fullmatch("[0-9a-f]{40}", job["env"]["MAILCHUTE"]) is not None, f"the job has {job['env']}")
    checks.that(cache["with"]["key"].endswith(commit), f"the key of the cache is {cache['with']['key']}")
    own = checkout["with"]
    checks.that(own["ref"] == commit and own["path"] == build["working-directory"], f"the checkout is {own}")
    condition = f"steps.{cache['id']}.outputs.cache-hit != 'true'"
    held = [step.get("if") for step in (checkout, build)]
    checks.that(held == [condition, condition], f"without the cache there are the conditions {held}")
    return built


def _start(checks: Checks, program: Path, folder: Path, script: str, built: str) -> None:
    """After the step, the inbox takes mail."""
    (folder / built).parent.mkdir(parents=True)
    (folder / built).symlink_to(program)
    smtp, http = free_port(), free_port()
    script = script.replace("inbox &", f"inbox --listen 127.0.0.1:{smtp} --http 127.0.0.1:{http} &")
    script = script.replace(f"localhost:{_HTTP}", f"127.0.0.1:{http}")
    # As on GitHub, what was started goes on after the step.
    with (folder / "log").open("wb") as log:
        shell = subprocess.Popen(
            ["bash", "-e", "-c", script], cwd=folder, stdout=log, stderr=log, env=environment(), start_new_session=True
        )
    try:
        code = shell.wait(_SECONDS)
        said = (folder / "log").read_text(errors="replace")[-1000:]
        if checks.that(code == 0, f"the step that starts the inbox ended with {code}: {said}"):
            send(smtp)
    except (smtplib.SMTPException, OSError) as error:
        checks.that(False, f"the inbox takes no mail after the step: {error!r}")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGTERM)
        shell.wait()
