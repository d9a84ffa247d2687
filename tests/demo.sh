#!/bin/sh
# Shows the main job on real pushes: a throw-away server with the bpf-next preset, and a client.
# Usage: tests/demo.sh FOLDER-OF-THE-BINARIES
# Exits with 0 if and only if every push went as the plan for the trees says.
set -eu

built=$(cd "$1" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/treewarden-demo.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Nothing of the caller's git has a part in this.
for name in $(env | sed -n 's/^\(GIT_[A-Z_0-9]*\)=.*/\1/p'); do unset "$name"; done
export HOME="$work" GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL="$work/gitconfig"
git config --global user.name 'A. Developer'
git config --global user.email dev@example.org
git config --global init.defaultBranch base
git config --global advice.pushUpdateRejected false
git config --global core.abbrev 12

title() { printf '\n== %s\n' "$*"; }

show() {
    printf '$ %s\n' "$*"
    "$@"
}

# change PATH SUBJECT: a commit that changes the file.
change() {
    mkdir -p "$(dirname "$1")"
    echo "$2" >>"$1"
    git add "$1"
    git commit -q -m "$2"
}

# push WHAT SOURCE BRANCH: pushes, and holds what is printed and the server's ref against WHAT:
# `accepted`, or the code of the rule that must refuse it; or `unsent`, and the code in $4, where
# nothing must have reached the server.
push() {
    before=$(held "$3")
    printf '$ git push origin %s:%s\n' "$2" "$3"
    git push origin "$2:refs/heads/$3" >"$work/said" 2>&1 && status=0 || status=$?
    cat "$work/said"
    if [ "$1" = unsent ]; then
        ! grep -q '^remote: ' "$work/said" || unexpected "$@"
        set -- "$4" "$2" "$3"
    fi
    if [ "$1" = accepted ]; then
        [ "$status" -eq 0 ] && [ "$(held "$3")" = "$(git rev-parse "$2")" ] || unexpected "$@"
    else
        [ "$status" -ne 0 ] && [ "$(held "$3")" = "$before" ] || unexpected "$@"
        grep -q "error\[$1\]" "$work/said" || unexpected "$@"
    fi
}

held() {
    git --git-dir="$work/bpf-next.git" rev-parse -q --verify "refs/heads/$1" || echo none
}

unexpected() {
    echo "demo: the push of $2 to $3 was to end in \`$1\`; the ref holds $(held "$3")" >&2
    exit 1
}

cd "$work"
title 'A server with the plan for the BPF trees'
git init -q --bare bpf-next.git
show "$built/treewarden" install --no-doctor --server bpf-next.git --policy preset:bpf-next

git init -q client
cd client
git remote add origin "$work/bpf-next.git"
change kernel/bpf/verifier.c 'Linux 6.11'
change net/sched/sch_api.c 'Linux 6.12'
# What Linus has is an upstream: the server fetches it, and nobody is judged for it.
git --git-dir="$work/bpf-next.git" fetch -q "$work/client" base:refs/upstream/linus/master

title 'Both trees begin at what upstream has: nothing enters that was not judged elsewhere'
push accepted base master
push accepted base net

title 'A networking commit is refused on bpf-next/master'
git switch -q -c networking base
change net/sched/sch_api.c 'net_sched: Let bpf end a qdisc'
push denied-path networking master

title 'It is accepted on bpf-next/net, as the refusal said'
push accepted networking net

title 'A core commit is accepted on bpf-next/master'
git switch -q -c core base
change kernel/bpf/verifier.c 'bpf: Check the bounds once more'
push accepted core master

title 'A core-only commit is refused on bpf-next/net'
git switch -q -c core-only networking
change kernel/bpf/btf.c 'bpf: Sort types by name'
push only-denied-paths core-only net

title 'A commit that belongs in both trees is told apart'
git switch -q -c mixed core
mkdir -p net/ipv4
echo 'one' >>net/ipv4/tcp.c
echo 'two' >>kernel/bpf/verifier.c
git add .
git commit -q -m 'bpf: Check bounds, and let tcp know'
push denied-path mixed master
grep -q 'or split it' "$work/said" || unexpected split mixed master

title 'The same refusal on the pusher'"'"'s machine, before anything is sent'
show "$built/treewarden" install --no-doctor --local --policy preset:bpf-next --fetch-upstreams
show git fetch -q origin
push unsent mixed master denied-path

title 'A maintainer lifts a refusal, by a signature that the server knows'
ssh-keygen -q -t ed25519 -N '' -C alice -f "$work/alice"
cat >"$work/policy.toml" <<POLICY
version = 1
extends = "preset:bpf-next"

[[signer]]
name         = "alice"
keys         = ["ssh:$(ssh-keygen -lf "$work/alice.pub" | cut -d' ' -f2)"]
may-override = ["denied-path"]
trees        = ["bpf-next/master"]
POLICY
mkdir -p "$work/bpf-next.git/treewarden/keyring"
echo "alice namespaces=\"git\" $(cat "$work/alice.pub")" >"$work/bpf-next.git/treewarden/keyring/allowed_signers"
show "$built/treewarden" install --no-doctor --server "$work/bpf-next.git" --policy "$work/policy.toml"
git config treewarden.policy "$work/policy.toml"
git config gpg.format ssh
git config user.signingkey "$work/alice"
git switch -q -c urgent core
change net/sched/sch_api.c 'net_sched: Do not crash'
push unsent urgent master denied-path
word=$(sed -n 's/^ *treewarden override sign //p' "$work/said")
show "$built/treewarden" override sign --reason 'the crash is reported from the field' "$word" 2>&1
[ "$(held master)" = "$(git rev-parse urgent)" ] || unexpected lifted urgent master
show "$built/treewarden" override list --remote origin
show "$built/treewarden" audit show "$work/bpf-next.git" --signer alice >"$work/said"
cat "$work/said"
grep -q 'denied-path lifted by alice' "$work/said" || unexpected recorded urgent master
show "$built/treewarden" audit verify "$work/bpf-next.git"

title 'The gate is proven shut'
show "$built/treewarden" doctor "$work/bpf-next.git"

title 'Every push went as the plan says'
