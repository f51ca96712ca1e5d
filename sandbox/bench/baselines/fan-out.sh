#!/bin/sh
# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# fan-out.sh FOLDER SSH_CONFIG PARALLEL: runs FOLDER/HOST.sh on each host of FOLDER/hosts as root, PARALLEL at a time.
set -eu
# shellcheck disable=SC2016 # for the inner shell
xargs -a "$1/hosts" -P "$3" -I{} sh -c 'exec ssh -F "$2" "$3" sudo sh -s <"$1/$3.sh"' fan-out "$1" "$2" {}
