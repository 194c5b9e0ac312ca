//! A terminal with nobody in front of it: types keys into a program and reads its screen.

use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail, Context, Result};
use portable_pty::{native_pty_system, Child, CommandBuilder, MasterPty, PtySize};

struct Shown {
    parser: vt100::Parser,
    /// Everything that came, for what scrolls away.
    bytes: Vec<u8>,
    open: bool,
}

/// A program on a pseudo-terminal, and the screen that a person would see.
pub struct Session {
    shown: Arc<(Mutex<Shown>, Condvar)>,
    keyboard: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
}

impl Session {
    pub fn start(program: &std::path::Path, words: &[String], rows: u16, columns: u16) -> Result<Self> {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).context("can't open a pseudo-terminal")?;
        let mut command = CommandBuilder::new(program);
        command.args(words);
        command.env("TERM", "vt100");
        let child = pair.slave.spawn_command(command).context("can't start the program")?;
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader()?;
        let keyboard = pair.master.take_writer()?;
        let shown = Shown { parser: vt100::Parser::new(rows, columns, 0), bytes: Vec::new(), open: true };
        let shown = Arc::new((Mutex::new(shown), Condvar::new()));
        let sink = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let count = reader.read(&mut buffer).unwrap_or(0);
                let mut state = sink.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                state.parser.process(&buffer[..count]);
                state.bytes.extend_from_slice(&buffer[..count]);
                state.open = count != 0;
                sink.1.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        Ok(Self { shown, keyboard, master: pair.master, child })
    }

    pub fn send(&mut self, keys: &str) -> Result<()> {
        self.keyboard.write_all(keys.as_bytes()).context("nobody reads the keyboard")
    }

    pub fn resize(&mut self, rows: u16, columns: u16) -> Result<()> {
        let mut state = self.shown.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.parser.screen_mut().set_size(rows, columns);
        drop(state);
        self.master
            .resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 })
            .map_err(|error| anyhow!("can't resize the pseudo-terminal: {error}"))
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        self.shown.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).parser.screen().contents()
    }

    /// Forgets what was written, so that the next wait sees only what is new. The screen stays.
    pub fn forget(&mut self) {
        self.shown.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).bytes.clear();
    }

    /// Until the screen satisfies `wanted`.
    pub fn wait_screen(
        &self,
        what: &str,
        limit: Duration,
        wanted: impl Fn(&vt100::Screen) -> bool,
    ) -> Result<()> {
        self.wait(what, limit, |state| wanted(state.parser.screen()))
    }

    /// Until `text` was written, wherever it went on the screen.
    pub fn wait_text(&self, text: &str, limit: Duration) -> Result<()> {
        self.wait(&format!("the text {text:?}"), limit, |state| {
            state.bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    }

    fn wait(&self, what: &str, limit: Duration, wanted: impl Fn(&Shown) -> bool) -> Result<()> {
        let deadline = Instant::now() + limit;
        let mut state = self.shown.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        loop {
            if wanted(&state) {
                return Ok(());
            }
            let now = Instant::now();
            if now >= deadline || !state.open {
                let why = if state.open { "in vain" } else { "but the program ended" };
                bail!(
                    "waited for {what} {why}; the screen shows:\n{}",
                    framed(&state.parser.screen().contents())
                );
            }
            let waited = self.shown.1.wait_timeout(state, deadline - now);
            state = waited.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }

    /// The exit code, once the program has ended by itself.
    pub fn wait_exit(&mut self, limit: Duration) -> Result<u32> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.exit_code());
            }
            if Instant::now() >= deadline {
                bail!(
                    "the program still runs after {limit:?}; the screen shows:\n{}",
                    framed(&self.screen())
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn id(&self) -> Option<u32> {
        self.child.process_id()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // QEMU is a child of the command on the terminal and dies of the hang-up; the command itself
        // may hold out.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn framed(screen: &str) -> String {
    let mut text = String::new();
    for line in screen.trim_end().lines() {
        text += &format!("  | {line}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[test]
    fn a_shell_answers() {
        let words = ["-c".to_owned(), "read line; printf '\\033[5;10Hgot %s\\n' $line; exit 7".to_owned()];
        let mut session = Session::start("/bin/sh".as_ref(), &words, 24, 80).unwrap();
        session.send("abc\n").unwrap();
        session.wait_text("got abc", LIMIT).unwrap();
        let placed = |screen: &vt100::Screen| screen.contents_between(4, 9, 4, 16) == "got abc";
        session.wait_screen("the text in place", LIMIT, placed).unwrap();
        assert_eq!(session.wait_exit(LIMIT).unwrap(), 7);
        assert!(session.wait_text("never", LIMIT).unwrap_err().to_string().contains("program ended"));
    }
}
