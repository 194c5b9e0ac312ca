//! Guest to host: text lines that say how the program fares.

/// One line of the control port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The program is about to start.
    Ready,
    /// It ended by itself.
    Exited(u8),
    /// A signal ended it.
    Killed(u8),
}

impl Event {
    fn parse(line: &str) -> Option<Self> {
        let (word, number) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "ready" => Some(Self::Ready),
            "exit" => number.parse().ok().map(Self::Exited),
            "signal" => number.parse().ok().map(Self::Killed),
            _ => None,
        }
    }

    /// The exit code for the host's shell, when the program has ended.
    pub fn exit_code(self) -> Option<u8> {
        match self {
            Self::Ready => None,
            Self::Exited(code) => Some(code),
            Self::Killed(signal) => Some(signal.saturating_add(128)),
        }
    }
}

/// Gathers bytes into lines; a line that means nothing is dropped.
#[derive(Default)]
pub struct Parser {
    line: Vec<u8>,
}

/// No line of the protocol is longer; a guest that goes mad must not fill the host's memory.
const LONGEST: usize = 64;

impl Parser {
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for &byte in bytes {
            if byte == b'\n' {
                events
                    .extend(std::str::from_utf8(&self.line).ok().and_then(|line| Event::parse(line.trim())));
                self.line.clear();
            } else if self.line.len() < LONGEST {
                self.line.push(byte);
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_may_come_in_pieces() {
        let mut parser = Parser::default();
        assert_eq!(parser.feed(b"ready\nex"), [Event::Ready]);
        assert_eq!(parser.feed(b"it 3\nsignal 9\n"), [Event::Exited(3), Event::Killed(9)]);
    }

    #[test]
    fn noise_is_ignored() {
        let mut parser = Parser::default();
        assert!(parser.feed(b"exit\nexit 999\nhello\n\xff\xfe\n").is_empty());
        assert!(parser.feed(&[b'x'; 10_000]).is_empty());
        assert_eq!(parser.feed(b"\nexit 0\n"), [Event::Exited(0)]);
    }

    #[test]
    fn codes_are_the_shells() {
        assert_eq!(Event::Exited(3).exit_code(), Some(3));
        assert_eq!(Event::Killed(11).exit_code(), Some(139));
        assert_eq!(Event::Ready.exit_code(), None);
    }
}
