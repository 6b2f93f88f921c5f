//! Accounts without the costs of Argon2: the hashes of the backup codes are made up.

#![allow(missing_docs, dead_code)]

use cloud2fa::account::Enrolment;
use cloud2fa::backup_codes::{BackupCodeSet, CODES, CodeHash, HashRecipe};
use cloud2fa::{Account, Secret, UnixTime, User, UserName};

/// The hash of the backup code at this position; from 8 on that of a strange one.
pub fn hash(position: usize) -> CodeHash {
    CodeHash::from_bytes(&[u8::try_from(position).unwrap(); 32]).unwrap()
}

/// A set of codes with these hashes.
pub fn code_set(hashes: Vec<CodeHash>) -> BackupCodeSet {
    let recipe = HashRecipe::from_parts(8, 1, &[7; 16]).unwrap();
    BackupCodeSet::from_parts(recipe, hashes).unwrap()
}

/// Alice, enrolled with `secret`, who has never logged in.
pub fn new_account(secret: Secret) -> Account {
    let backup_codes = code_set((0..CODES).map(hash).collect());
    let enrolment = Some(Enrolment::new(secret, UnixTime(0), "root", backup_codes));
    let user = User { name: UserName::new("alice").unwrap(), uid: 1000 };
    Account { enrolment, ..Account::empty(user).unwrap() }
}
