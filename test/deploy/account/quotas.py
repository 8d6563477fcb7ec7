"""Service Quotas: what AWS applied to the account, and AWS's defaults of the quotas that this project reads."""

from __future__ import annotations

from typing import Any

from .state import ApiError, account

#: Of a new account, by service and code.
DEFAULTS: dict[str, float] = {
    "fargate/L-3032A538": 6,
    "fargate/L-6BAD92DD": 100,
    "fargate/L-551A4E9D": 20,
    "elasticloadbalancing/L-7E6692B2": 1000,
    "elasticloadbalancing/L-A0D0B863": 1000,
    "vpc/L-DF5E4CA3": 5000,
    "cloudfront/L-A2C80159": 250_000,
    "dynamodb/L-CF0CBE56": 40_000,
    "dynamodb/L-AB614373": 40_000,
}

#: The operations that are answered here; the others are moto's.
ANSWERED = ("GetServiceQuota", "GetAWSDefaultServiceQuota")


def call(action: str, params: dict[str, Any]) -> dict[str, Any]:
    """Answers as AWS does: GetServiceQuota knows a quota only when a value was applied to the account.

    Raises:
        ApiError: for a quota that is not known
    """
    name = f"{params['ServiceCode']}/{params['QuotaCode']}"
    values = account.quotas if action == "GetServiceQuota" else DEFAULTS
    if name not in values:
        raise ApiError("NoSuchResourceException", f"The specified quota {name} does not exist", 404)
    return {
        "Quota": {
            "ServiceCode": params["ServiceCode"],
            "QuotaCode": params["QuotaCode"],
            "Value": values[name],
            "Adjustable": True,
        }
    }
