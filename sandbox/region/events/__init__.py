# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""EventBridge: moto keeps rules and targets; here rules run tasks of ECS, by schedule and by event."""
