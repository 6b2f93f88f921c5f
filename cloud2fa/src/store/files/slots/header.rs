//! A slot's first line. Its fields are the same in all formats to come.

/// Begins the line.
pub(super) const MAGIC: &str = "cloud2fa-account";

/// No file lives long enough to get here by commits; a header beyond was forged, and
/// would leave no room for the commits to come.
pub(in crate::store) const HIGHEST_SEQUENCE: u64 = u64::MAX / 2;

/// Hexadecimal digits of a nonce.
pub(in crate::store) const NONCE_LENGTH: usize = 16;

/// Hexadecimal digits of a BLAKE2b-256.
pub(super) const HEADER_CHECKSUM_LENGTH: usize = 64;

/// What the line says.
pub(super) struct Header<'a> {
    pub(super) format: u64,
    pub(super) sequence: u64,
    pub(super) length: usize,
    pub(super) nonce: &'a str,
    pub(super) checksum: &'a str,
    pub(super) checksum_at: usize,
}

impl<'a> Header<'a> {
    /// Reads the line.
    pub(super) fn parse(slot: &'a [u8]) -> Option<Self> {
        let end = slot.iter().position(|byte| *byte == b'\n')?;
        let line = std::str::from_utf8(&slot[..end]).ok()?;
        let mut fields = line.split(' ');
        if fields.next()? != MAGIC {
            return None;
        }
        let format = fields.next()?.parse().ok()?;
        let sequence = fields.next()?.parse().ok().filter(|number| *number <= HIGHEST_SEQUENCE)?;
        let length = fields.next()?.parse().ok()?;
        let nonce = fields.next()?;
        let checksum = fields.next()?;
        let complete = nonce.len() == NONCE_LENGTH
            && checksum.len() == HEADER_CHECKSUM_LENGTH
            && fields.next().is_none();
        let checksum_at = end.checked_sub(HEADER_CHECKSUM_LENGTH)?;
        complete.then_some(Self { format, sequence, length, nonce, checksum, checksum_at })
    }
}
