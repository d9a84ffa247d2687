# Sourced: `need PROGRAM PACKAGE...` installs the Debian packages if the program isn't there.

need() {
    command -v "$1" >/dev/null 2>&1 && return 0
    program=$1
    shift
    echo "installing $*, for $program" >&2
    if [ "$(id -u)" -eq 0 ]; then sudo=; else sudo=sudo; fi
    $sudo apt-get update -qq
    $sudo apt-get install -y -qq --no-install-recommends "$@"
}
