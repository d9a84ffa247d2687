# Sourced: `need PROGRAM PACKAGE` installs the Debian package if the program isn't there.

need() {
    command -v "$1" >/dev/null 2>&1 && return 0
    echo "installing $2, for $1" >&2
    if [ "$(id -u)" -eq 0 ]; then sudo=; else sudo=sudo; fi
    $sudo apt-get update -qq
    $sudo apt-get install -y -qq --no-install-recommends "$2" libc6-dev
}
