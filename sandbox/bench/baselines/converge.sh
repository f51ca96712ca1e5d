#!/bin/sh
# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What somebody would write for a host who wants no tool. Runs on the host as root; the bench puts NAME='value' lines before
# it: REGION, CLUSTER, SITE, HOST, ENDPOINT, PACKAGES, SSM_KEY, ECS_KEY (fingerprints), ACTIVATION_ID, ACTIVATION_CODE, PULL.
set -eu
export DEBIAN_FRONTEND=noninteractive
restart_ssm=''
restart_ecs=''

put() { # PATH MODE < TEXT: whether something changed
    mkdir -p "$(dirname "$1")"
    (umask 077 && cat >"$1.new")
    chmod "$2" "$1.new"
    if cmp -s "$1.new" "$1" && [ "$(stat -c %a "$1")" = "$2" ]; then
        rm "$1.new"
        return 1
    fi
    mv "$1.new" "$1"
}

installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

fetch() {
    curl --silent --show-error --fail --location --output "$2" "$1"
}

install_verified() { # NAME URL SIGNATURE_URL KEY_URL FINGERPRINT
    work=$(mktemp -d)
    fetch "$4" "$work/key"
    fetch "$3" "$work/signature"
    fetch "$2" "$work/$1.deb"
    mkdir -m 700 "$work/gpg"
    GNUPGHOME=$work/gpg gpg --batch --quiet --import "$work/key" 2>/dev/null
    GNUPGHOME=$work/gpg gpg --batch --status-fd 1 --verify "$work/signature" "$work/$1.deb" 2>/dev/null |
        grep -q "VALIDSIG .*$5" || { echo "$1: the signature is not good" >&2; exit 1; }
    dpkg --install "$work/$1.deb" >/dev/null
    rm -r "$work"
}

if [ "$(cat /proc/sys/fs/inotify/max_user_instances)" -lt 8192 ]; then
    echo fs.inotify.max_user_instances = 8192 >/etc/sysctl.d/60-ecs.conf
    sysctl --quiet --load=/etc/sysctl.d/60-ecs.conf
fi

if ! installed docker.io; then
    apt-get update --quiet=2
    apt-get install --yes --quiet=2 --no-install-recommends docker.io >/dev/null
fi
if ! systemctl is-active --quiet docker || ! systemctl is-enabled --quiet docker; then
    systemctl enable --now --quiet docker
fi

if ! installed amazon-ssm-agent; then
    base=$PACKAGES/amazon-ssm-$REGION/latest/debian_amd64/amazon-ssm-agent.deb
    install_verified amazon-ssm-agent "$base" "$base.sig" "$PACKAGES/keys/amazon-ssm-agent.gpg" "$SSM_KEY"
fi
put /etc/amazon/ssm/amazon-ssm-agent.json 644 <<END && restart_ssm=1
{"Ssm": {"Endpoint": "$ENDPOINT"}}
END
if [ ! -s /var/lib/amazon/ssm/Vault/Store/RegistrationKey ]; then
    systemctl stop amazon-ssm-agent
    amazon-ssm-agent -register -code "$ACTIVATION_CODE" -id "$ACTIVATION_ID" -region "$REGION" -y >/dev/null
    restart_ssm=1
fi
if [ -n "$restart_ssm" ]; then
    systemctl enable --quiet amazon-ssm-agent
    systemctl restart amazon-ssm-agent
fi
systemctl is-active --quiet amazon-ssm-agent
tries=0
until grep -q aws_session_token /root/.aws/credentials 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -le 120 ] || { echo 'the SSM agent has no credentials' >&2; exit 1; }
    sleep 0.5
done

put /etc/ecs/ecs.config 600 <<END && restart_ecs=1
ECS_CLUSTER=$CLUSTER
ECS_CONTAINER_INSTANCE_TAGS={"fleet":"bench","host":"$HOST","site":"$SITE"}
ECS_IMAGE_PULL_BEHAVIOR=$PULL
ECS_INSTANCE_ATTRIBUTES={"site":"$SITE"}
END
put /var/lib/ecs/ecs.config 600 <<END && restart_ecs=1
AWS_DEFAULT_REGION=$REGION
ECS_BACKEND_HOST=$ENDPOINT
ECS_EXTERNAL=true
END
put /etc/systemd/system/ecs.service.d/50-guard.conf 644 <<END && restart_ecs=1
[Service]
RestartPreventExitStatus=5
END
if ! installed amazon-ecs-init; then
    base=$PACKAGES/amazon-ecs-agent-$REGION/amazon-ecs-init-latest.amd64.deb
    install_verified amazon-ecs-init "$base" "$base.asc" "$PACKAGES/keys/amazon-ecs-agent.gpg" "$ECS_KEY"
    restart_ecs=1
fi
if ! systemctl is-active --quiet ecs || ! systemctl is-enabled --quiet ecs; then
    restart_ecs=1
fi
if [ -n "$restart_ecs" ]; then
    systemctl daemon-reload
    systemctl enable --quiet ecs
    systemctl restart ecs
fi
tries=0
until curl --silent --max-time 2 http://127.0.0.1:51678/v1/metadata | grep -q "$CLUSTER"; do
    tries=$((tries + 1))
    [ $tries -le 120 ] || { echo 'the ECS agent has not joined' >&2; exit 1; }
    sleep 0.5
done
