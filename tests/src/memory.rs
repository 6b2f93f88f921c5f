//! The memory of a process, and what must not be found in it.

use cloud2fa::Secret;
use data_encoding::{BASE32_NOPAD, BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

/// Bytes of a piece that is searched for. A whole secret is not: what the allocator writes into
/// memory that was given back would hide it.
const PIECE: usize = 8;

const PAGE: usize = 4096;

/// One mapping that a process may write to.
#[derive(Debug)]
pub struct Mapping {
    /// As in /proc/PID/maps: `[stack]`, `[heap]`, a file, or nothing.
    pub name: String,
    /// Its first address.
    pub begin: usize,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// All that a core file of the process would hold of what it has written: stacks, heap, data.
pub fn of_process(pid: u32) -> Vec<Mapping> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("it runs");
    let memory = File::open(format!("/proc/{pid}/mem")).expect("root may look");
    let mut mappings = Vec::new();
    for line in maps.lines() {
        let fields: Vec<_> = line.split_whitespace().collect();
        if !fields[1].starts_with("rw") {
            continue;
        }
        let number = |hex| usize::from_str_radix(hex, 16).expect("an address");
        let (begin, end) = fields[0].split_once('-').expect("a range");
        let (begin, end) = (number(begin), number(end));
        let mut bytes = vec![0; end - begin];
        // The kernel's own pages cannot be read.
        if memory.read_exact_at(&mut bytes, begin as u64).is_ok() {
            let name = fields.get(5).copied().unwrap_or_default().to_owned();
            mappings.push(Mapping { name, begin, bytes });
        }
    }
    assert!(
        mappings.iter().any(|mapping| mapping.name == "[stack]"),
        "the memory is not even read"
    );
    mappings
}

/// A secret, in one of the forms in which it may stand in memory.
#[derive(Debug)]
struct Form {
    what: String,
    bytes: Vec<u8>,
}

/// What is searched for.
#[derive(Debug, Default)]
pub struct Secrets(Vec<Form>);

impl Secrets {
    /// Adds a text.
    pub fn text(&mut self, what: &str, text: &str) {
        self.0.push(Form { what: what.to_owned(), bytes: text.as_bytes().to_vec() });
    }

    /// Adds a backup code as it is printed and as it may be typed.
    pub fn backup_code(&mut self, what: &str, printed: &str) {
        let plain = printed.replace('-', "");
        for form in [printed, &plain, &printed.to_lowercase(), &plain.to_lowercase()] {
            self.text(what, form);
        }
    }

    /// Adds a key: its bytes, and all that they are written and computed with.
    pub fn key(&mut self, secret: &Secret) {
        let base32 = secret.to_base32();
        let key = &BASE32_NOPAD.decode(base32.as_bytes()).expect("base32");
        for (what, text) in [
            ("the key in base32", base32.to_string()),
            ("the key in base32, in lower case", base32.to_lowercase()),
            ("the key in hexadecimal", HEXLOWER.encode(key)),
            ("the key in hexadecimal, in upper case", HEXUPPER.encode(key)),
            ("the key in base64", BASE64.encode(key)),
            ("the key in base64, for addresses", BASE64URL.encode(key)),
        ] {
            self.text(what, text.trim_end_matches('='));
        }
        // RFC 2104's pads; and SHA-1's words, which are read from the other end on this processor.
        for (what, pad) in
            [("", 0), (" under HMAC's inner pad", 0x36), (" under HMAC's outer pad", 0x5c)]
        {
            let padded: Vec<_> = key.iter().map(|byte| byte ^ pad).collect();
            let words =
                padded.chunks_exact(4).flat_map(|word| word.iter().rev().copied()).collect();
            self.0.push(Form { what: format!("the key{what}"), bytes: padded });
            self.0.push(Form { what: format!("the key{what}, as words"), bytes: words });
        }
    }

    /// The bytes of each form.
    pub fn forms(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|form| &*form.bytes)
    }

    /// What of it stands in `memory`: each form once for each mapping, with the address.
    pub fn found_in(&self, memory: &[Mapping]) -> BTreeSet<String> {
        let pieces = Pieces::of(&self.0);
        let mut found = BTreeMap::new();
        for mapping in memory {
            pieces.search(&mapping.bytes, |at, piece, form| {
                let address = mapping.begin + at;
                let line = format!("({}) at {address:#x} {}", piece.escape_ascii(), mapping.name);
                found.entry((&form.what, mapping.begin)).or_insert(line);
            });
        }
        found.into_iter().map(|((what, _), line)| format!("{what} {line}")).collect()
    }
}

/// All pieces of some forms, to be searched for in one go: a process has megabytes.
struct Pieces<'a> {
    /// Whether a piece begins with these two bytes.
    begins: Vec<bool>,
    pieces: HashMap<&'a [u8], &'a Form>,
    lengths: BTreeSet<usize>,
}

impl<'a> Pieces<'a> {
    fn of(forms: &'a [Form]) -> Self {
        let (mut begins, mut pieces) = (vec![false; 1 << 16], HashMap::new());
        for form in forms {
            for piece in form.bytes.windows(PIECE.min(form.bytes.len())) {
                begins[usize::from(u16::from_ne_bytes([piece[0], piece[1]]))] = true;
                pieces.insert(piece, form);
            }
        }
        let lengths = pieces.keys().map(|piece| piece.len()).collect();
        Self { begins, pieces, lengths }
    }

    fn search(&self, memory: &[u8], mut found: impl FnMut(usize, &[u8], &'a Form)) {
        for (page, bytes) in memory.chunks(PAGE).enumerate() {
            // Most of it, and slow to look through without optimisation.
            if bytes != [0; PAGE] {
                self.search_page(memory, page * PAGE, &mut found);
            }
        }
    }

    /// Searches for pieces that begin in the page at `begin`.
    fn search_page(
        &self,
        memory: &[u8],
        begin: usize,
        found: &mut impl FnMut(usize, &[u8], &'a Form),
    ) {
        let here = &memory[begin..memory.len().min(begin + PAGE + 1)];
        for (at, two) in (begin..).zip(here.windows(2)) {
            if !self.begins[usize::from(u16::from_ne_bytes([two[0], two[1]]))] {
                continue;
            }
            for piece in self.lengths.iter().filter_map(|length| memory.get(at..at + length)) {
                if let Some(form) = self.pieces.get(piece) {
                    found(at, piece, form);
                }
            }
        }
    }
}
