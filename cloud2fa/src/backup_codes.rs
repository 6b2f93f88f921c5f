//! Backup codes: 8 one-time codes of 65 random bits, kept as Argon2id hashes under one salt.

use crate::randomness::NoRandomness;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use constant_time_eq::constant_time_eq_32;
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// How many codes a set has.
pub const CODES: usize = 8;

/// Symbols of a code; each stands for 5 bits.
const SYMBOLS: usize = 13;

/// Crockford's base32 alphabet: no I, L, O or U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Bytes of a set's salt (RFC 9106 section 3.1 recommends 16).
const SALT_BYTES: usize = 16;

/// One backup code, normalised. Wiped when dropped, never printed by `Debug`. On the heap, since what
/// is moved about on the stack leaves copies behind.
#[derive(Clone, PartialEq, Eq)]
pub struct BackupCode(Zeroizing<Box<[u8]>>);

impl BackupCode {
    /// Length of `XXXX-XXXX-XXXXX`.
    pub const PRINTED_LENGTH: usize = SYMBOLS + 2;

    /// A new code. One whose last six symbols are all digits is drawn again: typed
    /// behind a password it would be taken for a token.
    pub fn generate() -> Result<Self, NoRandomness> {
        loop {
            let mut code = Self(Zeroizing::new([0; SYMBOLS].into()));
            getrandom::fill(&mut code.0)?;
            for byte in code.0.iter_mut() {
                *byte = ALPHABET[usize::from(*byte & 0x1f)];
            }
            if !code.0[SYMBOLS - 6..].iter().all(u8::is_ascii_digit) {
                return Ok(code);
            }
        }
    }

    /// Takes 13 symbols, upper or lower case; `I`, `L` and `O` are read as `1`, `1` and `0`.
    pub fn from_symbols(typed: &[u8]) -> Option<Self> {
        if typed.len() != SYMBOLS {
            return None;
        }
        let mut symbols: Zeroizing<Box<[u8]>> = Zeroizing::new(typed.into());
        for symbol in symbols.iter_mut() {
            *symbol = match symbol.to_ascii_uppercase() {
                b'I' | b'L' => b'1',
                b'O' => b'0',
                other => other,
            };
        }
        symbols.iter().all(|symbol| ALPHABET.contains(symbol)).then_some(Self(symbols))
    }

    /// Takes the printed form alone, `XXXX-XXXX-XXXXX`.
    pub fn from_printed(typed: &[u8]) -> Option<Self> {
        if typed.len() != Self::PRINTED_LENGTH || typed[4] != b'-' || typed[9] != b'-' {
            return None;
        }
        let mut symbols = Zeroizing::new(Vec::with_capacity(SYMBOLS));
        for group in [&typed[..4], &typed[5..9], &typed[10..]] {
            symbols.extend_from_slice(group);
        }
        Self::from_symbols(&symbols)
    }

    /// `XXXX-XXXX-XXXXX`, the form shown everywhere.
    pub fn printed(&self) -> Zeroizing<String> {
        let symbols = std::str::from_utf8(&self.0).expect("only ASCII symbols were let in");
        let mut printed = Zeroizing::new(String::with_capacity(Self::PRINTED_LENGTH));
        for part in [&symbols[..4], "-", &symbols[4..8], "-", &symbols[8..]] {
            printed.push_str(part);
        }
        printed
    }
}

impl fmt::Debug for BackupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackupCode(hidden)")
    }
}

/// Where Argon2's working memory comes from: the module maps it and gives it back at once.
pub trait HashMemory: Send {
    /// At least `blocks` blocks, or nothing where the system has not that much.
    fn blocks(&mut self, blocks: usize) -> Option<&mut [Block]>;

    /// The memory is not needed any more for now.
    fn release(&mut self);
}

/// Working memory from the allocator, for programs that end soon.
#[derive(Default)]
pub struct HeapMemory(Vec<Block>);

impl HashMemory for HeapMemory {
    fn blocks(&mut self, blocks: usize) -> Option<&mut [Block]> {
        self.0.try_reserve_exact(blocks).ok()?;
        self.0.resize_with(blocks, Block::new);
        Some(&mut self.0)
    }

    fn release(&mut self) {
        self.0 = Vec::new();
    }
}

/// No hash could be made.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Not enough memory for Argon2.
    #[error("not enough memory to hash a backup code")]
    OutOfMemory,
    /// Argon2 refused its input.
    #[error("hashing a backup code failed: {0}")]
    Argon2(argon2::Error),
    /// No random numbers for the salt or the codes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// What a backup code is hashed with: the same for all codes of a set, so that one
/// evaluation answers for all of them. A new set has a new salt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashRecipe {
    memory_kib: u32,
    passes: u32,
    salt: [u8; SALT_BYTES],
}

impl HashRecipe {
    /// Memory of a new set, KiB: 9 MiB and 4 passes are a row of OWASP's password storage
    /// cheat sheet, and 100 logins at once (sshd's `MaxStartups`) stay below 1 GiB.
    const MEMORY_KIB: u32 = 9216;
    /// Passes of a new set.
    const PASSES: u32 = 4;
    /// What a record may ask for: a hostile one must not take the machine's memory or hours.
    const LEGAL_MEMORY_KIB: std::ops::RangeInclusive<u32> = 8..=65_536;
    /// Likewise.
    const LEGAL_PASSES: std::ops::RangeInclusive<u32> = 1..=10;

    /// Today's parameters under a new salt.
    fn generate() -> Result<Self, NoRandomness> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt)?;
        Ok(Self { memory_kib: Self::MEMORY_KIB, passes: Self::PASSES, salt })
    }

    /// Parameters as a record has them. `None` if they are outside the bounds.
    pub fn from_parts(memory_kib: u32, passes: u32, salt: &[u8]) -> Option<Self> {
        let legal =
            Self::LEGAL_MEMORY_KIB.contains(&memory_kib) && Self::LEGAL_PASSES.contains(&passes);
        let salt = salt.try_into().ok()?;
        legal.then_some(Self { memory_kib, passes, salt })
    }

    /// Memory in KiB.
    pub fn memory_kib(&self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    pub fn passes(&self) -> u32 {
        self.passes
    }

    /// The salt.
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// Hashes one code. The working memory is wiped and given back.
    pub fn hash(
        &self,
        code: &BackupCode,
        memory: &mut dyn HashMemory,
    ) -> Result<CodeHash, HashError> {
        let params =
            Params::new(self.memory_kib, self.passes, 1, Some(32)).map_err(HashError::Argon2)?;
        let blocks = memory.blocks(params.block_count()).ok_or(HashError::OutOfMemory)?;
        let mut hash = Zeroizing::new([0; 32]);
        let outcome = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(&code.0, &self.salt, &mut *hash, &mut *blocks);
        for block in blocks.iter_mut() {
            block.zeroize();
        }
        memory.release();
        outcome.map_err(HashError::Argon2)?;
        Ok(CodeHash(hash))
    }
}

/// The hash of a backup code under one [`HashRecipe`].
#[derive(Clone)]
pub struct CodeHash(Zeroizing<[u8; 32]>);

impl CodeHash {
    /// A hash as a record has it.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &*self.0
    }
}

impl PartialEq for CodeHash {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq_32(&self.0, &other.0)
    }
}

impl Eq for CodeHash {}

impl fmt::Debug for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeHash(hidden)")
    }
}

/// The hashes of a set of backup codes. Which of them are spent stands in the usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupCodeSet {
    recipe: HashRecipe,
    hashes: Vec<CodeHash>,
}

impl BackupCodeSet {
    /// Makes 8 new codes and their hashes.
    pub fn generate(memory: &mut dyn HashMemory) -> Result<(Vec<BackupCode>, Self), HashError> {
        let recipe = HashRecipe::generate()?;
        let codes = (0..CODES).map(|_| BackupCode::generate()).collect::<Result<Vec<_>, _>>()?;
        let hashes =
            codes.iter().map(|code| recipe.hash(code, memory)).collect::<Result<Vec<_>, _>>()?;
        Ok((codes, Self { recipe, hashes }))
    }

    /// A set as a record has it. `None` if it has not 8 hashes.
    pub fn from_parts(recipe: HashRecipe, hashes: Vec<CodeHash>) -> Option<Self> {
        (hashes.len() == CODES).then_some(Self { recipe, hashes })
    }

    /// What the set's codes are hashed with.
    pub fn recipe(&self) -> &HashRecipe {
        &self.recipe
    }

    /// The hashes, in the order in which the codes were shown.
    pub fn hashes(&self) -> &[CodeHash] {
        &self.hashes
    }

    /// Which code of the set has this hash. All are compared whatever is found.
    pub fn position(&self, hash: &CodeHash) -> Option<usize> {
        let mut found = None;
        for (position, known) in self.hashes.iter().enumerate() {
            if known == hash {
                found = Some(position);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_a_set_is_found_and_a_strange_one_is_not() {
        let mut memory = HeapMemory::default();
        let (codes, set) = BackupCodeSet::generate(&mut memory).unwrap();
        assert_eq!(codes.len(), CODES);
        for (position, code) in codes.iter().enumerate() {
            let typed = BackupCode::from_printed(code.printed().to_lowercase().as_bytes()).unwrap();
            assert_eq!(
                set.position(&set.recipe().hash(&typed, &mut memory).unwrap()),
                Some(position)
            );
        }
        let strange = BackupCode::generate().unwrap();
        assert_eq!(set.position(&set.recipe().hash(&strange, &mut memory).unwrap()), None);
    }

    #[test]
    fn no_code_ends_like_a_token() {
        for _ in 0..20_000 {
            let code = BackupCode::generate().unwrap();
            assert!(
                !code
                    .printed()
                    .bytes()
                    .rev()
                    .filter(|b| *b != b'-')
                    .take(6)
                    .all(|b| b.is_ascii_digit())
            );
        }
    }

    #[test]
    fn parameters_of_a_hostile_record_are_refused() {
        let salt = [7; SALT_BYTES];
        assert!(HashRecipe::from_parts(9216, 4, &salt).is_some());
        for (memory, passes) in
            [(4_194_304, 4), (9216, 11), (7, 4), (9216, 0), (u32::MAX, u32::MAX)]
        {
            assert!(HashRecipe::from_parts(memory, passes, &salt).is_none());
        }
        assert!(HashRecipe::from_parts(9216, 4, &salt[1..]).is_none());
    }

    #[test]
    fn a_hash_without_memory_is_an_error() {
        struct NoMemory;
        impl HashMemory for NoMemory {
            fn blocks(&mut self, _: usize) -> Option<&mut [Block]> {
                None
            }
            fn release(&mut self) {
                panic!("nothing was lent")
            }
        }
        let recipe = HashRecipe::generate().unwrap();
        let outcome = recipe.hash(&BackupCode::generate().unwrap(), &mut NoMemory);
        assert!(matches!(outcome, Err(HashError::OutOfMemory)));
    }
}
