//! The records' part of `init --format 1`: all of them as a version wrote them that knows no other.

use crate::failure::Failure;
use cloud2fa::FileStore;
use cloud2fa::store::files::WrittenBack;
use cloud2fa::store::record::Lost;
use std::collections::BTreeMap;

/// What became of the records.
#[derive(Default)]
pub struct WentBack {
    /// How many are in format 1 now.
    pub records: usize,
    /// What is lost, and of how many records.
    pub lost: BTreeMap<Lost, usize>,
    /// Whose record is as it was, and why.
    pub failed: Vec<(String, Failure)>,
}

/// Writes all records back that can be said in format 1.
pub fn run(store: &mut FileStore) -> Result<WentBack, Failure> {
    let mut went_back = WentBack::default();
    for WrittenBack { name, outcome } in store.write_back_format_1()? {
        match outcome {
            Ok(lost) => {
                went_back.records += 1;
                for lost in lost {
                    *went_back.lost.entry(lost).or_default() += 1;
                }
            }
            Err(error) => went_back.failed.push((name.to_string(), error.into())),
        }
    }
    Ok(went_back)
}
