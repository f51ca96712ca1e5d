# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on a sandbox host in place of Amazon's agents: standard library only, Python 3.9.

The package is copied into each stand-in .deb under a private directory, so all imports inside it are relative.
Modules are kept small in what they import: fifty hosts share two cores, and a Python process is mostly its imports.
"""
