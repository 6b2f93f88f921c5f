//! Sectors by number: the same content has the same one, so that states compare quickly.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// Bytes that a disk writes whole or not at all.
pub const SECTOR: usize = 512;

/// The number of a content.
pub type Number = u32;

/// All contents that came up.
#[derive(Clone, Default)]
pub struct Sectors(Rc<RefCell<Known>>);

#[derive(Default)]
struct Known {
    numbers: HashMap<Box<[u8]>, Number>,
    contents: Vec<Box<[u8]>>,
    /// The nonces in each.
    nonces: Vec<Vec<u64>>,
}

impl Sectors {
    /// The number of a sector with this content.
    pub fn number(&self, content: &[u8]) -> Number {
        assert_eq!(content.len(), SECTOR);
        let mut known = self.0.borrow_mut();
        if let Some(number) = known.numbers.get(content) {
            return *number;
        }
        let number = Number::try_from(known.contents.len()).unwrap();
        known.numbers.insert(content.into(), number);
        known.contents.push(content.into());
        known.nonces.push(nonces_in(content));
        number
    }

    /// Puts the contents of these sectors into `buffer`.
    pub fn copy(&self, numbers: &[Number], buffer: &mut [u8]) {
        let known = self.0.borrow();
        for (part, number) in buffer.chunks_mut(SECTOR).zip(numbers) {
            part.copy_from_slice(&known.contents[*number as usize]);
        }
    }

    /// Adds the nonces in these sectors to `found`.
    pub fn nonces(&self, numbers: &[Number], found: &mut BTreeSet<u64>) {
        let known = self.0.borrow();
        found.extend(numbers.iter().flat_map(|number| &known.nonces[*number as usize]));
    }
}

/// Words of 16 hexadecimal digits.
fn nonces_in(content: &[u8]) -> Vec<u64> {
    let words = content.split(|byte| !byte.is_ascii_hexdigit());
    let texts = words.filter(|word| word.len() == 16).filter_map(|word| str::from_utf8(word).ok());
    texts.filter_map(|text| u64::from_str_radix(text, 16).ok()).collect()
}
