# Where PAM names the module: debian/pam-lines.sh, which debian/rules puts into each script that asks.

# PAM looks at bytes.
export LC_ALL=C

# Gives what a line of PAM's includes; a name without a path is one in /etc/pam.d. A line goes on
# behind a backslash at its end, past comments; an argument may stand in brackets. (Lintian takes two of
# them for bash's.)
INCLUDED='s!\x00! !g
:more
/^[^#]*\\[[:blank:]]*$/ {
    $!N
    s!\\[[:blank:]]*\n[[:blank:]]*\(#.*\)\{0,1\}$!\\!
    s!\\[[:blank:]]*\n! !
    t more
}
s!\[\(include\|substack\)\]! \1 !I
s!^[^#]*\(@include\|[[:blank:]]include\|[[:blank:]]substack\)[[:blank:]]\{1,\}\(\[\{1\}[^]#]*\]\|[^#[:blank:]]\{1,\}\).*!\2!I
t included
b
:included
s!^\[\(.*\)\]$!\1!
s!^[^/]!/etc/pam.d/&!
p'

# PAM's files: its own, but for backups, which it never asks for; and what these include.
files() {
    all=
    more=$(find -L /etc/pam.d /etc/pam.conf /usr/lib/pam.d -type f ! -name '*.dpkg-*' ! -name '*.ucf-*' \
        ! -name '*.pam-old' ! -name '*.pam-new' ! -name '*~' 2>/dev/null | sort)
    while [ "$more" != "$all" ]; do
        all=$more
        more=$({
            echo "$all"
            echo "$all" | xargs -d '\n' sed -n -s "$INCLUDED" | sort -u |
                xargs -r -d '\n' -I{} find -L {} -type f 2>/dev/null
        } | sort -u)
    done
    echo "$all"
}

# lines [GREP'S OPTION]: where PAM names the module, as FILE:LINE:TEXT. PAM reads a line as far as
# the first #.
lines() {
    files | xargs -d '\n' grep -aHns "$@" '^[^#]*pam_cloud2fa\.so' || true
}
