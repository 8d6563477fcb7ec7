"""Runs Lambda functions for Node as processes of this machine, with the account's clock, endpoint and the function's role."""

from __future__ import annotations

import base64
import fnmatch
import io
import json
import os
import subprocess
import tempfile
import uuid
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from moto.awslambda import lambda_backends
from moto.awslambda.models import LambdaFunction
from moto.iam import iam_backends

from .state import ACCOUNT_ID, account

RUNNER = Path(__file__).with_name("lambda.mjs")
MODULES = Path(__file__).parents[3] / "node_modules"

#: Seconds that a process may take beyond the function's own limit, because it starts slower than Lambda.
GRACE_SECONDS = 30

#: Role ARN by the access key that a function was given.
_roles_by_key: dict[str, str] = {}


def find_function(name_or_arn: str, region: str) -> Any:
    """The function or version, by name or ARN."""
    return lambda_backends[ACCOUNT_ID][region].get_function(unquote(name_or_arn))


def invoke(function: Any, event: Any) -> dict[str, Any]:
    """Runs the handler to its end; the record has `result` or `error`, and `logs`."""
    if not str(function.run_time).startswith("nodejs"):
        raise NotImplementedError(
            f"{function.function_name}: the local account runs Node alone, got {function.run_time}"
        )
    request_id = str(uuid.uuid4())
    access_key = f"LAMBDA{uuid.uuid4().hex[:14].upper()}"
    _roles_by_key[access_key] = function.role
    now = account.clock() + timedelta(seconds=account.lambda_clock_skew_seconds)
    shifted = account.now is not None or account.lambda_clock_skew_seconds != 0
    record: dict[str, Any] = {
        "function": function.function_name,
        "version": str(function.version),
        "region": function.region,
        "event": event,
        "at": now.isoformat(),
    }
    with tempfile.TemporaryDirectory(prefix="local-account-lambda-") as folder:
        task, result = Path(folder, "task"), Path(folder, "result.json")
        with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
            archive.extractall(task)
        # The SDK is part of Lambda's runtime, not of the asset.
        if not (task / "node_modules").exists():
            (task / "node_modules").symlink_to(MODULES)
        env = {
            "PATH": os.environ["PATH"],
            "TZ": ":UTC",
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": "local",
            "AWS_ENDPOINT_URL": account.url,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
            "AWS_LAMBDA_LOG_STREAM_NAME": request_id,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "LAMBDA_TASK_ROOT": str(task),
            "_HANDLER": function.handler,
            "LOCAL_ACCOUNT_NOW_MS": str(int(now.timestamp() * 1000)) if shifted else "",
            "LOCAL_ACCOUNT_INVOKED_ARN": function.function_arn,
            "LOCAL_ACCOUNT_REQUEST_ID": request_id,
            **{name: str(value) for name, value in function.environment_vars.items()},
        }
        try:
            done = subprocess.run(
                ["node", str(RUNNER), function.handler, str(result)],
                cwd=task,
                env=env,
                input=json.dumps(event),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=int(function.timeout) + GRACE_SECONDS,
                check=False,
            )
            logs = done.stdout
            outcome = (
                json.loads(result.read_text())
                if result.exists()
                else {
                    "error": {
                        "errorType": "Runtime.ExitError",
                        "errorMessage": f"exit code {done.returncode}: {logs[-500:]}",
                    }
                }
            )
        except subprocess.TimeoutExpired as expired:
            logs = str(expired.output or "")
            outcome = {
                "error": {"errorType": "Sandbox.Timedout", "errorMessage": f"timed out after {function.timeout} s"}
            }
    record.update(outcome, logs=logs)
    account.invocations.append(record)
    return record


def _invoke_through_api(self: Any, body: Any, request_headers: Any, response_headers: Any) -> bytes:
    """In place of moto's, which wants Docker."""
    text = body.decode() if isinstance(body, bytes) else body
    record = invoke(self, json.loads(text or "{}"))
    if request_headers.get("x-amz-invocation-type", "RequestResponse") != "RequestResponse":
        return b""
    response_headers["x-amz-log-result"] = base64.b64encode(record["logs"][-4096:].encode()).decode()
    if "error" in record:
        response_headers["x-amz-function-error"] = "Unhandled"
        return json.dumps(record["error"]).encode()
    return json.dumps(record["result"]).encode()


def is_function_key(access_key: str) -> bool:
    """Whether a call comes from a function that runs here."""
    return access_key in _roles_by_key


def may_call(access_key: str, permission: str) -> bool:
    """Whether the role of the function that was given the key allows `service:Action`, in its inline policies.

    Resources and conditions are not compared, and moto attaches no managed policies in CloudFormation.
    """
    role = iam_backends[ACCOUNT_ID]["aws"].get_role_by_arn(_roles_by_key[access_key])
    documents = [json.loads(unquote(text)) for text in role.policies.values()]
    allowed = False
    for document in documents:
        statements = document["Statement"]
        for statement in statements if isinstance(statements, list) else [statements]:
            actions = statement.get("Action", [])
            patterns = [actions] if isinstance(actions, str) else actions
            if any(fnmatch.fnmatchcase(permission.lower(), pattern.lower()) for pattern in patterns):
                if statement["Effect"] == "Deny" and "Condition" not in statement:
                    return False
                allowed = allowed or statement["Effect"] == "Allow"
    return allowed


def install() -> None:
    """Replaces moto's way of running functions."""
    LambdaFunction.invoke = _invoke_through_api  # type: ignore[method-assign]
