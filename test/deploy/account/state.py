"""What the account knows beside moto's own backends, and how a test steers it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from typing import Any

ACCOUNT_ID = "123456789012"

#: What AWS does is not documented: one position each for what it might do, the default first.
SWITCHES: dict[str, tuple[str, ...]] = {
    # PutScheduledAction with an at() that is not in the future.
    "past_action": ("refuse", "ignore"),
    # A one-time action that has run: still described, or gone.
    "fired_action": ("listed", "removed"),
    # CloudFormation, when ScheduledActions of a target changed: registers the template's minimum and maximum again, or not.
    "reregister_on_actions_change": ("yes", "no"),
    # CloudFormation, when ScheduledActions of a target changed: puts all of them, or those that differ.
    "puts_on_actions_change": ("all", "changed"),
    # RegisterScalableTarget without SuspendedState.
    "suspension_on_register": ("kept", "cleared"),
    # Two actions of one target at the same instant run in the order they were put in, or the other way round.
    "equal_instants": ("put_order", "reverse"),
    # An action that sets a minimum alone, above the live maximum.
    "minimum_above_maximum": ("fails", "raises_maximum"),
}


class ApiError(Exception):
    """An error as AWS answers it."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def parse_instant(text: str) -> datetime:
    """ISO 8601; without an offset it is UTC."""
    instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return instant if instant.tzinfo else instant.replace(tzinfo=timezone.utc)


@dataclass
class Fault:
    """Answers matching calls with an error. `action` and `service` are as in IAM, `*` for all; `caller` is any or lambda."""

    code: str
    action: str = "*"
    service: str = "*"
    caller: str = "any"
    message: str = "injected by the test"
    times: int | None = None
    status: int = 400


@dataclass
class Failure:
    """Fails a resource in a deploy, by its logical id (a prefix suffices) or its type; `after` it was made or changed, or before."""

    logical_id: str | None = None
    type: str | None = None
    times: int = 1
    after: bool = False
    message: str = "injected by the test"


@dataclass
class Interlude:
    """Happens in the middle of a deploy, whenever a resource was changed whose logical id begins with `after`, or was tried in vain."""

    after: str = ""
    #: Moves the clock there, once.
    tick: str | None = None
    #: Runs the function of the stack that has this handler.
    handler: str | None = None
    times: int | None = None


@dataclass
class Account:
    """All state of the plugin. One per process."""

    switches: dict[str, str] = field(
        default_factory=lambda: {name: positions[0] for name, positions in SWITCHES.items()}
    )
    #: Most entries of a page that Application Auto Scaling describes; AWS's is 50.
    page_size: int = 50
    #: How far the clock of a Lambda function is ahead of the account's, in seconds.
    lambda_clock_skew_seconds: float = 0
    #: Nothing asks for units: policies give back what they may as soon as they may.
    idle: bool = False
    #: Where the server listens, for functions.
    url: str = ""
    now: datetime | None = None
    faults: list[Fault] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    interludes: list[Interlude] = field(default_factory=list)
    #: What each registration and each action that ran left behind, in order.
    moments: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    invocations: list[dict[str, Any]] = field(default_factory=list)
    #: Healthy targets by target group ARN, where a test wants another number than the running tasks.
    healthy: dict[str, int] = field(default_factory=dict)
    #: Free addresses by subnet id, where a test wants another number than its range leaves beside the running tasks.
    addresses: dict[str, int] = field(default_factory=dict)
    #: Values that AWS applied to the account, by service and code of Service Quotas: `fargate/L-3032A538`.
    quotas: dict[str, float] = field(default_factory=dict)
    #: What a template asked for and nothing here carries out, by resource.
    gaps: list[dict[str, str]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def clock(self) -> datetime:
        """The account's time: where the last tick left it, or the real one before the first."""
        return self.now or datetime.now(timezone.utc)

    def configure(self, settings: dict[str, Any]) -> None:
        """Sets switches and numbers.

        Raises:
            ApiError: for an unknown name or position
        """
        for name, value in settings.items():
            if name == "page_size":
                self.page_size = int(value)
            elif name == "lambda_clock_skew_seconds":
                self.lambda_clock_skew_seconds = float(value)
            elif name == "idle":
                self.idle = bool(value)
            elif value in SWITCHES.get(name, ()):
                self.switches[name] = value
            else:
                raise ApiError("UnknownSwitch", f"no switch {name}={value}; there are {SWITCHES}")

    def gap(self, stack: str, logical_id: str, what: str) -> None:
        """Notes what is not imitated; the harness shows it, and a test asserts the list."""
        entry = {"stack": stack, "logicalId": logical_id, "what": what}
        if entry not in self.gaps:
            self.gaps.append(entry)

    def take(self, matches: Callable[[Failure], bool]) -> Failure | None:
        """The first failure that matches, counted down."""
        with self.lock:
            for failure in self.failures:
                if failure.times > 0 and matches(failure):
                    failure.times -= 1
                    return failure
        return None

    def fault_for(self, service: str, action: str, caller: str) -> Fault | None:
        """The first fault that a call meets, counted down."""
        with self.lock:
            for fault in self.faults:
                if fault.times == 0 or fault.caller not in ("any", caller):
                    continue
                if fault.service in ("*", service) and fault.action in ("*", action):
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    def describe(self) -> dict[str, Any]:
        """For the test that asks."""
        return {
            "now": self.clock().isoformat(),
            "switches": self.switches,
            "faults": [asdict(fault) for fault in self.faults],
            "failures": [asdict(failure) for failure in self.failures],
        }


account = Account()
