"""/metrics of the program, as Prometheus' own parser reads it."""

from __future__ import annotations

import http.client

from clients.base import SEND_SECONDS

# Each sample by its name and labels.
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(port: int) -> str:
    """The page, which must be OpenMetrics."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SEND_SECONDS)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        kind = answer.getheader("Content-Type", "")
        if answer.status != 200 or not kind.startswith("application/openmetrics-text; version=1.0.0"):
            raise ValueError(f"{answer.status} {kind}")
        return answer.read().decode()
    finally:
        connection.close()


def samples(text: str) -> Samples:
    """What the page says."""
    from prometheus_client.openmetrics.parser import text_string_to_metric_families

    families = text_string_to_metric_families(text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value for family in families for sample in family.samples
    }


def total(values: Samples, name: str, **labels: str) -> float:
    """The sum of all samples of a metric of the program that have these labels."""
    wanted = set(labels.items())
    return sum(value for (of, pairs), value in values.items() if of == f"mailchute_{name}" and wanted <= set(pairs))
