"""Tasks that run in pods: most as the template says, and one with a pod of its own kind.

`tradewind worker --executor KubernetesExecutor` makes the pods.
"""

from __future__ import annotations

from datetime import datetime

from tradewind import DAG, task

LARGE = {"requests": {"cpu": "2", "memory": "4Gi"}, "limits": {"memory": "4Gi"}}

with DAG(
    "example_kubernetes",
    start_date=datetime(2021, 1, 1),
    schedule=None,
    default_args={"executor": "KubernetesExecutor", "retries": 2},
    tags=["example"],
):

    @task
    def choose() -> list[int]:
        """Say what is to be worked on."""
        return [3, 5, 7]

    @task(
        executor_config={
            "pod_override": {
                "metadata": {"labels": {"team": "models"}},
                "spec": {
                    "nodeSelector": {"disk": "fast"},
                    "containers": [{"name": "base", "resources": LARGE}],
                },
            }
        }
    )
    def train(numbers: list[int]) -> int:
        """Work on it with more memory than others get."""
        return sum(number * number for number in numbers)

    train(choose())
