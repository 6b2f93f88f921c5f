//! How much memory a process has after many logins: sshd's and a display manager's live long.

use crate::codes;
use crate::ground::{Ground, PEOPLE};
use crate::module::Module;
use crate::worker::Worker;
use std::time::UNIX_EPOCH;

/// Every tenth login is by backup code, where the module knows such.
const BY_BACKUP_CODE: usize = 10;

/// Resident KiB of a process after a thousand logins at `module`.
pub fn after_logins(ground: &mut Ground, module: Module) -> u64 {
    ground.make_anew();
    let mut worker = Worker::start(ground, module);
    for index in 0..PEOPLE {
        codes::wait_for(2);
        let token = ground.code_of(index);
        let person = &ground.people()[index];
        let has_backup_codes = matches!(module, Module::Cloud2fa | Module::Permit);
        let by_backup_code = has_backup_codes && index % BY_BACKUP_CODE == 0;
        let code = if by_backup_code { &person.backup_codes[0] } else { &token };
        worker.ask(person.user.name.as_str(), code, UNIX_EPOCH);
        assert!(worker.answer(), "{} let {} in", module.name(), person.user.name);
    }
    worker.end()
}
