#!/bin/sh
# Builds treewarden and installs it, or shows it at work.
set -eu

usage() {
    cat <<'USAGE'
usage: ./install.sh [--prefix DIR]   build, and install into DIR/bin (default: /usr/local)
       ./install.sh --demo           build, and show real pushes being judged; leaves nothing behind
USAGE
}

prefix=/usr/local
demo=
while [ $# -gt 0 ]; do
    case $1 in
        --demo) demo=yes ;;
        --prefix) [ $# -ge 2 ] || { usage >&2; exit 2; }; prefix=$2; shift ;;
        --prefix=*) prefix=${1#--prefix=} ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
    shift
done

# A relative prefix is meant from where the caller stands.
case $prefix in
    '') usage >&2; exit 2 ;;
    /*) ;;
    *) prefix=$PWD/$prefix ;;
esac
top=$(cd "$(dirname "$0")" && pwd)
cd "$top"

. ./tests/needs.sh
need git git
need cc gcc libc6-dev
command -v cargo >/dev/null 2>&1 || {
    echo "install.sh: cargo is not on PATH: install a current stable Rust first" >&2
    exit 1
}

cargo build --release --locked --bins
built=${CARGO_TARGET_DIR:-target}/release

if [ -n "$demo" ]; then
    exec sh tests/demo.sh "$built"
fi

mkdir -p "$prefix/bin"
for program in treewarden treewarden-pre-receive; do
    install -m 755 "$built/$program" "$prefix/bin/$program"
    echo "installed $prefix/bin/$program"
done
echo "next, on the server: $prefix/bin/treewarden install --server REPO.git --policy preset:bpf-next"
