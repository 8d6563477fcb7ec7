"""Resource types that moto does not know, or does wrongly; whatever is left becomes a recording stub."""

from __future__ import annotations

import copy
import hashlib
from typing import Any

from moto.awslambda import lambda_backends
from moto.cloudformation import parsing
from moto.cloudwatch import cloudwatch_backends
from moto.core.common_models import CloudFormationModel
from moto.ec2.models.subnets import Subnet
from moto.ecs import ecs_backends
from moto.ecs.models import Service
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus

from . import lambdas
from .scaling import autoscaling, set_running
from .state import ACCOUNT_ID, ApiError, account

Properties = dict[str, Any]


class HandlerFailed(Exception):
    """The function that a Trigger calls threw."""


class Resource(CloudFormationModel):
    """What the types below have in common, in moto's terms."""

    def __init__(self, type_name: str, name: str, region: str) -> None:
        self.type_name = type_name
        self.name = name
        self.region = region

    @property
    def physical_resource_id(self) -> str:
        return self.name

    def is_created(self) -> bool:
        return True

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return True

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return plausible_attribute(self.type_name, self.name, attribute_name, self.region)

    @classmethod
    def create_from_cloudformation_json(  # type: ignore[override]
        cls, resource_name: str, cloudformation_json: Properties, account_id: str, region_name: str, **kwargs: Any
    ) -> Resource:
        resource = cls(kwargs["ResourceType"], resource_name, region_name)
        resource.create(cloudformation_json.get("Properties", {}))
        return resource

    @classmethod
    def update_from_cloudformation_json(  # type: ignore[override]
        cls,
        original_resource: Resource,
        new_resource_name: str,
        cloudformation_json: Properties,
        account_id: str,
        region_name: str,
    ) -> Resource:
        original_resource.update(cloudformation_json.get("Properties", {}))
        return original_resource

    def create(self, properties: Properties) -> None:
        """Makes it."""

    def update(self, properties: Properties) -> None:
        """Changes it; the properties are the new ones."""

    def delete(self, account_id: str, region: str) -> None:
        """Removes it."""


class Stub(Resource):
    """Keeps what the template says and does nothing."""


class ScalableTarget(Resource):
    """Registers a target and puts its actions; on update calls only for properties that changed."""

    properties: Properties

    @property
    def physical_resource_id(self) -> str:
        return "|".join(self.properties[name] for name in ("ResourceId", "ScalableDimension", "ServiceNamespace"))

    def create(self, properties: Properties) -> None:
        self.properties = properties
        if autoscaling.call(
            "DescribeScalableTargets", {**self._identity, "ResourceIds": [properties["ResourceId"]]}, self.region
        )["ScalableTargets"]:
            raise ApiError("AlreadyExists", f"{self.physical_resource_id} already exists")
        self._register()
        self._put(properties.get("ScheduledActions", []))

    def update(self, properties: Properties) -> None:
        old, self.properties = self.properties, properties
        if any(old[name] != properties[name] for name in ("ResourceId", "ScalableDimension", "ServiceNamespace")):
            self.create(properties)
            self._deregister(old)
            return

        def changed(name: str) -> bool:
            return old.get(name) != properties.get(name)

        again = changed("ScheduledActions") and account.switches["reregister_on_actions_change"] == "yes"
        if again or any(changed(name) for name in ("MinCapacity", "MaxCapacity", "RoleARN", "SuspendedState")):
            self._register()
        if changed("ScheduledActions"):
            before, after = old.get("ScheduledActions", []), properties.get("ScheduledActions", [])
            names = {action["ScheduledActionName"] for action in after}
            for action in before:
                if action["ScheduledActionName"] not in names:
                    self._delete_action(action["ScheduledActionName"])
            every = account.switches["puts_on_actions_change"] == "all"
            self._put([action for action in after if every or action not in before])

    def delete(self, account_id: str, region: str) -> None:
        self._deregister(self.properties)

    @property
    def _identity(self) -> Properties:
        return {name: self.properties[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")}

    def _register(self) -> None:
        settings: Properties = {
            name: self.properties[name]
            for name in ("MinCapacity", "MaxCapacity", "RoleARN", "SuspendedState")
            if name in self.properties
        }
        settings.update({name: int(settings[name]) for name in ("MinCapacity", "MaxCapacity") if name in settings})
        self._call("RegisterScalableTarget", {**self._identity, **settings})

    def _put(self, actions: list[Properties]) -> None:
        for action in actions:
            self._call("PutScheduledAction", {**self._identity, **action})

    def _delete_action(self, name: str) -> None:
        try:
            self._call("DeleteScheduledAction", {**self._identity, "ScheduledActionName": name})
        except ApiError as error:
            # It ran and is gone, or somebody deleted it.
            if error.code != "ObjectNotFoundException":
                raise

    def _deregister(self, properties: Properties) -> None:
        identity = {name: properties[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
        try:
            self._call("DeregisterScalableTarget", identity)
        except ApiError as error:
            if error.code != "ObjectNotFoundException":
                raise

    def _call(self, operation: str, params: Properties) -> None:
        account.calls.append(
            {
                "service": "application-autoscaling",
                "action": operation,
                "caller": "cloudformation",
                "region": self.region,
                "params": params,
            }
        )
        autoscaling.call(operation, params, self.region)


class ScalingPolicy(Resource):
    """Kept with its target, which it needs."""

    key: Properties

    def create(self, properties: Properties) -> None:
        names = ("ResourceId", "ScalableDimension", "ServiceNamespace")
        if "ScalingTargetId" in properties:
            self.key = dict(zip(names, properties["ScalingTargetId"].split("|")))
        else:
            self.key = {name: properties[name] for name in names}
        self.key["PolicyName"] = properties["PolicyName"]
        kept = {
            name: value
            for name, value in properties.items()
            if name.startswith(("PolicyType", "TargetTracking", "StepScaling"))
        }
        answer = autoscaling.call("PutScalingPolicy", {**self.key, **kept}, self.region)
        self.name = answer["PolicyARN"]

    def update(self, properties: Properties) -> None:
        self.create(properties)

    def delete(self, account_id: str, region: str) -> None:
        try:
            autoscaling.call("DeleteScalingPolicy", self.key, region)
        except ApiError as error:
            # Gone with its target.
            if error.code != "ObjectNotFoundException":
                raise


class EcsService(Service):
    """Moto's, with load balancers, and tasks that run: one where the template does not say how many."""

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Properties, account_id: str, region_name: str, **kwargs: Any
    ) -> Service:
        service = Service.create_from_cloudformation_json(
            resource_name, cloudformation_json, account_id, region_name, **kwargs
        )
        properties = cloudformation_json["Properties"]
        service.load_balancers = [
            {name[0].lower() + name[1:]: value for name, value in entry.items()}
            for entry in properties.get("LoadBalancers", [])
        ]
        network = properties.get("NetworkConfiguration", {}).get("AwsvpcConfiguration")
        if network is not None:
            groups = network.get("SecurityGroups", [])
            service.network_configuration = {
                "awsvpcConfiguration": {"subnets": network["Subnets"], "securityGroups": groups}
            }
        set_running(service, int(properties.get("DesiredCount", 1)))
        return service


class Alarm(Resource):
    """Kept with its actions and its state, which nobody evaluates: a test sets it."""

    @property
    def physical_resource_id(self) -> str:
        return self.alarm_name

    def create(self, properties: Properties) -> None:
        self.alarm_name = properties.get("AlarmName", self.name)
        self._put(properties, "INSUFFICIENT_DATA")

    def update(self, properties: Properties) -> None:
        backend = cloudwatch_backends[ACCOUNT_ID][self.region]
        before = backend.alarms.get(self.alarm_name)
        if properties.get("AlarmName", self.name) != self.alarm_name:
            self.delete(ACCOUNT_ID, self.region)
            self.create(properties)
        else:
            self._put(properties, before.state_value if before else "INSUFFICIENT_DATA")

    def delete(self, account_id: str, region: str) -> None:
        cloudwatch_backends[account_id][region].alarms.pop(self.alarm_name, None)

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return str(cloudwatch_backends[ACCOUNT_ID][self.region].alarms[self.alarm_name].alarm_arn)

    def _put(self, properties: Properties, state: str) -> None:
        alarm = cloudwatch_backends[ACCOUNT_ID][self.region].put_metric_alarm(
            name=self.alarm_name,
            namespace=properties.get("Namespace", ""),
            metric_name=properties.get("MetricName", ""),
            comparison_operator=properties["ComparisonOperator"],
            evaluation_periods=int(properties["EvaluationPeriods"]),
            period=int(properties.get("Period", 60)),
            threshold=float(properties.get("Threshold", 0)),
            statistic=properties.get("Statistic", ""),
            description=properties.get("AlarmDescription", ""),
            dimensions=properties.get("Dimensions", []),
            alarm_actions=properties.get("AlarmActions", []),
            ok_actions=properties.get("OKActions", []),
            actions_enabled=str(properties.get("ActionsEnabled", True)).lower() != "false",
            treat_missing_data=properties.get("TreatMissingData"),
        )
        alarm.state_value = state


class LambdaVersion(Resource):
    """A copy of the function as it is now. Numbers are never given twice."""

    numbers: dict[str, int] = {}
    version: Any

    @property
    def physical_resource_id(self) -> str:
        return self.version.function_arn

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return {"Version": str(self.version.version), "FunctionArn": self.version.function_arn}[attribute_name]

    def create(self, properties: Properties) -> None:
        storage = lambda_backends[ACCOUNT_ID][self.region]._lambdas
        function = lambdas.find_function(properties["FunctionName"], self.region)
        number = self.numbers[function.function_arn] = self.numbers.get(function.function_arn, 0) + 1
        self.version = copy.copy(function)
        self.version.environment_vars = dict(function.environment_vars)
        self.version.set_version(number)
        storage._functions[function.function_name]["versions"].append(self.version)
        storage._arns[self.version.function_arn] = self.version

    def delete(self, account_id: str, region: str) -> None:
        storage = lambda_backends[ACCOUNT_ID][region]._lambdas
        entry = storage._functions.get(self.version.function_name)
        if entry is not None and self.version in entry["versions"]:
            entry["versions"].remove(self.version)


class WaitCondition(Resource):
    """Nobody here signals, so it fails as at its timeout, and at once."""

    def create(self, properties: Properties) -> None:
        wanted = properties.get("Count", 1)
        raise ApiError("TimedOut", f"WaitCondition timed out. Received 0 conditions when expecting {wanted}")


class CustomResource(Resource):
    """A custom resource whose function is not run: recorded as done."""


class Trigger(CustomResource):
    """`Custom::Trigger` of aws-cdk-lib/triggers: calls the handler on create and update, as the provider's code does."""

    def create(self, properties: Properties) -> None:
        self._run(properties)

    def update(self, properties: Properties) -> None:
        if str(properties.get("ExecuteOnHandlerChange", "true")).lower() != "false":
            self._run(properties)

    def _run(self, properties: Properties) -> None:
        how = properties.get("InvocationType", "RequestResponse")
        if how == "DryRun":
            return
        record = lambdas.invoke(lambdas.find_function(properties["HandlerArn"], self.region), {})
        # Invoked as an event it may fail: nobody waits for it.
        if how == "RequestResponse" and "error" in record:
            raise HandlerFailed(record["error"]["errorMessage"])


OURS: dict[str, Any] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": ScalableTarget,
    "AWS::ApplicationAutoScaling::ScalingPolicy": ScalingPolicy,
    "AWS::CloudFormation::WaitCondition": WaitCondition,
    "AWS::CloudWatch::Alarm": Alarm,
    "AWS::ECS::Service": EcsService,
    "AWS::Lambda::Version": LambdaVersion,
    "Custom::Trigger": Trigger,
    # Moto takes the prefix in LogDestination for a part of the bucket's name.
    "AWS::EC2::FlowLog": Stub,
    # Moto knows no prefix list as a source.
    "AWS::EC2::SecurityGroupIngress": Stub,
}


def resource_class(type_name: str) -> type[CloudFormationModel]:
    """Ours, else moto's, else a stub."""
    if type_name in OURS:
        return OURS[type_name]
    if type_name.startswith("Custom::") or type_name == "AWS::CloudFormation::CustomResource":
        return CustomResource
    return parsing.get_model_map().get(type_name, Stub)


def kind_of(type_name: str) -> str:
    """Who carries out a type: account, moto or stub."""
    made_by = resource_class(type_name)
    if made_by in (Stub, CustomResource):
        return "stub"
    return "account" if type_name in OURS else "moto"


def plausible_attribute(type_name: str, name: str, attribute: str, region: str) -> str:
    """An attribute that looks as AWS's, the same each time."""
    service = type_name.split("::")[1].lower()
    token = hashlib.sha256(f"{type_name}/{name}".encode()).hexdigest()
    if attribute.endswith("Arn"):
        return f"arn:aws:{service}:{region}:{ACCOUNT_ID}:{type_name.split('::')[-1].lower()}/{name}"
    if attribute == "DomainName":
        return f"d{token[:13]}.cloudfront.net"
    if attribute == "Id" or attribute.endswith("Id"):
        return token[:14].upper()
    return f"{name}.{attribute}"


def _describe_target_health(
    self: ELBv2Backend, target_group_arn: str, targets: list[dict[str, Any]]
) -> list[FakeHealthStatus]:
    """One healthy target per running task, or as many as the test says."""
    group = self.target_groups.get(target_group_arn)
    services = [
        service
        for service in ecs_backends[ACCOUNT_ID][self.region_name].services.values()
        if any(entry.get("targetGroupArn") == target_group_arn for entry in service.load_balancers)
    ]
    if group is None or not services:
        return _moto_target_health(self, target_group_arn, targets)
    running = sum(service.running_count for service in services)
    healthy = min(account.healthy.get(target_group_arn, running), running)
    ips = [f"10.{100 + number // 65536}.{number // 256 % 256}.{number % 256}" for number in range(running)]
    return [
        FakeHealthStatus(ip, group.port, group.health_check_port, "healthy")
        if number < healthy
        else FakeHealthStatus(
            ip, group.port, group.health_check_port, "initial", "Elb.InitialHealthChecking", "starting"
        )
        for number, ip in enumerate(ips)
    ]


_moto_target_health = ELBv2Backend.describe_target_health


def _free_addresses(self: Subnet) -> int:
    """What the range leaves beside the tasks that run, one address each and spread evenly; or as many as the test says."""
    if self.id in account.addresses:
        return account.addresses[self.id]
    taken = 0
    for service in ecs_backends[ACCOUNT_ID][self.ec2_backend.region_name].services.values():
        subnets = (service.network_configuration or {}).get("awsvpcConfiguration", {}).get("subnets", [])
        if self.id in subnets:
            taken += -(-service.running_count // len(subnets))
    return int(_moto_free_addresses.fget(self)) - taken  # type: ignore[misc]


_moto_free_addresses = Subnet.available_ip_address_count


def install() -> None:
    """Puts the types above in the place of moto's."""
    parsing.resource_class_from_type = resource_class
    ELBv2Backend.describe_target_health = _describe_target_health  # type: ignore[method-assign]
    Subnet.available_ip_address_count = property(_free_addresses)  # type: ignore[method-assign,assignment]
