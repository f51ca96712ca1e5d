#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_event_bridge
short_description: Let an Amazon S3 bucket tell EventBridge what happens in it
version_added: 0.1.0
description:
  - Switches the events of a bucket to Amazon EventBridge on or off, for rules of M(edgefleet.ecs.event_rule) that run a
    task for each new object. No Lambda function is needed between them.
  - Other notifications of the bucket stay as they are.
  - Calls C(s3:GetBucketNotificationConfiguration) and C(s3:PutBucketNotificationConfiguration), which IAM names
    C(s3:GetBucketNotification) and C(s3:PutBucketNotification). A bucket that does not exist is an error.
author:
  - Edgefleet contributors (@edgefleet)
options:
  bucket:
    description: Name of the bucket.
    type: str
    required: true
  state:
    description: With V(present), events go to EventBridge; with V(absent), they do not.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - edgefleet.ecs.attributes
  - edgefleet.ecs.attributes.actiongroup_aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
seealso:
  - module: edgefleet.ecs.event_rule
  - module: amazon.aws.s3_bucket
"""

EXAMPLES = r"""
- name: Tell EventBridge of new files
  edgefleet.ecs.s3_event_bridge:
    bucket: retail-import
"""

RETURN = r"""
event_bridge:
  description: Whether events of the bucket go to EventBridge, in check mode as it would be.
  returned: success
  type: bool
  sample: true
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import FleetError
from ..module_utils._aws.service import CLIENT_CONFIG
from ..module_utils._events import buckets

ARGUMENTS = {
    "bucket": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    bucket, wanted = module.params["bucket"], module.params["state"] == "present"
    try:
        client = module.client("s3", config=CLIENT_CONFIG)
        current = buckets.read(client, bucket)
        before = buckets.is_on(current)
        if before != wanted and not module.check_mode:
            buckets.write(client, bucket, buckets.switched(current, wanted))
    except FleetError as error:
        module.fail_json(**error.result())
    diff = {"before": {"event_bridge": before}, "after": {"event_bridge": wanted}}
    module.exit_json(changed=before != wanted, event_bridge=wanted, diff=diff)


if __name__ == "__main__":
    main()
