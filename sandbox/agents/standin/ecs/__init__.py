# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-in for amazon-ecs-init and the ECS agent that it keeps running, in external mode or on EC2."""
