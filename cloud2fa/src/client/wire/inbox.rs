//! Messages as they arrive: each ends with a NUL (varlink's rule), none is longer than it may be,
//! and all of it is wiped. Client and service read alike.

use std::io::{self, Read};
use zeroize::{Zeroize, Zeroizing};

/// Bytes of the longest message, either way.
const LONGEST_MESSAGE: usize = 64 * 1024;

/// Bytes that are read at once.
const CHUNK: usize = 4096;

/// What has arrived and was not taken yet.
pub struct Inbox(Zeroizing<Vec<u8>>);

impl Default for Inbox {
    fn default() -> Self {
        // Room for all that may come, so that the buffer never moves: it may hold a password.
        Self(Zeroizing::new(Vec::with_capacity(LONGEST_MESSAGE + CHUNK)))
    }
}

impl Inbox {
    /// The next message, without the NUL, if it is there.
    pub fn take(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        let end = self.end().filter(|end| *end <= LONGEST_MESSAGE)?;
        let message = Zeroizing::new(self.0[..end].to_vec());
        self.0.copy_within(end + 1.., 0);
        let left = self.0.len() - (end + 1);
        self.0[left..].zeroize();
        self.0.truncate(left);
        Some(message)
    }

    /// Reads once. Says how many bytes there were: none at the end.
    pub fn read(&mut self, from: &mut impl Read) -> io::Result<usize> {
        let mut chunk = Zeroizing::new([0; CHUNK]);
        let read = from.read(&mut *chunk)?;
        self.0.extend_from_slice(&chunk[..read]);
        Ok(read)
    }

    /// Whether what is there is too long for the message that it begins. No more must be read
    /// then.
    pub fn is_too_long(&self) -> bool {
        self.end().unwrap_or(self.0.len()) > LONGEST_MESSAGE
    }

    /// Where the first message ends.
    fn end(&self) -> Option<usize> {
        self.0.iter().position(|byte| *byte == 0)
    }

    /// Whether nothing is there.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Bytes that come in pieces of these lengths, over and over.
    struct Pieces<'a> {
        rest: &'a [u8],
        lengths: std::iter::Cycle<std::vec::IntoIter<usize>>,
    }

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.lengths.next().unwrap().min(buffer.len());
            self.rest.read(&mut buffer[..length])
        }
    }

    /// Reads all as client and service do. Gives the messages, and whether one was too long.
    fn read(bytes: &[u8], lengths: Vec<usize>) -> (Vec<Vec<u8>>, bool) {
        let mut from = Pieces { rest: bytes, lengths: lengths.into_iter().cycle() };
        let (mut inbox, mut messages) = (Inbox::default(), Vec::new());
        let (capacity, place) = (inbox.0.capacity(), inbox.0.as_ptr());
        loop {
            if let Some(message) = inbox.take() {
                messages.push(message.to_vec());
                continue;
            }
            if inbox.is_too_long() {
                return (messages, true);
            }
            let read = inbox.read(&mut from).unwrap();
            assert_eq!((inbox.0.capacity(), inbox.0.as_ptr()), (capacity, place), "it moved");
            if read == 0 {
                return (messages, false);
            }
        }
    }

    /// Messages about as long as they may be, and short ones.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let length = prop_oneof![
            4 => 0..40_usize,
            2 => LONGEST_MESSAGE - 3..LONGEST_MESSAGE + 4,
            1 => 0..3 * LONGEST_MESSAGE,
        ];
        let message = (length, any::<u8>(), any::<bool>()).prop_map(|(length, byte, ends)| {
            let mut message = vec![byte.max(1); length];
            message.extend(ends.then_some(0));
            message
        });
        let plain = proptest::collection::vec(message, 0..8).prop_map(|all| all.concat());
        prop_oneof![plain, proptest::collection::vec(any::<u8>(), 0..2000)]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_messages_are_the_same_however_the_bytes_are_cut(
            bytes in bytes(),
            lengths in proptest::collection::vec(1..=2 * CHUNK, 1..6),
        ) {
            // As the rule has it: each ends with a NUL, up to the first that is too long.
            let mut expected: Vec<_> = bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
            let is_too_long = |message: &Vec<u8>| message.len() > LONGEST_MESSAGE;
            let too_long = expected.iter().position(is_too_long);
            expected.truncate(too_long.unwrap_or(expected.len() - 1));
            prop_assert_eq!(read(&bytes, lengths), (expected, too_long.is_some()));
        }
    }
}
