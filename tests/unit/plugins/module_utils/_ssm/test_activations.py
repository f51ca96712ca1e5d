# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import Refused
from ansible_collections.edgefleet.ecs.plugins.module_utils._ssm import activations
from ansible_collections.edgefleet.ecs.plugins.module_utils._ssm.transformations import shape_activation
from botocore.exceptions import ClientError

NOW = datetime(2026, 11, 21, 22, 45, tzinfo=UTC)
ID = "5743558d-563b-4457-8682-d16c3a0e4a5"
WANTED = activations.WantedActivation("the-role", 20, 2, "retail-lyon", None, {"site": "lyon"})
CREATED = {"ActivationId": ID + "1", "ActivationCode": "c" * 20}


def refusal(code: str, text: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}}, "Any")


NO_ROLE = refusal("ValidationException", "Nonexistent role or missing ssm service principal in trust policy: the-role")


def raw(number: int, name: str = "retail-lyon", **tags: str) -> dict[str, Any]:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"ActivationId": f"{ID}{number}", "DefaultInstanceName": name, "IamRole": "the-role", "Tags": listed}


def test_create(client: Callable[..., Any]) -> None:
    fake = client(create_activation=CREATED)
    made = activations.create(fake, WANTED, NOW)
    assert fake.calls[0][1] == {
        "IamRole": "the-role",
        "RegistrationLimit": 20,
        "ExpirationDate": NOW + timedelta(hours=2),
        "DefaultInstanceName": "retail-lyon",
        "Tags": [{"Key": "site", "Value": "lyon"}],
    }
    assert (made["activation_id"], made["activation_code"]) == (ID + "1", "c" * 20)
    assert made["tags"] == {"site": "lyon"}


def test_thirty_days_leave_room_for_a_clock_that_runs_ahead() -> None:
    assert activations.expiry(NOW, 720) < NOW + timedelta(days=30)
    assert activations.expiry(NOW, 719) == NOW + timedelta(hours=719)


def test_a_role_that_was_just_made_is_waited_for(client: Callable[..., Any], naps: list[float]) -> None:
    fake = client(create_activation=[NO_ROLE, NO_ROLE, CREATED])
    assert activations.create_patiently(fake, WANTED, NOW, timeout=30)["activation_id"] == ID + "1"
    assert len(naps) == 2


def test_a_role_that_never_comes(client: Callable[..., Any], naps: list[float]) -> None:
    ticks = iter(range(0, 100, 3))
    with pytest.raises(Refused, match="Could not create activation retail-lyon for role the-role.*trusted by ssm"):
        activations.create_patiently(client(create_activation=NO_ROLE), WANTED, NOW, 9, clock=lambda: next(ticks))
    assert len(naps) == 2


def test_another_refusal_is_not_waited_for(client: Callable[..., Any], naps: list[float]) -> None:
    fake = client(create_activation=refusal("AccessDeniedException", "no"))
    with pytest.raises(Refused, match="Allow ssm:CreateActivation"):
        activations.create_patiently(fake, WANTED, NOW, timeout=30)
    assert naps == []


def test_the_prediction_has_no_code() -> None:
    assert "activation_code" not in activations.predict(WANTED, NOW)


def test_deleting_takes_exact_names_and_all_tags(client: Callable[..., Any]) -> None:
    pages = [
        {"ActivationList": [raw(1, fleet="retail", site="lyon"), raw(2, fleet="retail")], "NextToken": "t"},
        {
            "ActivationList": [
                raw(3, name="retail-lyon2", fleet="retail", site="lyon"),
                raw(4, fleet="other", site="lyon"),
            ]
        },
    ]
    fake = client(describe_activations=pages)
    found = activations.find_by_name(fake, "retail-lyon", {"fleet": "retail", "site": "lyon"})
    assert [item["activation_id"][-1] for item in found] == ["1"]
    assert fake.calls[0][1]["Filters"] == [{"FilterKey": "DefaultInstanceName", "FilterValues": ["retail-lyon"]}]
    assert fake.calls[0][1]["MaxResults"] == 50
    assert fake.calls[1][1]["NextToken"] == "t"


def test_deleting_by_id_takes_those_ids(client: Callable[..., Any]) -> None:
    fake = client(describe_activations={"ActivationList": [raw(1), raw(2)]})
    assert [item["activation_id"] for item in activations.find_by_ids(fake, [f"{ID}1"])] == [f"{ID}1"]
    assert activations.find_by_ids(client(), []) == []


@pytest.mark.parametrize("code", ["InvalidActivation", "InvalidActivationId"])
def test_what_somebody_else_deleted_first_is_gone(client: Callable[..., Any], code: str) -> None:
    activations.delete(client(delete_activation=refusal(code, "gone")), ID)


def test_a_refused_deletion_is_not_hidden(client: Callable[..., Any]) -> None:
    with pytest.raises(Refused):
        activations.delete(client(delete_activation=refusal("AccessDeniedException", "no")), ID)


def test_shape() -> None:
    shaped = shape_activation({**raw(1, site="lyon"), "ExpirationDate": NOW, "Expired": True})
    assert shaped["expiration_date"] == "2026-11-21T22:45:00+00:00"
    assert shaped["registrations_count"] == 0
    assert shaped["tags"] == {"site": "lyon"}
    assert shaped["expired"] is True
    assert shaped["description"] is None


def test_one_filter_goes_to_aws_and_the_rest_is_chosen_here(client: Callable[..., Any]) -> None:
    raw = [{"ActivationId": str(number), "DefaultInstanceName": "lyon", "IamRole": f"R{number}"} for number in (1, 2)]

    def asked(**wanted: Any) -> tuple[list[str], Any]:
        fake = client(describe_activations={"ActivationList": raw})
        found = activations.find(fake, **wanted)
        return [item["activation_id"] for item in found], fake.calls and fake.calls[0][1].get("Filters")

    def one(key: str, value: str) -> list[dict[str, Any]]:
        return [{"FilterKey": key, "FilterValues": [value]}]

    assert asked() == (["1", "2"], None)
    assert asked(role="R2") == (["2"], one("IamRole", "R2"))
    assert asked(name="lyon", role="R1") == (["1"], one("DefaultInstanceName", "lyon"))
    assert asked(ids=["2"], name="lyon", role="R1") == ([], one("ActivationIds", "2"))
    assert asked(ids=[]) == ([], [])
