"""Does the README's first command hold? Runs it in a fresh environment and home, and watches what a newcomer would see.

It must say where it listens within 5 s of starting, answer on /health, ask for the password it printed, run the example to
success, and stop cleanly on Ctrl+C.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
LISTEN_SECONDS = 5
RUN_SECONDS = 120
TRADEWIND = ROOT / ".venv" / "bin" / "tradewind"


def main() -> None:
    """Run the check; exits with a sentence where something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="TRADEWIND_HOME for the trial; should not exist yet")
    options = parser.parse_args()
    environment = os.environ | {
        "TRADEWIND_HOME": str(options.home),
        "TRADEWIND__WEB__PORT": "0",
        "PYTHONUNBUFFERED": "1",
    }
    process = subprocess.Popen(
        [ROOT / "scripts" / "quickstart"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    try:
        url, password = read_until_listening(process)
        check_web(url, password)
        check_example(environment)
    finally:
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read() if process.stdout else ""
        code = process.wait(60)
    print(rest)
    require(code == 0, f"it ended with exit code {code} after Ctrl+C")


def require(holds: bool, otherwise: str) -> None:
    """End the check with a sentence unless something holds."""
    if not holds:
        sys.exit(f"The quickstart does not hold: {otherwise}")


def read_until_listening(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Read its output up to the line that says where it listens; return URL and password."""
    password, began = "", None
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="")
        if "Starting Tradewind" in line:
            began = time.monotonic()
        found = re.search(r"[Pp]assword: (\S+)", line)
        password = found.group(1) if found else password
        listening = re.search(r"http://[^\s;]+", line)
        if listening:
            require(began is not None, "it listens before it says that it starts")
            seconds = time.monotonic() - (began or 0)
            print(f"It said where it listens after {seconds:.1f} s.")
            require(seconds <= LISTEN_SECONDS, f"that took more than {LISTEN_SECONDS} s")
            require(bool(password), "it printed no password")
            return listening.group(0).rstrip("."), password
    sys.exit("The quickstart does not hold: it ended before it listened")


def check_web(url: str, password: str) -> None:
    """/health is open, the page is not."""
    with urllib.request.urlopen(f"{url}/health") as answer:
        require(json.load(answer)["metadatabase"]["status"] == "healthy", "/health is not healthy")
    try:
        urllib.request.urlopen(url)
    except urllib.error.HTTPError as error:
        require(error.code == 401, f"without a password the page answers {error.code}")
    else:
        require(False, "the page opens without a password")
    request = urllib.request.Request(url)
    request.add_header("Authorization", "Basic " + base64.b64encode(f"admin:{password}".encode()).decode())
    with urllib.request.urlopen(request) as answer:
        require(answer.status == 200, "the printed password is refused")


def check_example(environment: dict[str, str]) -> None:
    """The example's first run ends in success."""
    deadline = time.monotonic() + RUN_SECONDS
    runs: list[dict[str, str]] = []
    while time.monotonic() < deadline:
        listed = subprocess.run(
            [TRADEWIND, "dags", "list-runs", "-o", "json"], env=environment, capture_output=True, text=True, check=True
        )
        runs = json.loads(listed.stdout)
        if runs and all(run["state"] in {"success", "failed"} for run in runs):
            break
        time.sleep(0.5)
    require(bool(runs), f"no run within {RUN_SECONDS} s")
    subprocess.run(
        [TRADEWIND, "tasks", "states-for-dag-run", runs[0]["dag_id"], runs[0]["run_id"]], env=environment, check=True
    )
    require(runs[0]["state"] == "success", f"the example's run is {runs[0]['state']}")


if __name__ == "__main__":
    main()
