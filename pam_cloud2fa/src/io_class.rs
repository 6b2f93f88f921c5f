//! Which I/O class is lower than usual (ioprio_set(2)). With `ionice -c3 su victim`, or `chrt -i 0`
//! in its place, a caller would hold the lock on the victim's record until the disk has nothing else to do.

#![forbid(unsafe_code)]

use std::ffi::{c_int, c_long};

/// The class stands above 13 bits of level; higher numbers come later.
const LEVEL_BITS: c_int = 13;
/// What is usual: IOPRIO_CLASS_BE with IOPRIO_BE_NORM.
pub const USUAL: c_long = 2 << LEVEL_BITS | 4;
/// IOPRIO_CLASS_NONE: the kernel goes by how the thread is scheduled.
const NONE: c_long = 0;
/// The priority of a thread whose nice value is 0.
const UNCHANGED: c_long = 20;

/// What to put back after a login with the usual class; none where its own is no lower. `class` is as
/// ioprio_get(2) gives it: -1 is a filter's refusal. `policy` is sched_getscheduler(2)'s, and `priority`
/// the kernel's own getpriority(2)'s: how much less than 20 the nice value is.
pub fn to_put_back(class: c_long, policy: c_long, priority: c_long) -> Option<c_long> {
    if class >> LEVEL_BITS != NONE {
        return (class > USUAL).then_some(class);
    }
    let is_lower = match c_int::try_from(policy).map(|policy| policy & !libc::SCHED_RESET_ON_FORK) {
        Ok(libc::SCHED_IDLE) => true,
        Ok(libc::SCHED_OTHER | libc::SCHED_BATCH) => (0..UNCHANGED).contains(&priority),
        _ => false,
    };
    is_lower.then_some(NONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use libc::{SCHED_BATCH, SCHED_FIFO, SCHED_IDLE, SCHED_OTHER, SCHED_RESET_ON_FORK};

    #[test]
    fn a_class_of_its_own_counts_whatever_the_policy_is() {
        let (real_time, idle, late) = (1 << 13, 3 << 13, 2 << 13 | 7);
        for policy in [SCHED_OTHER, SCHED_IDLE] {
            for (class, back) in [
                (real_time, None),
                (USUAL, None),
                (late, Some(late)),
                (idle, Some(idle)),
                (-1, None),
            ] {
                assert_eq!(to_put_back(class, policy.into(), 1), back, "{class} {policy}");
            }
        }
    }

    #[test]
    fn without_one_the_policy_and_the_nice_value_count() {
        for (policy, nice, back) in [
            (SCHED_IDLE, 0, Some(NONE)),
            (SCHED_IDLE | SCHED_RESET_ON_FORK, 0, Some(NONE)),
            (SCHED_OTHER, 1, Some(NONE)),
            (SCHED_BATCH, 19, Some(NONE)),
            (SCHED_OTHER, 0, None),
            (SCHED_OTHER, -1, None),
            (SCHED_FIFO, 19, None),
            (-1, 19, None),
        ] {
            // Earlier kernels give the usual level with no class.
            for class in [0, 4] {
                let priority = UNCHANGED - nice;
                assert_eq!(to_put_back(class, policy.into(), priority), back, "{policy} {nice}");
            }
        }
    }
}
