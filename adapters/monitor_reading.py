"""What a task asks Prometheus to watch: read from its input, with everything that is wrong with it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.monitor_files import Monitor

MOST = 100
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_ALERT_PARTS = frozenset({"alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"})
_KNOWN = frozenset({"targets", "labels", "scheme", "metricsPath", "rules"})
_TIME = re.compile(r"(\d+(ms|[smhdwy]))+")


class NotAMonitor(ValueError):
    """What a task asks for cannot be watched; the text says why."""


def read_monitor(given: Any, service: str) -> Monitor:
    """The monitor that `given` describes, labelled with the service it is of.

    Args:
        given: {targets: a text `host:port` or a list of them, labels, scheme, metricsPath, rules: a list of Prometheus
            rules}; there is a target or a rule.
        service: its id, which becomes the label `som_service` of targets and rules.

    Raises:
        NotAMonitor: saying everything that is wrong.
    """
    if not isinstance(given, Mapping):
        raise NotAMonitor("A monitor is asked for as an object with targets or rules.")
    problems = list(_problems(given))
    if problems:
        raise NotAMonitor(" ".join(problems))
    targets, rules = _listed(given.get("targets")), given.get("rules") or ()
    labels = {**(given.get("labels") or {}), "som_service": service}
    special = {"__scheme__": given.get("scheme"), "__metrics_path__": given.get("metricsPath")}
    group = {"targets": targets, "labels": {**labels, **{name: value for name, value in special.items() if value}}}
    marked = tuple({**rule, "labels": {**(rule.get("labels") or {}), "som_service": service}} for rule in rules)
    return Monitor((group,) if targets else (), marked)


def _problems(given: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(given.keys() - _KNOWN):
        yield f"There is no {name!r}; a monitor has {', '.join(sorted(_KNOWN))}."
    targets, rules = _listed(given.get("targets")), given.get("rules")
    if not targets and not rules:
        yield "It needs targets to be scraped, or rules."
    if not all(isinstance(target, str) and target and "/" not in target for target in targets) or len(targets) > MOST:
        yield f"`targets` is a text such as `host:9100`, or a list of at most {MOST} of them."
    if given.get("scheme") not in (None, "http", "https"):
        yield "`scheme` is http or https."
    path = given.get("metricsPath")
    if path is not None and not (isinstance(path, str) and path.startswith("/")):
        yield "`metricsPath` is a path that begins with `/`."
    yield from _wrong_labels(given.get("labels"), "labels")
    if rules is not None and (not isinstance(rules, list) or len(rules) > MOST):
        yield f"`rules` is a list of at most {MOST} rules."
        return
    for index, rule in enumerate(rules or ()):
        yield from _wrong_rule(rule, f"rules[{index}]")


def _wrong_rule(rule: Any, at: str) -> Iterator[str]:
    if not isinstance(rule, Mapping) or not isinstance(rule.get("expr"), str) or not rule["expr"].strip():
        yield f"{at} needs an `expr` in PromQL."
        return
    if sum(1 for name in ("alert", "record") if isinstance(rule.get(name), str) and rule[name]) != 1:
        yield f"{at} has the name of an `alert`, or of what it shall `record`."
    for name in sorted(rule.keys() - _ALERT_PARTS):
        yield f"{at} has no {name!r}; Prometheus knows {', '.join(sorted(_ALERT_PARTS))}."
    for name in ("for", "keep_firing_for"):
        if name in rule and not (isinstance(rule[name], str) and _TIME.fullmatch(rule[name])):
            yield f"{at}.{name} is a length of time such as `5m`."
    for name in ("labels", "annotations"):
        yield from _wrong_labels(rule.get(name), f"{at}.{name}")


def _wrong_labels(labels: Any, at: str) -> Iterator[str]:
    if labels is None:
        return
    if not isinstance(labels, Mapping):
        yield f"`{at}` is an object of texts."
        return
    for name, value in labels.items():
        if not _LABEL.fullmatch(name) or name.startswith("__") or not isinstance(value, str):
            yield f"`{at}` has texts under names of letters, digits and `_`, not {name!r:.60}."


def _listed(targets: Any) -> list[Any]:
    if targets is None:
        return []
    return list(targets) if isinstance(targets, list) else [targets]
