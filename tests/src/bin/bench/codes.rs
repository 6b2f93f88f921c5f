//! Codes that are right now and rise from login to login: three for each user, and then the
//! states must be made anew.

use cloud2fa::totp::STEP_SECONDS;
use cloud2fa::{Secret, TimeStep};
use cloud2fa_tests::user::now;
use std::time::Duration;

/// How many codes one making of the states is good for.
pub const ROUNDS: usize = 3;

/// Which step each user has spent.
pub struct Codes {
    last: Vec<u64>,
}

impl Codes {
    /// Nobody has spent any.
    pub fn unspent(people: usize) -> Self {
        Self { last: vec![0; people] }
    }

    /// The next code of the user at `index`.
    pub fn next(&mut self, index: usize, secret: &Secret) -> String {
        let step = TimeStep::of(now()).0;
        let next = (self.last[index] + 1).max(step - 1);
        assert!(next <= step + 1, "more than {ROUNDS} codes were asked for");
        self.last[index] = next;
        secret.token_at(TimeStep(next)).as_str().to_owned()
    }
}

/// Waits, where the step ends in less than `seconds`: codes made now are right that long.
pub fn wait_for(seconds: u64) {
    let left = STEP_SECONDS - now().0 % STEP_SECONDS;
    if left <= seconds {
        std::thread::sleep(Duration::from_secs(left) + Duration::from_millis(20));
    }
}
