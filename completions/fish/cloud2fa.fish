# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_cloud2fa_global_optspecs
    string join \n json plain config= h/help V/version
end

function __fish_cloud2fa_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_cloud2fa_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_cloud2fa_using_subcommand
    set -l cmd (__fish_cloud2fa_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c cloud2fa -n "__fish_cloud2fa_needs_command" -l config -d 'Read this configuration file [default: /etc/cloud2fa/cloud2fa.toml]' -r -F
complete -c cloud2fa -n "__fish_cloud2fa_needs_command" -l json -d 'Talk JSON, one object a line, on standard input and output'
complete -c cloud2fa -n "__fish_cloud2fa_needs_command" -l plain -d 'Lines of text alone, without a picture or a second screen: for screen readers and logs'
complete -c cloud2fa -n "__fish_cloud2fa_needs_command" -s h -l help -d 'Print help'
complete -c cloud2fa -n "__fish_cloud2fa_needs_command" -s V -l version -d 'Print version'
complete -c cloud2fa -n "__fish_cloud2fa_needs_command" -f -a "enable" -d 'Turn the second factor on: scan a QR code, prove one code, get 8 backup codes'
complete -c cloud2fa -n "__fish_cloud2fa_needs_command" -f -a "status" -d 'Show how a user stands'
complete -c cloud2fa -n "__fish_cloud2fa_needs_command" -f -a "regenerate" -d 'Make 8 new backup codes; the old ones stop working, the app goes on'
complete -c cloud2fa -n "__fish_cloud2fa_needs_command" -f -a "disable" -d 'Turn the second factor off'
complete -c cloud2fa -n "__fish_cloud2fa_needs_command" -f -a "verify" -d 'Try a code without spending it; a wrong one counts as at a login'
complete -c cloud2fa -n "__fish_cloud2fa_needs_command" -f -a "init" -d 'Make the store, once, on a new machine; make the index of one that is there complete'
complete -c cloud2fa -n "__fish_cloud2fa_needs_command" -f -a "list" -d 'Show how all users stand'
complete -c cloud2fa -n "__fish_cloud2fa_needs_command" -f -a "unlock" -d 'Let a user in again after too many wrong codes'
complete -c cloud2fa -n "__fish_cloud2fa_needs_command" -f -a "setup" -d 'Make logins ask for a code; takes itself back unless an administrator then logs in with one'
complete -c cloud2fa -n "__fish_cloud2fa_needs_command" -f -a "doctor" -d 'Look what would go wrong on this machine, or in the candidate that --config names'
complete -c cloud2fa -n "__fish_cloud2fa_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand enable" -l user -d 'Somebody else\'s than the caller\'s own; for root' -r -f -a "(__fish_complete_users)"
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand enable" -l qr -d 'How to draw the QR code' -r -f -a "auto\t'What the terminal can show'
ansi\t'Half blocks, black on white; needs UTF-8'
ascii\t'ASCII alone'
none\t'No picture'"
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand enable" -l qr-file -d 'Write the QR code into this new file, too; it holds the secret' -r -F
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand enable" -l codes-file -d 'Write the backup codes into this new file; a terminal does not show them then' -r -F
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand enable" -l config -d 'Read this configuration file [default: /etc/cloud2fa/cloud2fa.toml]' -r -F
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand enable" -l replace -d 'Replace an enrolment that exists: the old app and the old backup codes stop working'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand enable" -l show-link -d 'Show the key as a link, too'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand enable" -l json -d 'Talk JSON, one object a line, on standard input and output'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand enable" -l plain -d 'Lines of text alone, without a picture or a second screen: for screen readers and logs'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand enable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand status" -l user -d 'Somebody else\'s than the caller\'s own; for root' -r -f -a "(__fish_complete_users)"
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand status" -l config -d 'Read this configuration file [default: /etc/cloud2fa/cloud2fa.toml]' -r -F
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand status" -l json -d 'Talk JSON, one object a line, on standard input and output'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand status" -l plain -d 'Lines of text alone, without a picture or a second screen: for screen readers and logs'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand status" -s h -l help -d 'Print help'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand regenerate" -l user -d 'Somebody else\'s than the caller\'s own; for root' -r -f -a "(__fish_complete_users)"
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand regenerate" -l codes-file -d 'Write the backup codes into this new file; a terminal does not show them then' -r -F
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand regenerate" -l config -d 'Read this configuration file [default: /etc/cloud2fa/cloud2fa.toml]' -r -F
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand regenerate" -l json -d 'Talk JSON, one object a line, on standard input and output'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand regenerate" -l plain -d 'Lines of text alone, without a picture or a second screen: for screen readers and logs'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand regenerate" -s h -l help -d 'Print help'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand disable" -l user -d 'Somebody else\'s than the caller\'s own; for root' -r -f -a "(__fish_complete_users)"
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand disable" -l config -d 'Read this configuration file [default: /etc/cloud2fa/cloud2fa.toml]' -r -F
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand disable" -l yes -d 'Do not ask, even where logins refuse whoever has no second factor'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand disable" -l json -d 'Talk JSON, one object a line, on standard input and output'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand disable" -l plain -d 'Lines of text alone, without a picture or a second screen: for screen readers and logs'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand disable" -s h -l help -d 'Print help'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand verify" -l user -d 'Somebody else\'s than the caller\'s own; for root' -r -f -a "(__fish_complete_users)"
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand verify" -l config -d 'Read this configuration file [default: /etc/cloud2fa/cloud2fa.toml]' -r -F
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand verify" -l json -d 'Talk JSON, one object a line, on standard input and output'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand verify" -l plain -d 'Lines of text alone, without a picture or a second screen: for screen readers and logs'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand verify" -s h -l help -d 'Print help'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand init" -l format -d 'Make no store; bring the one that is there into this format: 2, which is this version\'s, or 1, for going back to a version that knows no other' -r -f -a "1\t'Without an index of uids'
2\t'With one'"
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand init" -l config -d 'Read this configuration file [default: /etc/cloud2fa/cloud2fa.toml]' -r -F
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand init" -l json -d 'Talk JSON, one object a line, on standard input and output'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand init" -l plain -d 'Lines of text alone, without a picture or a second screen: for screen readers and logs'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand list" -l config -d 'Read this configuration file [default: /etc/cloud2fa/cloud2fa.toml]' -r -F
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand list" -l json -d 'Talk JSON, one object a line, on standard input and output'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand list" -l plain -d 'Lines of text alone, without a picture or a second screen: for screen readers and logs'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand list" -s h -l help -d 'Print help'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand unlock" -l user -d 'The user\'s name, as the other commands take it' -r -f -a "(__fish_complete_users)"
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand unlock" -l config -d 'Read this configuration file [default: /etc/cloud2fa/cloud2fa.toml]' -r -F
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand unlock" -l json -d 'Talk JSON, one object a line, on standard input and output'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand unlock" -l plain -d 'Lines of text alone, without a picture or a second screen: for screen readers and logs'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand unlock" -s h -l help -d 'Print help'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand setup" -l within -d 'How long to wait for a login that proves the change' -r
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand setup" -l by -d 'Whose login proves the change [default: whoever calls sudo, else root]' -r -f -a "(__fish_complete_users)"
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand setup" -l by-key-alone -d 'For whom an ssh key goes on to be enough, where a code is asked for behind the key' -r -f -a "(__fish_complete_users)"
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand setup" -l config -d 'Read this configuration file [default: /etc/cloud2fa/cloud2fa.toml]' -r -F
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand setup" -l undo -d 'Take out again what setup has put in'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand setup" -l keep -d 'Let the change stay, from a session that began after it'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand setup" -l now -d 'Change it for good, without waiting for anybody: for images'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand setup" -l dry-run -d 'Show what would be changed, and change nothing'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand setup" -l yes -d 'Do not ask whether to go on'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand setup" -l shut-out -d 'Go on though some who log in by ssh with a key are not enrolled, and are shut out'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand setup" -l untried -d 'Go on where the change cannot be tried on a copy first'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand setup" -l watch -d 'The unit\'s: wait for the proof, or take back'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand setup" -l take-back-unconfirmed -d 'The units\': take back what is not confirmed'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand setup" -l of-earlier-boots -d 'With it: of earlier boots alone'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand setup" -l json -d 'Talk JSON, one object a line, on standard input and output'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand setup" -l plain -d 'Lines of text alone, without a picture or a second screen: for screen readers and logs'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand setup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand doctor" -l config -d 'Read this configuration file [default: /etc/cloud2fa/cloud2fa.toml]' -r -F
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand doctor" -l verbose -d 'Explain all findings, and say what was looked at'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand doctor" -l monitor -d 'For monitoring: one line, and exit status 0; 1 for warnings, 2 if one is critical, 3 if it could not look'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand doctor" -l json -d 'Talk JSON, one object a line, on standard input and output'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand doctor" -l plain -d 'Lines of text alone, without a picture or a second screen: for screen readers and logs'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand help; and not __fish_seen_subcommand_from enable status regenerate disable verify init list unlock setup doctor help" -f -a "enable" -d 'Turn the second factor on: scan a QR code, prove one code, get 8 backup codes'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand help; and not __fish_seen_subcommand_from enable status regenerate disable verify init list unlock setup doctor help" -f -a "status" -d 'Show how a user stands'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand help; and not __fish_seen_subcommand_from enable status regenerate disable verify init list unlock setup doctor help" -f -a "regenerate" -d 'Make 8 new backup codes; the old ones stop working, the app goes on'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand help; and not __fish_seen_subcommand_from enable status regenerate disable verify init list unlock setup doctor help" -f -a "disable" -d 'Turn the second factor off'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand help; and not __fish_seen_subcommand_from enable status regenerate disable verify init list unlock setup doctor help" -f -a "verify" -d 'Try a code without spending it; a wrong one counts as at a login'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand help; and not __fish_seen_subcommand_from enable status regenerate disable verify init list unlock setup doctor help" -f -a "init" -d 'Make the store, once, on a new machine; make the index of one that is there complete'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand help; and not __fish_seen_subcommand_from enable status regenerate disable verify init list unlock setup doctor help" -f -a "list" -d 'Show how all users stand'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand help; and not __fish_seen_subcommand_from enable status regenerate disable verify init list unlock setup doctor help" -f -a "unlock" -d 'Let a user in again after too many wrong codes'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand help; and not __fish_seen_subcommand_from enable status regenerate disable verify init list unlock setup doctor help" -f -a "setup" -d 'Make logins ask for a code; takes itself back unless an administrator then logs in with one'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand help; and not __fish_seen_subcommand_from enable status regenerate disable verify init list unlock setup doctor help" -f -a "doctor" -d 'Look what would go wrong on this machine, or in the candidate that --config names'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand help; and not __fish_seen_subcommand_from enable status regenerate disable verify init list unlock setup doctor help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c cloud2fa -n "__fish_cloud2fa_using_subcommand unlock" -f -a "(__fish_complete_users)"
