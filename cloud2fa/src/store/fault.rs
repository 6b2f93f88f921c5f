//! What is wrong with a file of a store: kinds, by which callers decide, and the words for people.

/// Why a directory or file of the store cannot be trusted: others than root could have changed it, or it
/// is not what stands at such a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsafe {
    /// The store's directory is something else, or a link.
    #[error("is not a directory")]
    NotADirectory,
    /// What stands in the index's place is something else, or a link.
    #[error("is no directory")]
    IndexNotADirectory,
    /// A file is a directory, a device or the like.
    #[error("is not a regular file")]
    NotAFile,
    /// A record is a symbolic link.
    #[error("is a symbolic link")]
    Link,
    /// It belongs to another user.
    #[error("does not belong to root")]
    NotRoots,
    /// Its mode lets others in.
    #[error("is open to others than root")]
    OpenToOthers,
    /// It has another name, which may be where others can write.
    #[error("has more than one name (hard link)")]
    SecondName,
    /// The marker is too large to be one.
    #[error("is too large")]
    TooLarge,
    /// The marker cannot be read.
    #[error("is damaged")]
    DamagedMarker,
}

impl Unsafe {
    /// Whether `chown` and `chmod` put it right.
    pub fn is_owner_or_mode(self) -> bool {
        matches!(self, Self::NotRoots | Self::OpenToOthers)
    }
}

/// Why a record gives no account. It says nothing of the record's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// No record has this size.
    #[error("it has a wrong size")]
    Size,
    /// Both slots were torn or changed.
    #[error("neither copy in it is as it was written")]
    Slots,
    /// No further commit could be numbered.
    #[error("its sequence number is at the end")]
    LastSequence,
    /// The text of the current slot is none of an account.
    #[error("its content is not an account")]
    NoAccount,
    /// The file has the name of one user, and the text in it another's.
    #[error("it names another user")]
    OtherUser,
    /// An account that was to be written is too long for a slot.
    #[error("its content would not fit")]
    TooLong,
}
