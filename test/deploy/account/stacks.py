"""CloudFormation's way through a template: in the order of dependencies, and back again when something fails.

Moto removes first, then adds, then changes, tries each change five times, and knows no rollback.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from moto.cloudformation import cloudformation_backends, parsing
from moto.cloudformation.exceptions import AlreadyExistsException, UnformattedGetAttTemplateException, ValidationError
from moto.cloudformation.models import CloudFormationBackend, Event, Stack
from moto.cloudformation.parsing import ResourceMap
from moto.cloudformation.utils import generate_stack_id
from moto.core.exceptions import ServiceException
from moto.ec2 import models as ec2_models
from moto.ec2.models.core import TaggedEC2Resource
from werkzeug.exceptions import HTTPException

from . import lambdas
from .resources import HandlerFailed, kind_of, plausible_attribute
from .scaling import autoscaling
from .state import ACCOUNT_ID, ApiError, Failure, account, parse_instant

logger = logging.getLogger("account")

#: The functions that moto or `_clean` resolve. What is in none of them must not reach a resource unresolved.
_KNOWN_FUNCTIONS = {
    f"Fn::{name}"
    for name in (
        "FindInMap",
        "GetAtt",
        "If",
        "Join",
        "Split",
        "Select",
        "Sub",
        "ImportValue",
        "GetAZs",
        "Base64",
        "ToJsonString",
        "Equals",
        "Not",
        "And",
        "Or",
    )
}


class InjectedFailure(Exception):
    """Asked for by the test."""


#: What fails a resource on AWS, too. Anything else is a mistake in here: its traceback goes to the log, where the harness finds it.
_EXPECTED = (ApiError, InjectedFailure, HandlerFailed, ServiceException, HTTPException)


@dataclass
class Applied:
    """A resource as it was last made."""

    type: str
    #: Resolved; None after a failed attempt, so that anything differs from it.
    properties: Any
    retain: bool


_clean_json = parsing.clean_json


def _clean(value: Any, resources: ResourceMap) -> Any:
    """Moto's, with outputs of other stacks and with attributes that moto lacks."""
    if isinstance(value, dict) and len(value) == 1:
        [(name, argument)] = value.items()
        if name == "Fn::GetStackOutput":
            return _stack_output(parsing.clean_json(argument, resources), resources)
        if name == "Fn::GetAtt":
            return _attribute(argument, resources)
        if name.startswith("Fn::") and name not in _KNOWN_FUNCTIONS:
            raise ValidationError(message=f"the local account does not resolve {name}")
    return _clean_json(value, resources)


def _stack_output(reference: dict[str, str], resources: ResourceMap) -> str:
    region = reference.get("Region", resources._region_name)
    stack = cloudformation_backends[ACCOUNT_ID][region].get_stack(reference["StackName"])
    for output in stack.outputs or []:
        if output["OutputKey"] == reference["OutputName"]:
            return output["OutputValue"]
    raise ValidationError(message=f"no output {reference['OutputName']} of {reference['StackName']} in {region}")


def _attribute(reference: list[str] | str, resources: ResourceMap) -> Any:
    logical_id, attribute = reference.split(".", 1) if isinstance(reference, str) else reference
    resource = resources[logical_id]
    physical_id = str(getattr(resource, "physical_resource_id", logical_id))
    if attribute in ("LoadBalancerFullName", "TargetGroupFullName"):
        # The end of the ARN: app/NAME/ID, targetgroup/NAME/ID.
        return physical_id.split(":")[-1].removeprefix("loadbalancer/")
    value = None
    with contextlib.suppress(NotImplementedError, UnformattedGetAttTemplateException):
        value = resource.get_cfn_attribute(attribute) if hasattr(resource, "get_cfn_attribute") else None
    if value is not None:
        return value
    type_name = resources._resource_json_map[logical_id]["Type"]
    account.gap(resources["AWS::StackName"], logical_id, f"attribute {type_name}.{attribute} is made up")  # type: ignore[arg-type]
    return plausible_attribute(type_name, physical_id, attribute, resources._region_name)


def _get_resource(self: ResourceMap, key: str) -> Any:
    """Without moto's way of making a resource when somebody looks at it."""
    if key in self._parsed_resources:
        return self._parsed_resources[key]
    if key in self._resource_json_map:
        return None
    raise KeyError(key)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, argument in value.items():
            if name == "Ref":
                yield argument
            elif name == "Fn::GetAtt":
                yield argument.split(".")[0] if isinstance(argument, str) else argument[0]
            elif name == "Fn::Sub":
                text = argument if isinstance(argument, str) else argument[0]
                yield from re.findall(r"\$\{([^!.}]+)", text)
                yield from _references(argument)
            else:
                yield from _references(argument)
    elif isinstance(value, list):
        for entry in value:
            yield from _references(entry)


def in_order(resources: dict[str, Any]) -> list[str]:
    """Logical ids, each after all that it depends on.

    Raises:
        ValidationError: for a circle
    """
    order: list[str] = []
    open_ids: list[str] = []

    def visit(logical_id: str) -> None:
        if logical_id in order or logical_id not in resources:
            return
        if logical_id in open_ids:
            raise ValidationError(message=f"Circular dependency between resources: {open_ids}")
        open_ids.append(logical_id)
        depends = resources[logical_id].get("DependsOn", [])
        for other in [depends] if isinstance(depends, str) else depends:
            visit(other)
        for other in _references(resources[logical_id].get("Properties", {})):
            visit(other)
        open_ids.pop()
        order.append(logical_id)

    for logical_id in resources:
        visit(logical_id)
    return order


def _copy(value: Any) -> Any:
    """Of the containers alone: some references resolve to objects of moto."""
    if isinstance(value, dict):
        return {name: _copy(entry) for name, entry in value.items()}
    return [_copy(entry) for entry in value] if isinstance(value, list) else value


def applied_of(stack: Stack) -> dict[str, Applied]:
    """What a stack has made."""
    return stack.__dict__.setdefault("applied", {})


def _event(stack: Stack, logical_id: str, type_name: str, status: str, reason: str | None = None) -> None:
    resource = stack.resource_map._parsed_resources.get(logical_id)
    physical_id = str(getattr(resource, "physical_resource_id", "") or "")
    stack.events.append(Event(stack.stack_id, stack.name, logical_id, physical_id, type_name, status, reason, None))


def _apply(stack: Stack, template: dict[str, Any], parameters: dict[str, Any]) -> None:
    """Creates and updates in order. What the template no longer has is left for `_clean_up`."""
    resources = stack.resource_map
    resources._template = template
    resources._resource_json_map = template["Resources"]
    resources.input_parameters = parameters
    resources.resolved_parameters = {}
    resources.load_mapping()
    resources.load_parameters()
    resources.load_conditions()
    for logical_id in in_order(template["Resources"]):
        entry = template["Resources"][logical_id]
        if "Condition" in entry and not resources.lazy_condition_map[entry["Condition"]]:
            continue
        _apply_resource(stack, logical_id, entry)


def _apply_resource(stack: Stack, logical_id: str, entry: dict[str, Any]) -> None:
    resources, applied, type_name = stack.resource_map, applied_of(stack), entry["Type"]
    before = applied.get(logical_id)
    properties = None
    verb = "CREATE" if before is None else "UPDATE"
    try:
        properties = _copy(parsing.clean_json(entry.get("Properties", {}), resources))
        if before is not None and before.type == type_name and before.properties == properties:
            return
        _event(stack, logical_id, type_name, f"{verb}_IN_PROGRESS")

        def hit(failure: Failure) -> bool:
            by_id = failure.logical_id is not None and logical_id.startswith(failure.logical_id)
            return by_id or failure.type == type_name

        injected = account.take(hit)
        if injected is not None and not injected.after:
            raise InjectedFailure(injected.message)
        where = (ACCOUNT_ID, stack.region_name)
        if before is None or before.type != type_name:
            made = parsing.parse_and_create_resource(logical_id, entry, resources, *where)
        else:
            made = parsing.parse_and_update_resource(logical_id, entry, resources, *where)
            if made is None:
                account.gap(stack.name, logical_id, f"a change of {type_name} was not carried out")
                made = resources._parsed_resources[logical_id]
        resources._parsed_resources[logical_id] = made
        applied[logical_id] = Applied(
            type_name, None if injected else properties, entry.get("DeletionPolicy") == "Retain"
        )
        if injected is not None:
            raise InjectedFailure(injected.message)
    except Exception as error:
        if before is not None:
            applied[logical_id].properties = None
        _event(stack, logical_id, type_name, f"{verb}_FAILED", _reason(error))
        _play_interludes(stack, logical_id)
        raise
    if isinstance(made, TaggedEC2Resource) and before is None:
        tags = {**resources.tags, "aws:cloudformation:logical-id": logical_id}
        ec2_models.ec2_backends[ACCOUNT_ID][stack.region_name].create_tags([made.physical_resource_id], tags)
    _event(stack, logical_id, type_name, f"{verb}_COMPLETE")
    _play_interludes(stack, logical_id)


def _play_interludes(stack: Stack, logical_id: str) -> None:
    """What the test lets happen while the deploy is under way."""
    for interlude in account.interludes:
        if interlude.times == 0 or not logical_id.startswith(interlude.after):
            continue
        if interlude.times is not None:
            interlude.times -= 1
        if interlude.tick is not None:
            autoscaling.tick(parse_instant(interlude.tick), timedelta())
            interlude.tick = None
        for name, made in list(applied_of(stack).items()):
            if interlude.handler and made.type == "AWS::Lambda::Function":
                function = stack.resource_map._parsed_resources[name]
                if function.handler == interlude.handler:
                    lambdas.invoke(function, {})


def _clean_up(stack: Stack, keep: dict[str, Any]) -> None:
    """Deletes what is not in `keep`, last made first; a resource that does not go stays behind, as on AWS."""
    resources, applied = stack.resource_map, applied_of(stack)
    for logical_id in [name for name in reversed(applied) if name not in keep]:
        gone = applied.pop(logical_id)
        resource = resources._parsed_resources.pop(logical_id, None)
        if gone.retain:
            continue
        try:
            resources._delete_resource(resource, {"Type": gone.type, "Properties": gone.properties or {}})
            _event(stack, logical_id, gone.type, "DELETE_COMPLETE")
        except Exception as error:
            _note(error)
            _event(stack, logical_id, gone.type, "DELETE_FAILED", _reason(error))


def _reason(error: Exception) -> str:
    return str(getattr(error, "message", None) or error)


def _note(error: Exception) -> None:
    if isinstance(error, _EXPECTED):
        logger.info("refused: %s", _reason(error))
    else:
        logger.error("a mistake in the local account", exc_info=error)


def _move(stack: Stack, status: str, reason: str | None = None) -> None:
    stack.status = status
    stack._add_stack_event(status, resource_status_reason=reason)


def _now() -> datetime:
    """The account's time as moto keeps it: in UTC, and without saying so."""
    return account.clock().replace(tzinfo=None)


def _create_resources(stack: Stack) -> None:
    stack.status = "CREATE_IN_PROGRESS"
    stack.creation_time = _now()
    try:
        _apply(stack, stack.template_dict, stack.parameters)
    except Exception as error:
        _note(error)
        _move(stack, "ROLLBACK_IN_PROGRESS", _reason(error))
        _clean_up(stack, {})
        _move(stack, "ROLLBACK_COMPLETE")
        return
    stack.description = stack.template_dict.get("Description")
    stack.output_map = stack._create_output_map()
    _move(stack, "CREATE_COMPLETE")


def _update(
    stack: Stack,
    template: str,
    role_arn: str | None = None,
    parameters: dict[str, Any] | None = None,
    tags: dict[str, str] | None = None,
) -> None:
    old = stack.template_dict, stack.parameters
    new = Stack.parse_template(template), stack.parameters if parameters is None else parameters
    _move(stack, "UPDATE_IN_PROGRESS", "User Initiated")
    # Of DescribeStacks; moto has none.
    stack.__dict__["last_updated_time"] = _now()
    try:
        _apply(stack, *new)
    except Exception as error:
        _note(error)
        _move(stack, "UPDATE_ROLLBACK_IN_PROGRESS", _reason(error))
        try:
            _apply(stack, *old)
        except Exception as second:
            _note(second)
            _move(stack, "UPDATE_ROLLBACK_FAILED", _reason(second))
            return
        _move(stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        _clean_up(stack, old[0]["Resources"])
        _move(stack, "UPDATE_ROLLBACK_COMPLETE")
        return
    _move(stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    _clean_up(stack, new[0]["Resources"])
    stack.template, (stack.template_dict, stack.parameters) = template, new
    stack.description = stack.template_dict.get("Description")
    stack.output_map = stack._create_output_map()
    stack.role_arn = role_arn
    stack.tags = stack.tags if tags is None else tags
    _move(stack, "UPDATE_COMPLETE")


def _delete(stack: Stack) -> None:
    _move(stack, "DELETE_IN_PROGRESS", "User Initiated")
    _clean_up(stack, {})
    _move(stack, "DELETE_COMPLETE")


def _create_stack(
    self: CloudFormationBackend, name: str, template: str, parameters: dict[str, Any], *args: Any, **kwargs: Any
) -> Stack:
    """Moto's looks at the exports before anything is made."""
    if any(stack.name == name for stack in self.stacks.values()):
        raise AlreadyExistsException(f"Stack {name} already exists")
    stack_id = generate_stack_id(name, self.region_name, self.account_id)
    settings = dict(zip(("notification_arns", "tags", "role_arn"), args)) | kwargs
    stack = Stack(
        stack_id=stack_id,
        name=name,
        template=template,
        parameters=parameters,
        account_id=self.account_id,
        region_name=self.region_name,
        cross_stack_resources=self.exports,
        **settings,
    )
    self.stacks[stack_id] = stack
    stack._add_stack_event("CREATE_IN_PROGRESS", resource_status_reason="User Initiated")
    stack.create_resources()
    if stack.status == "CREATE_COMPLETE":
        self.exports.update({export.name: export for export in stack.exports})
    return stack


def _update_parameters(
    self: CloudFormationBackend, instance: Any, incoming_params: list[dict[str, Any]]
) -> dict[str, Any]:
    """A parameter that keeps its previous value may have its default, which moto does not find."""
    result = {}
    for parameter in incoming_params:
        key = parameter["ParameterKey"]
        if "ParameterValue" in parameter:
            result[key] = parameter["ParameterValue"]
        elif key in instance.parameters:
            result[key] = instance.parameters[key]
    return result


def _execute_change_set(self: CloudFormationBackend, change_set_name: str, stack_name: str | None = None) -> None:
    """Moto's applies a change set without the stack's parameters, outputs and events."""
    change_set = self.describe_change_set(change_set_name)
    assert change_set is not None
    stack = self.stacks[change_set.stack_id]
    change_set.execution_status = "EXECUTE_COMPLETE"
    slots = change_set.template_dict.get("Parameters", {})
    parameters = {
        key: value
        for key, value in change_set.parameters.items()
        # A previous value comes resolved, and would be taken for the name of a parameter.
        if not (slots[key]["Type"].startswith("AWS::SSM::") and value == stack.stack_parameters.get(key))
    }
    if change_set.change_set_type == "CREATE":
        stack.template, stack.parameters = change_set.template, parameters
        stack._parse_template()
        stack.cross_stack_resources = stack.resource_map.cross_stack_resources = self.exports
        stack.create_resources()
    else:
        stack.update(change_set.template, change_set.role_arn, parameters, change_set.tags)


def resources_of(region: str | None = None) -> list[dict[str, Any]]:
    """All resources of all stacks, with who carries them out."""
    return [
        {
            "stack": stack.name,
            "region": stack.region_name,
            "logicalId": logical_id,
            "type": made.type,
            "by": kind_of(made.type),
            "physicalId": str(getattr(stack.resource_map._parsed_resources[logical_id], "physical_resource_id", "")),
            "properties": json.loads(json.dumps(made.properties, default=str)),
        }
        for backend in cloudformation_backends[ACCOUNT_ID].values()
        if region in (None, backend.region_name)
        for stack in backend.stacks.values()
        for logical_id, made in applied_of(stack).items()
    ]


def install() -> None:
    """Puts the above in the place of moto's."""
    made = property(lambda self: [self.resource_map._parsed_resources[name] for name in applied_of(self)])
    replacements: list[tuple[Any, str, Any]] = [
        (parsing, "clean_json", _clean),
        (ResourceMap, "__getitem__", _get_resource),
        (ResourceMap, "validate_outputs", lambda self: None),
        (Stack, "create_resources", _create_resources),
        (Stack, "update", _update),
        (Stack, "delete", _delete),
        (Stack, "stack_resources", made),
        (CloudFormationBackend, "create_stack", _create_stack),
        (CloudFormationBackend, "execute_change_set", _execute_change_set),
        (CloudFormationBackend, "_resolve_update_parameters", _update_parameters),
    ]
    for owner, name, replacement in replacements:
        setattr(owner, name, replacement)
