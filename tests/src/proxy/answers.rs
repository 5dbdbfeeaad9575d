//! Postgres's side of the conversation, cut into answers.

/// A message: one byte for its kind, four for the length of the rest, these four included.
const HEADER: usize = 5;

/// Whether an answer acknowledges a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Committed {
    Yes,
    No,
}

/// Bytes of the server that are not yet passed on.
#[derive(Debug, Default)]
pub(super) struct Answers {
    bytes: Vec<u8>,
    /// Up to here the messages are looked at.
    seen: usize,
    completed: bool,
}

impl Answers {
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole answer: everything up to the server's being ready again, or, while somebody logs in, one message.
    ///
    /// Statements are complete before they are committed; the commit is over when the server says that it is ready and
    /// in no transaction.
    pub(super) fn next(&mut self) -> Option<(Vec<u8>, Committed)> {
        loop {
            let (kind, body, end) = self.message()?;
            self.seen = end;
            match kind {
                b'Z' => {
                    let committed = std::mem::take(&mut self.completed) && body == Some(b'I');
                    return Some((self.pass_on(), if committed { Committed::Yes } else { Committed::No }));
                }
                b'C' => self.completed = true,
                // A failed statement completes nothing.
                b'E' => self.completed = false,
                // The client must speak next, or has been waiting for just this.
                b'R' | b'G' | b'W' | b'A' => return Some((self.pass_on(), Committed::No)),
                _ => {}
            }
        }
    }

    /// What the server said last before it hung up.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    fn message(&self) -> Option<(u8, Option<u8>, usize)> {
        let rest = self.bytes.get(self.seen..)?;
        let header = rest.get(..HEADER)?;
        let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]);
        let length = usize::try_from(length).ok()? + 1;
        let whole = rest.get(..length)?;
        Some((header[0], whole.get(HEADER).copied(), self.seen + length))
    }

    fn pass_on(&mut self) -> Vec<u8> {
        let rest = self.bytes.split_off(self.seen);
        self.seen = 0;
        std::mem::replace(&mut self.bytes, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap_or_default();
        [&[kind][..], &length.to_be_bytes(), body].concat()
    }

    fn verdicts(messages: &[Vec<u8>]) -> Vec<Committed> {
        let mut answers = Answers::default();
        let mut verdicts = Vec::new();
        // One byte at a time: a message may be torn anywhere.
        for byte in messages.concat() {
            answers.take(&[byte]);
            verdicts.extend(std::iter::from_fn(|| answers.next()).map(|(_, committed)| committed));
        }
        verdicts
    }

    #[test]
    fn a_statement_of_its_own_commits_when_the_server_is_ready_again() {
        let told = [message(b'D', b"row"), message(b'C', b"SELECT 1\0"), message(b'Z', b"I")];
        assert_eq!(verdicts(&told), [Committed::Yes]);
    }

    #[test]
    fn within_a_transaction_only_its_end_commits() {
        let told = [
            message(b'C', b"BEGIN\0"),
            message(b'Z', b"T"),
            message(b'C', b"INSERT 0 1\0"),
            message(b'Z', b"T"),
            message(b'C', b"COMMIT\0"),
            message(b'Z', b"I"),
        ];
        assert_eq!(verdicts(&told), [Committed::No, Committed::No, Committed::Yes]);
    }

    #[test]
    fn logging_in_preparing_and_failing_commit_nothing() {
        let told = [
            message(b'R', &[0, 0, 0, 10]),
            message(b'R', &[0, 0, 0, 0]),
            message(b'S', b"a\0b\0"),
            message(b'Z', b"I"),
            message(b'1', b""),
            message(b't', b"\0\0"),
            message(b'Z', b"I"),
            message(b'E', b"SERROR\0\0"),
            message(b'Z', b"I"),
        ];
        assert_eq!(verdicts(&told), [Committed::No; 5]);
    }

    #[test]
    fn nothing_is_added_or_lost_on_the_way() {
        let told = [message(b'R', &[0; 4]), message(b'Z', b"I"), message(b'C', b"x\0"), message(b'Z', b"I")].concat();
        let mut answers = Answers::default();
        answers.take(&told);
        let passed: Vec<u8> = std::iter::from_fn(|| answers.next()).flat_map(|(bytes, _)| bytes).collect();
        assert_eq!(passed, told);
    }
}
