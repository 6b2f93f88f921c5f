# Completes the store's index of uids: debian/index.sh, which debian/rules puts into both packages'
# postinst. A module or a command of a version that does not know the index refuses the store from
# then on: so whichever package comes last does it.
index_uids() {
    command -v cloud2fa >/dev/null || return 0
    own=$(dpkg-query --show --showformat '${Version}\n' "$DPKG_MAINTSCRIPT_PACKAGE" | head -n 1)
    older=$(dpkg-query --show --showformat '${db:Status-Status} ${Version}\n' cloud2fa libpam-cloud2fa 2>/dev/null |
        while read -r status version; do
            case $status in
            not-installed | config-files) ;;
            *) dpkg --compare-versions "$version" ge "$own" || echo "$version" ;;
            esac
        done)
    [ -z "$older" ] || return 0
    # What an earlier version serves could make a record that the index lacks.
    if [ -d /run/systemd/system ]; then
        deb-systemd-invoke stop cloud2fad.service 'cloud2fad@*.service' >/dev/null 2>&1 || true
    fi
    cloud2fa init --format 2 2>&1 >/dev/null
}
