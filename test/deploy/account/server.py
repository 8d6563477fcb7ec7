"""Starts the account: `python -m account.server`.

Listens on a free port of localhost, prints one line of JSON with the URL, logs to stderr, and ends when its standard input does.

A request goes to the first that answers: `/account-admin/…` (below), an injected fault, the missing permission of a function's
role, Application Auto Scaling in `scaling.py`, moto.

| admin call | does |
|---|---|
| GET state | clock, switches, faults, failures |
| POST switches {name: value} | sets switches, page_size, lambda_clock_skew_seconds and idle, all in `state.py` |
| POST tick {now, latenessSeconds} | moves the clock and runs the actions due; answers with them |
| POST attempt {region, ServiceNamespace, ResourceId, ScalableDimension, desired} | a scaling policy wants so many |
| POST running {region, resourceId, count} | tasks stop or start by themselves |
| POST healthy {targetGroupArn, count} | so many targets are healthy; null: all that run |
| POST addresses {subnetId, count} | so many addresses are free in a subnet; null: what its range leaves |
| POST quotas {service/code: value} | what AWS applied to the account; null: its default |
| POST faults [Fault] | replaces the faults of API calls |
| POST failures [Failure] | replaces the failures of resources |
| POST interludes [Interlude] | replaces what happens in the middle of deploys |
| POST invoke {region, function, event} | runs a function, as its schedule would |
| GET moments | bounds, suspension and capacity after each registration and each action that ran |
| GET resources | resources of all stacks: who carries them out, and with which properties |
| GET gaps | what a template asked for and nothing here carries out |
| GET invocations | functions that ran, with results and logs |
| GET calls | API calls, in order |
"""

from __future__ import annotations

import gzip
import io
import json
import logging
import os
import sys
import threading
import urllib.parse
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from xml.sax.saxutils import escape

# Set, it would be the account of every caller, whose ever the credentials are. Without it moto's own is the same.
os.environ.pop("MOTO_ACCOUNT_ID", None)
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from . import lambdas, metrics, quotas, resources, stacks
from .scaling import autoscaling, ecs_service
from .state import ApiError, Failure, Fault, Interlude, account, parse_instant

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

#: Signing names that differ from the prefixes of IAM.
IAM_PREFIXES = {"monitoring": "cloudwatch"}

#: What the CDK's CLI asks for after a failure, and moto lacks.
FIXED_ANSWERS: dict[tuple[str, str], dict[str, Any]] = {("cloudtrail", "LookupEvents"): {"Events": []}}

SCALING_TARGET = "AnyScaleFrontendService."


class Gateway:
    """The WSGI application in front of moto."""

    def __init__(self) -> None:
        self.moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/account-admin/"):
            return self._admin(path.removeprefix("/account-admin/"), environ, start_response)
        scope = _credential_scope(environ)
        if scope is None:
            return self._ask_moto(environ, start_response)
        access_key, region, signing_name = scope
        service = IAM_PREFIXES.get(signing_name, signing_name)
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
        body = _read(environ) if target or form else b""
        action = target.split(".")[-1] or urllib.parse.parse_qs(body.decode()).get("Action", [""])[0]
        if service == "lambda" and path.endswith("/invocations"):
            action = "InvokeFunction"
        if service == "lambda" and path.endswith("/configuration"):
            action = "GetFunctionConfiguration"
        if not action:
            return self._ask_moto(environ, start_response)

        by_function = lambdas.is_function_key(access_key)
        params = json.loads(body or b"{}") if target else {}
        call: dict[str, Any] = {
            "service": service,
            "action": action,
            "caller": "lambda" if by_function else "client",
            "region": region,
            "params": params,
        }
        account.calls.append(call)
        try:
            fault = account.fault_for(service, action, call["caller"])
            if fault is not None:
                raise ApiError(fault.code, fault.message, fault.status)
            if by_function and not lambdas.may_call(access_key, f"{service}:{action}"):
                raise ApiError(
                    "AccessDeniedException", f"the role of the function is not allowed to perform {service}:{action}"
                )
            if (service, action) in FIXED_ANSWERS:
                return _respond(start_response, 200, FIXED_ANSWERS[service, action], "application/x-amz-json-1.1")
            if service == "servicequotas" and action in quotas.ANSWERED:
                return _respond(start_response, 200, quotas.call(action, params), "application/x-amz-json-1.1")
            if not target.startswith(SCALING_TARGET):
                return self._ask_moto(environ, start_response)
            return _respond(start_response, 200, autoscaling.call(action, params, region), "application/x-amz-json-1.1")
        except ApiError as error:
            call["error"] = error.code
            return _error(start_response, error, json_protocol=not form, ec2=service == "ec2")

    def _ask_moto(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Moto's answer. What it does not know is in the log before the caller hears of it, and may end the server."""
        log = logging.getLogger("account")
        what = environ.get("HTTP_X_AMZ_TARGET") or environ.get("PATH_INFO")

        def respond(status: str, *args: Any) -> Any:
            if status.startswith("5"):
                log.error("moto answered %s to %s", status, what)
            return start_response(status, *args)

        try:
            return self.moto(environ, respond)
        except Exception:
            log.exception("moto failed at %s", what)
            return _error(start_response, ApiError("InternalFailure", f"see the log: {what}", 500), json_protocol=True)

    def _admin(self, what: str, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = _read(environ)
        try:
            handler = ADMIN.get(f"{environ['REQUEST_METHOD']} {what}")
            if handler is None:
                raise ApiError("NotFound", f"no admin call {what}; there are {sorted(ADMIN)}", 404)
            return _respond(start_response, 200, handler(json.loads(body or b"{}")))
        except ApiError as error:
            return _respond(start_response, error.status, {"code": error.code, "message": error.message})
        except Exception as error:
            logging.getLogger("account").exception("admin call %s", what)
            return _respond(start_response, 500, {"code": type(error).__name__, "message": str(error)})


def _credential_scope(environ: Environ) -> tuple[str, str, str] | None:
    header = environ.get("HTTP_AUTHORIZATION", "")
    if "Credential=" not in header:
        return None
    parts = header.split("Credential=")[1].split(",")[0].split("/")
    return parts[0], parts[2], parts[3].lower()


def _read(environ: Environ) -> bytes:
    """The body, which stays readable; the SDK compresses what is large."""
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", ""):
        body = environ["wsgi.input"].read()
    else:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ.get("HTTP_CONTENT_ENCODING") == "gzip":
        body = gzip.decompress(body)
        del environ["HTTP_CONTENT_ENCODING"]
        environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _respond(
    start_response: StartResponse, status: int, body: Any, content_type: str = "application/json", **headers: str
) -> list[bytes]:
    payload = body if isinstance(body, bytes) else json.dumps(body, default=str).encode()
    start_response(
        f"{status} {'OK' if status < 400 else 'Error'}",
        [("Content-Type", content_type), ("Content-Length", str(len(payload))), *headers.items()],
    )
    return [payload]


def _error(start_response: StartResponse, error: ApiError, json_protocol: bool, ec2: bool = False) -> list[bytes]:
    if json_protocol:
        body = {"__type": error.code, "message": error.message}
        return _respond(
            start_response, error.status, body, "application/x-amz-json-1.1", **{"x-amzn-errortype": error.code}
        )
    if ec2:
        text = (
            f"<Response><Errors><Error><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error></Errors>"
            "<RequestID>local</RequestID></Response>"
        )
        return _respond(start_response, error.status, text.encode(), "text/xml")
    text = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
        "</Error><RequestId>local</RequestId></ErrorResponse>"
    )
    return _respond(start_response, error.status, text.encode(), "text/xml")


def _tick(body: dict[str, Any]) -> Any:
    return autoscaling.tick(parse_instant(body["now"]), timedelta(seconds=body.get("latenessSeconds", 0)))


def _switches(body: dict[str, Any]) -> Any:
    account.configure(body)
    return account.describe()


def _running(body: dict[str, Any]) -> Any:
    service = ecs_service(body["region"], body["resourceId"])
    if service is None:
        raise ApiError("NotFound", f"no service {body['resourceId']} in {body['region']}", 404)
    # Only what runs: what is wanted stays.
    service.running_count = int(body["count"])
    service.pending_count = max(0, service.desired_count - service.running_count)
    return {}


def _healthy(body: dict[str, Any]) -> Any:
    if body.get("count") is None:
        account.healthy.pop(body["targetGroupArn"], None)
    else:
        account.healthy[body["targetGroupArn"]] = int(body["count"])
    return {}


def _addresses(body: dict[str, Any]) -> Any:
    if body.get("count") is None:
        account.addresses.pop(body["subnetId"], None)
    else:
        account.addresses[body["subnetId"]] = int(body["count"])
    return {}


def _quotas(body: dict[str, Any]) -> Any:
    for name, value in body.items():
        if value is None:
            account.quotas.pop(name, None)
        else:
            account.quotas[name] = float(value)
    return {}


def _faults(body: Any) -> Any:
    account.faults = [Fault(**entry) for entry in body]
    return {}


def _failures(body: Any) -> Any:
    account.failures = [Failure(**entry) for entry in body]
    return {}


def _interludes(body: Any) -> Any:
    account.interludes = [Interlude(**entry) for entry in body]
    return {}


ADMIN: dict[str, Callable[[Any], Any]] = {
    "GET state": lambda _: account.describe(),
    "POST switches": _switches,
    "POST tick": _tick,
    "POST attempt": lambda body: autoscaling.attempt(body, body["region"]),
    "POST running": _running,
    "POST healthy": _healthy,
    "POST addresses": _addresses,
    "POST quotas": _quotas,
    "POST faults": _faults,
    "POST failures": _failures,
    "POST interludes": _interludes,
    "POST invoke": lambda body: lambdas.invoke(
        lambdas.find_function(body["function"], body["region"]), body.get("event", {})
    ),
    "GET moments": lambda _: account.moments,
    "GET resources": lambda _: stacks.resources_of(),
    "GET gaps": lambda _: account.gaps,
    "GET invocations": lambda _: account.invocations,
    "GET calls": lambda _: account.calls,
}


def _end_with_parent() -> None:
    """The test that started it closes its standard input by ending, however it ends."""
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    """Serves until standard input ends."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    resources.install()
    stacks.install()
    lambdas.install()
    metrics.install()
    server = make_server("127.0.0.1", 0, Gateway(), threaded=True, request_handler=MotoRequestHandler)
    # By name: CloudFormation's template addresses are not understood with the number.
    account.url = f"http://localhost:{server.port}"
    os.environ["MOTO_PORT"] = str(server.port)
    print(json.dumps({"url": account.url}), flush=True)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
