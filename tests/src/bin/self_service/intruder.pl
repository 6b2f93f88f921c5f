#!/usr/bin/perl
# Tries to reach other processes, each named by a number, in each way that there is. Writes the ways that
# led somewhere into the file that is named first. What it does changes nothing where it works.
use strict;
use warnings;

my ($report, @targets) = @ARGV;
@targets = split ' ', do { local (@ARGV, $/) = '/etc/intruder-targets'; <> } unless @targets;
# syscall takes what is no number for a text.
$_ += 0 for @targets;
my ($buffer, $zeroes) = ("\0" x 256, "\0" x 256);
my $affinity = "\xff" x 128;
my $attributes = pack 'L x44', 48;
my $queued = pack 'l l l x4 l l x104', 0, 0, -1, $$, 0;

# Numbers of x86-64.
my %ways = (
    kill => sub { syscall(62, $_[0], 0) == 0 },
    tkill => sub { syscall(200, $_[0], 0) == 0 },
    tgkill => sub { syscall(234, $_[0], $_[0], 0) == 0 },
    rt_sigqueueinfo => sub { syscall(129, $_[0], 0, $queued) == 0 },
    rt_tgsigqueueinfo => sub { syscall(297, $_[0], $_[0], 0, $queued) == 0 },
    pidfd_send_signal => sub {
        my $pidfd = syscall(434, $_[0], 0);
        $pidfd >= 0 && syscall(424, $pidfd, 0, 0, 0) == 0;
    },
    pidfd_getfd => sub {
        my $pidfd = syscall(434, $_[0], 0);
        $pidfd >= 0 && syscall(438, $pidfd, 0, 0) >= 0;
    },
    prlimit => sub { syscall(302, $_[0], 7, 0, $buffer) == 0 },
    setpriority => sub { syscall(141, 0, $_[0], 0) == 0 },
    ioprio_set => sub { syscall(251, 1, $_[0], 0) == 0 },
    sched_setaffinity => sub { syscall(203, $_[0], 128, $affinity) == 0 },
    sched_setparam => sub { syscall(142, $_[0], $zeroes) == 0 },
    sched_setscheduler => sub { syscall(144, $_[0], 0, $zeroes) == 0 },
    sched_setattr => sub { syscall(314, $_[0], $attributes, 0) == 0 },
    f_setown => sub {
        pipe(my $read, my $write);
        syscall(72, fileno $read, 8, $_[0]) == 0;
    },
    fiosetown => sub {
        socket(my $socket, 1, 1, 0);
        my $owner = pack 'l', $_[0];
        syscall(16, fileno $socket, 0x8901, $owner) == 0;
    },
    ptrace => sub { syscall(101, 0x4206, $_[0], 0, 0) == 0 && syscall(101, 17, $_[0], 0, 0) >= -1 },
    process_vm_readv => sub {
        my $local = pack 'Q Q', unpack('Q', pack 'p', $buffer), 1;
        my $remote = pack 'Q Q', 0, 1;
        syscall(310, $_[0], $local, 1, $remote, 1, 0) == 0 || $!{EFAULT};
    },
    read_memory => sub { open my $file, '<', "/proc/$_[0]/mem" },
    write_memory => sub { open my $file, '+<', "/proc/$_[0]/mem" },
    environment => sub {
        open my $file, '<', "/proc/$_[0]/environ" or return;
        defined sysread $file, $buffer, 1;
    },
    descriptors => sub { readlink "/proc/$_[0]/fd/0" },
    steal_descriptor => sub { open my $file, '<', "/proc/$_[0]/fd/2" },
    oom_score_adj => sub { open my $file, '+<', "/proc/$_[0]/oom_score_adj" },
    coredump_filter => sub { open my $file, '+<', "/proc/$_[0]/coredump_filter" },
);

open my $out, '>', "$report.new" or die $!;
for my $way (sort keys %ways) {
    print $out "$way $_\n" for grep { $ways{$way}->($_) } @targets;
}
# What listens beside the log does what root asks for.
opendir my $journal, '/run/systemd/journal' or die $!;
print $out "journal $_\n" for grep { !/^(\.\.?|dev-log|socket|stdout)$/ } readdir $journal;
print $out "done\n";
close $out;
rename "$report.new", $report;
