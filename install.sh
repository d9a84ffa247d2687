#!/bin/sh
# Builds treewarden and installs it, and its hooks in one go; or takes it away; or shows it at work.
set -eu

usage() {
    cat <<'USAGE'
usage: ./install.sh [--prefix DIR]               build, and install into DIR/bin (default: /usr/local)
       ./install.sh [--prefix DIR] WHERE ...     the same, and then: treewarden install WHERE ...
       ./install.sh [--prefix DIR] --uninstall   remove the programs from DIR/bin
       ./install.sh [--prefix DIR] --uninstall WHERE ...
                                                 treewarden uninstall WHERE ...; the programs stay
       ./install.sh --demo                       build, and show real pushes being judged; leaves nothing behind

WHERE is one of --server REPO..., --local [WORKTREE], --template DIR, with what else
`treewarden install --help` lists, such as --policy POLICY. Can be repeated.
USAGE
}

misused() {
    [ $# -eq 0 ] || echo "install.sh: $*" >&2
    usage >&2
    exit 2
}

# Without libraries of the machine, a program starts sooner, and runs on other machines too.
links_statically() {
    case $host in
        *-linux-gnu*) ;;
        *) return 1 ;;
    esac
    probe=$(mktemp) || return 1
    if echo 'int main(void) { return 0; }' | cc -static -x c -o "$probe" - 2>/dev/null; then
        rm -f "$probe"
        return 0
    fi
    rm -f "$probe"
    echo 'note: there is no static C library here: the programs will need the libraries of this machine' >&2
    return 1
}

programs='treewarden treewarden-pre-receive treewarden-post-receive treewarden-pre-push'
prefix=/usr/local
mode=install
where=
left=$#
# What isn't ours is rotated to the end, and is treewarden's.
while [ "$left" -gt 0 ]; do
    argument=$1
    shift
    left=$((left - 1))
    case $argument in
        --demo | --uninstall)
            [ "$mode" = install ] || misused "$argument: there was --$mode before"
            mode=${argument#--}
            ;;
        --prefix)
            [ "$left" -gt 0 ] || misused '--prefix needs a folder'
            prefix=$1
            shift
            left=$((left - 1))
            ;;
        --prefix=*) prefix=${argument#--prefix=} ;;
        -h | --help) usage; exit 0 ;;
        *)
            case $argument in
                --server | --server=* | --local | --local=* | --template | --template=*) where=yes ;;
            esac
            set -- "$@" "$argument"
            ;;
    esac
done
[ $# -eq 0 ] || [ -n "$where" ] || misused "$1: say where, with --server, --local or --template"
[ $# -eq 0 ] || [ "$mode" != demo ] || misused '--demo goes alone'

# A relative prefix is meant from where the caller stands, and so are the repositories: the caller's
# folder is never left.
case $prefix in
    '') misused '--prefix needs a folder' ;;
    /*) ;;
    *) prefix=$PWD/$prefix ;;
esac
bin=$prefix/bin

if [ "$mode" = uninstall ]; then
    [ $# -eq 0 ] || exec "$bin/treewarden" uninstall "$@"
    [ -e "$bin/treewarden" ] || echo "install.sh: treewarden is not in $bin" >&2
    echo "note: hooks that still start programs of $bin refuse every push from now on;" >&2
    echo "      with WHERE, --uninstall takes hooks out, and needs the programs for it" >&2
    for program in $programs; do
        if [ -e "$bin/$program" ]; then
            rm -- "$bin/$program"
            echo "removed $bin/$program"
        fi
    done
    exit 0
fi

top=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/needs.sh disable=SC1091
. "$top/tests/needs.sh"
need git git
need cc gcc libc6-dev
[ "$mode" != demo ] || need ssh-keygen openssh-client
command -v cargo >/dev/null 2>&1 || {
    echo 'install.sh: cargo is not on PATH: install a current stable Rust first' >&2
    exit 1
}

case ${CARGO_TARGET_DIR:-target} in
    /*) built=$CARGO_TARGET_DIR ;;
    *) built=$top/${CARGO_TARGET_DIR:-target} ;;
esac
host=$(rustc -vV | sed -n 's/^host: //p')
if links_statically; then
    # Named, the target is another one than that of what runs while building, which can't be static.
    built=$built/$host/release
    RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static" LIBZ_SYS_STATIC=1
    export RUSTFLAGS LIBZ_SYS_STATIC
    set_target="--target $host"
else
    built=$built/release
    set_target=
fi
# shellcheck disable=SC2086 # Two words, or none.
(cd "$top" && cargo build --release --locked --bins $set_target)

[ "$mode" != demo ] || exec sh "$top/tests/demo.sh" "$built"

mkdir -p "$bin"
for program in $programs; do
    # Hooks may be running: each finds the old program or the new one.
    install -m 755 "$built/$program" "$bin/.$program.$$"
    mv -f "$bin/.$program.$$" "$bin/$program"
    echo "installed $bin/$program"
done
if [ $# -gt 0 ]; then
    exec "$bin/treewarden" install "$@"
fi
echo "next, on the server: $bin/treewarden install --server REPO.git --policy preset:bpf-next"
