# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated AWS Region: ECS, SSM activations and managed nodes by own handlers, the rest by moto."""
