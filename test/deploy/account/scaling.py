"""Application Auto Scaling: registers, refuses, pages and runs, where moto's stores anything and runs nothing."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from moto.ecs import ecs_backends

from .state import ACCOUNT_ID, ApiError, account, parse_instant

#: Fixed limits of AWS.
MAXIMUM_ACTIONS = 200
MAXIMUM_POLICIES = 50

SUSPENSIONS = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
Params = dict[str, Any]
Key = tuple[str, str, str]


@dataclass
class Action:
    """One scheduled action. `order` counts puts; `at` is its instant in UTC."""

    name: str
    arn: str
    created: float
    schedule: str = ""
    zone: str | None = None
    start: float | None = None
    end: float | None = None
    minimum: int | None = None
    maximum: int | None = None
    at: datetime = datetime.max.replace(tzinfo=timezone.utc)
    order: int = 0
    #: It has run, was skipped for a suspension, or was due when it was put in.
    done: bool = False


@dataclass
class Target:
    """A registered scalable target with its actions, policies and activities."""

    region: str
    key: Key
    minimum: int
    maximum: int
    role_arn: str
    arn: str
    created: float
    suspended: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(SUSPENSIONS, False))
    actions: dict[str, Action] = field(default_factory=dict)
    policies: dict[str, Params] = field(default_factory=dict)
    activities: list[Params] = field(default_factory=list)
    #: Capacity of what is no ECS service; None before it is first set.
    units: int | None = None

    @property
    def identity(self) -> Params:
        """As every answer of the service repeats it."""
        return dict(zip(("ServiceNamespace", "ResourceId", "ScalableDimension"), self.key))

    @property
    def capacity(self) -> int | None:
        """Running units; None where the resource is not known here."""
        if self.key[0] != "ecs":
            return self.units
        service = ecs_service(self.region, self.key[1])
        return None if service is None else service.running_count

    def set_capacity(self, units: int, cause: str, at: datetime) -> None:
        """Scales the resource at once."""
        self.note(f"Setting desired count to {units}.", cause, at)
        if self.key[0] == "ecs":
            set_running(ecs_service(self.region, self.key[1]), units)
        else:
            self.units = units

    def clamp(self, at: datetime) -> None:
        """Below the minimum out to it, above the maximum in to it: at a registration, and when an action runs."""
        capacity = self.capacity
        if capacity is None and self.key[0] != "ecs":
            self.units = capacity = self.minimum
        if capacity is None:
            return
        if capacity < self.minimum:
            self.set_capacity(self.minimum, f"minimum capacity was set to {self.minimum}", at)
        elif capacity > self.maximum:
            self.set_capacity(self.maximum, f"maximum capacity was set to {self.maximum}", at)

    def asked(self, otherwise: str) -> str:
        """The cause of what a policy asked for: in AWS's words, if there is a policy to name."""
        name = next(iter(self.policies), None)
        if name is None:
            return otherwise
        return f"monitor alarm TargetTracking-{self.key[1]} in state ALARM triggered policy {name}"

    def note(self, description: str, cause: str, at: datetime, status: str = "Successful", message: str = "") -> None:
        """Records an activity."""
        self.activities.insert(
            0,
            {
                "ActivityId": str(uuid.uuid4()),
                **self.identity,
                "Description": description,
                "Cause": cause,
                "StartTime": at.timestamp(),
                "EndTime": at.timestamp(),
                "StatusCode": status,
                "StatusMessage": message,
            },
        )


def ecs_service(region: str, resource_id: str) -> Any:
    """Moto's service of `service/CLUSTER/SERVICE`, or None."""
    _, cluster, name = resource_id.split("/")
    return ecs_backends[ACCOUNT_ID][region].services.get(f"{cluster}:{name}")


def set_running(service: Any, count: int) -> None:
    """So many tasks are wanted, and run."""
    service.desired_count = service.running_count = count
    service.pending_count = 0
    for deployment in service.deployments[:1]:
        deployment.update(desiredCount=count, runningCount=count, pendingCount=0, rolloutState="COMPLETED")


def invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message)


def missing(what: str, key: Key) -> ApiError:
    namespace, resource_id, dimension = key
    return ApiError(
        "ObjectNotFoundException",
        f"No {what} found for service namespace: {namespace}, resource ID: {resource_id}, scalable dimension: {dimension}",
    )


class ApplicationAutoScaling:
    """The service in all regions. Each public operation is a method `do_…` that takes and gives what the API does."""

    def __init__(self) -> None:
        self.targets: dict[tuple[str, Key], Target] = {}
        self.puts = 0

    def call(self, operation: str, params: Params, region: str) -> Params:
        """One call of the API.

        Raises:
            ApiError: as AWS refuses it
        """
        handler = getattr(self, "do_" + re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower(), None)
        if handler is None:
            raise ApiError("UnknownOperationException", f"the local account has no {operation}")
        with account.lock:
            return handler(params, region)

    # -- scalable targets

    def do_register_scalable_target(self, params: Params, region: str) -> Params:
        key = self._key(params)
        namespace, resource_id, dimension = key
        if not dimension.startswith(f"{namespace}:"):
            raise invalid("Unsupported service namespace, resource type or scalable dimension")
        if namespace == "ecs":
            if not re.fullmatch(r"service/[^/]+/[^/]+", resource_id):
                raise invalid(f"Unsupported resource id {resource_id}: service/CLUSTER/SERVICE is needed")
            if ecs_service(region, resource_id) is None:
                raise invalid(f"ECS service doesn't exist: {resource_id}")
        target = self.targets.get((region, key))
        live: Params = {} if target is None else {"MinCapacity": target.minimum, "MaxCapacity": target.maximum}
        wanted = {**live, **{name: params[name] for name in ("MinCapacity", "MaxCapacity") if name in params}}
        if len(wanted) < 2:
            raise invalid("Minimum and maximum capacity are required for a new scalable target")
        minimum, maximum = wanted["MinCapacity"], wanted["MaxCapacity"]
        check_bounds(minimum, maximum)
        if target is None:
            target = self.targets[region, key] = Target(
                region,
                key,
                minimum,
                maximum,
                params.get("RoleARN") or f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/{namespace}",
                f"arn:aws:application-autoscaling:{region}:{ACCOUNT_ID}:scalable-target/{uuid.uuid4().hex}",
                account.clock().timestamp(),
            )
        target.minimum, target.maximum = minimum, maximum
        suspended = params.get("SuspendedState")
        if suspended is not None:
            target.suspended.update({name: bool(suspended[name]) for name in SUSPENSIONS if name in suspended})
        elif account.switches["suspension_on_register"] == "cleared":
            target.suspended = dict.fromkeys(SUSPENSIONS, False)
        target.clamp(account.clock())
        self._settle(target, "registered", account.clock())
        return {"ScalableTargetARN": target.arn}

    def do_deregister_scalable_target(self, params: Params, region: str) -> Params:
        key = self._key(params)
        if self.targets.pop((region, key), None) is None:
            raise missing("scalable target", key)
        return {}

    def do_describe_scalable_targets(self, params: Params, region: str) -> Params:
        ids = params.get("ResourceIds") or []
        targets = [t for t in self._targets(params, region) if not ids or t.key[1] in ids]
        described = [
            {
                **target.identity,
                "MinCapacity": target.minimum,
                "MaxCapacity": target.maximum,
                "RoleARN": target.role_arn,
                "CreationTime": target.created,
                "ScalableTargetARN": target.arn,
                "SuspendedState": dict(target.suspended),
            }
            for target in targets
        ]
        return page("ScalableTargets", described, params)

    # -- scheduled actions

    def do_put_scheduled_action(self, params: Params, region: str) -> Params:
        key = self._key(params)
        target = self.targets.get((region, key))
        if target is None:
            raise missing("scalable target registered", key)
        name = params.get("ScheduledActionName") or ""
        if not re.fullmatch(r"(?! )[^\x00-\x1f\x7f-\x9f:/|]{1,256}(?<! )", name):
            raise invalid(
                f"1 validation error detected: Value '{name}' at 'scheduledActionName' failed to satisfy constraint: "
                "1 to 256 characters without : / |"
            )
        old = target.actions.get(name)
        schedule = params.get("Schedule") or (old.schedule if old else "")
        bounds = params.get("ScalableTargetAction")
        if not schedule or (old is None and bounds is None):
            raise invalid("Schedule and ScalableTargetAction are required for a new scheduled action")
        if bounds is None:
            minimum, maximum = old.minimum, old.maximum  # type: ignore[union-attr]
        else:
            minimum, maximum = bounds.get("MinCapacity"), bounds.get("MaxCapacity")
        if minimum is None and maximum is None:
            raise invalid("ScalableTargetAction needs MinCapacity, MaxCapacity or both")
        check_bounds(0 if minimum is None else minimum, maximum)
        zone = params.get("Timezone") or (old.zone if old else None)
        at = due_at(schedule, zone)
        past = at <= account.clock()
        if past and account.switches["past_action"] == "refuse":
            raise invalid(f"Schedule {schedule} is in the past")
        if old is None and len(target.actions) >= MAXIMUM_ACTIONS:
            raise ApiError("LimitExceededException", f"At most {MAXIMUM_ACTIONS} scheduled actions per scalable target")
        self.puts += 1
        resource = f"{uuid.uuid4()}:resource/{key[0]}/{key[1]}"
        arn = f"arn:aws:autoscaling:{region}:{ACCOUNT_ID}:scheduledAction:{resource}:scheduledActionName/{name}"
        target.actions[name] = Action(
            name,
            old.arn if old else arn,
            old.created if old else account.clock().timestamp(),
            schedule,
            zone,
            # Not kept: an omitted start or end deletes the old one.
            params.get("StartTime"),
            params.get("EndTime"),
            minimum,
            maximum,
            at,
            self.puts,
            done=past,
        )
        return {}

    def do_delete_scheduled_action(self, params: Params, region: str) -> Params:
        key = self._key(params)
        target = self.targets.get((region, key))
        if target is None or target.actions.pop(params["ScheduledActionName"], None) is None:
            raise missing("scheduled action", key)
        return {}

    def do_describe_scheduled_actions(self, params: Params, region: str) -> Params:
        names = params.get("ScheduledActionNames") or []
        described = []
        for target in self._targets(params, region):
            for action in target.actions.values():
                if names and action.name not in names:
                    continue
                entry: Params = {
                    **target.identity,
                    "ScheduledActionName": action.name,
                    "ScheduledActionARN": action.arn,
                    "Schedule": action.schedule,
                    "CreationTime": action.created,
                    "ScalableTargetAction": {
                        name: value
                        for name, value in (("MinCapacity", action.minimum), ("MaxCapacity", action.maximum))
                        if value is not None
                    },
                }
                for name, value in (("Timezone", action.zone), ("StartTime", action.start), ("EndTime", action.end)):
                    if value is not None:
                        entry[name] = value
                described.append(entry)
        return page("ScheduledActions", described, params)

    def do_describe_scaling_activities(self, params: Params, region: str) -> Params:
        described = [activity for target in self._targets(params, region) for activity in target.activities]
        return page("ScalingActivities", described, params)

    # -- policies: kept and described; what they would do, a test says through `attempt`

    def do_put_scaling_policy(self, params: Params, region: str) -> Params:
        key = self._key(params)
        target = self.targets.get((region, key))
        if target is None:
            raise missing("scalable target registered", key)
        name = params["PolicyName"]
        if name not in target.policies and len(target.policies) >= MAXIMUM_POLICIES:
            raise ApiError("LimitExceededException", f"At most {MAXIMUM_POLICIES} scaling policies per scalable target")
        arn = f"arn:aws:autoscaling:{region}:{ACCOUNT_ID}:scalingPolicy:{uuid.uuid4()}:resource/{key[0]}/{key[1]}:policyName/{name}"
        old = target.policies.get(name, {"PolicyARN": arn, "CreationTime": account.clock().timestamp(), "Alarms": []})
        target.policies[name] = {**old, **params, **target.identity}
        return {"PolicyARN": old["PolicyARN"], "Alarms": []}

    def do_delete_scaling_policy(self, params: Params, region: str) -> Params:
        key = self._key(params)
        target = self.targets.get((region, key))
        if target is None or target.policies.pop(params["PolicyName"], None) is None:
            raise missing("scaling policy", key)
        return {}

    def do_describe_scaling_policies(self, params: Params, region: str) -> Params:
        names = params.get("PolicyNames") or []
        described = [
            policy
            for target in self._targets(params, region)
            for policy in target.policies.values()
            if not names or policy["PolicyName"] in names
        ]
        return page("ScalingPolicies", described, params)

    # -- what happens by itself

    def tick(self, now: datetime, lateness: timedelta) -> list[Params]:
        """Runs what is due by then, earliest first, each `lateness` after its instant; tells what it did."""
        with account.lock:
            sign = 1 if account.switches["equal_instants"] == "put_order" else -1
            due = sorted(
                (
                    (action.at, sign * action.order, target, action)
                    for target in self.targets.values()
                    for action in target.actions.values()
                    if not action.done and action.at + lateness <= now
                ),
                key=lambda entry: entry[:2],
            )
            ran = []
            for at, _, target, action in due:
                outcome = self._run(target, action, at + lateness)
                ran.append({**target.identity, "name": action.name, "outcome": outcome, "capacity": target.capacity})
                action.done = True
                if account.switches["fired_action"] == "removed":
                    target.actions.pop(action.name)
            account.now = now
            return ran

    def _run(self, target: Target, action: Action, at: datetime) -> str:
        if target.suspended["ScheduledScalingSuspended"]:
            return "suspended"
        minimum = target.minimum if action.minimum is None else action.minimum
        maximum = target.maximum if action.maximum is None else action.maximum
        cause = f"scheduled action name {action.name} was triggered"
        if minimum > maximum:
            if account.switches["minimum_above_maximum"] == "fails":
                target.note(
                    "Setting the bounds failed.", cause, at, "Failed", f"minimum {minimum} above maximum {maximum}"
                )
                return "failed"
            minimum = maximum = minimum if action.maximum is None else maximum
        target.minimum, target.maximum = minimum, maximum
        target.note(f"Setting min capacity to {minimum} and max capacity to {maximum}", cause, at)
        target.clamp(at)
        self._settle(target, action.name, at)
        return "ran"

    def _settle(self, target: Target, cause: str, at: datetime) -> None:
        """What follows new bounds: an idle service gives back what it may. Then the moment is noted."""
        capacity = target.capacity
        if account.idle and capacity is not None and not target.suspended["DynamicScalingInSuspended"]:
            if capacity > target.minimum:
                target.set_capacity(target.minimum, target.asked("nothing asks for more"), at)
        account.moments.append(
            {
                **target.identity,
                "at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
                "cause": cause,
                "min": target.minimum,
                "max": target.maximum,
                "scaleInSuspended": target.suspended["DynamicScalingInSuspended"],
                "capacity": target.capacity,
            }
        )

    def attempt(self, params: Params, region: str) -> Params:
        """A scaling policy wants `desired` units: within the bounds, and not where that direction is suspended."""
        with account.lock:
            key = self._key(params)
            target = self.targets.get((region, key))
            if target is None:
                raise missing("scalable target", key)
            before = target.capacity or 0
            after = min(max(int(params["desired"]), target.minimum), target.maximum)
            direction = "DynamicScalingInSuspended" if after < before else "DynamicScalingOutSuspended"
            if after != before and target.suspended[direction]:
                return {"before": before, "after": before, "why": direction}
            if after != before:
                cause = target.asked(f"a policy asked for {params['desired']}")
                target.set_capacity(after, cause, account.clock())
            return {"before": before, "after": after, "why": "moved" if after != before else "at its bound"}

    # -- helpers

    @staticmethod
    def _key(params: Params) -> Key:
        names = ("ServiceNamespace", "ResourceId", "ScalableDimension")
        for name in names:
            if not params.get(name):
                raise invalid(f"1 validation error detected: '{name}' must not be null")
        return tuple(params[name] for name in names)  # type: ignore[return-value]

    def _targets(self, params: Params, region: str) -> list[Target]:
        namespace = params.get("ServiceNamespace")
        if not namespace:
            raise invalid("1 validation error detected: 'serviceNamespace' must not be null")
        resource_id, dimension = params.get("ResourceId"), params.get("ScalableDimension")
        if dimension and not resource_id and not params.get("ResourceIds"):
            raise invalid("If you specify a scalable dimension, you must also specify a resource ID")
        return [
            target
            for (where, key), target in self.targets.items()
            if where == region and key[0] == namespace and resource_id in (None, key[1]) and dimension in (None, key[2])
        ]


def check_bounds(minimum: int, maximum: int | None) -> None:
    """Refuses what AWS refuses of a minimum and a maximum."""
    if minimum < 0 or (maximum is not None and maximum < 0):
        raise invalid("Capacity must be at least 0")
    if maximum is not None and minimum > maximum:
        raise invalid(f"Maximum capacity cannot be less than minimum capacity: {minimum} above {maximum}")


def due_at(schedule: str, zone: str | None) -> datetime:
    """The instant of an at().

    Raises:
        ApiError: for what is no at(), and for recurring schedules and zones with a summer time, which this account does not run
    """
    match = re.fullmatch(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)", schedule)
    if match is None:
        raise invalid(f"Schedule {schedule} is no at(yyyy-mm-ddThh:mm:ss), and the local account runs nothing else")
    # Etc/GMT+1 is an hour behind UTC.
    offset = re.fullmatch(r"(?:Etc/)?(?:UTC|GMT([+-]\d{1,2})?)", zone or "UTC")
    if offset is None:
        raise invalid(f"Timezone {zone}: the local account knows UTC and zones such as Etc/GMT+1 alone")
    try:
        return parse_instant(match[1]) + timedelta(hours=int(offset[1] or 0))
    except ValueError as error:
        raise invalid(f"Schedule {schedule}: {error}") from error


def page(name: str, entries: list[Params], params: Params) -> Params:
    """One page of a list, and the token of the next."""
    token = params.get("NextToken")
    if token is not None and not re.fullmatch(r"from-\d+", token):
        raise ApiError("InvalidNextTokenException", f"The next token {token} is invalid")
    start = int(token.removeprefix("from-")) if token else 0
    wanted = params.get("MaxResults")
    if wanted is not None and not 1 <= wanted <= 50:
        raise invalid("MaxResults must be between 1 and 50")
    end = start + min(wanted or 50, account.page_size)
    rest: Params = {"NextToken": f"from-{end}"} if end < len(entries) else {}
    return {name: entries[start:end], **rest}


autoscaling = ApplicationAutoScaling()
