//! A person at the terminal: `exo shell` on a pseudo-terminal, keys typed, the screen read.

use std::time::{Duration, Instant};

use anyhow::{bail, ensure, Context, Result};

use super::{selected, Results};
use crate::cli::TestOptions;
use crate::project::Project;
use crate::pty::Session;

const PROMPT: &str = "root@exo:";
/// Nothing here takes more than a second or two on an idle host; a busy one gets its time.
const LIMIT: Duration = Duration::from_secs(120);

const CTRL_A: &str = "\x01";
const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const CTRL_R: &str = "\x12";
const CTRL_U: &str = "\x15";
const CTRL_Z: &str = "\x1a";
const ESCAPE: &str = "\x1b";
const LEFT: &str = "\x1b[D";
const UP: &str = "\x1b[A";
const BACKSPACE: &str = "\x7f";

/// A booted system and its shell.
struct Shell {
    session: Session,
}

impl Shell {
    fn boot(options: &TestOptions, machine: &str) -> Result<Self> {
        let machine = if options.machine.linux { "pc" } else { machine };
        let mut words = vec!["shell".to_owned()];
        words.extend(options.machine.words_with(&["--machine", machine]));
        let own = std::env::current_exe()?;
        Self::from(Session::start(&own, &words, 24, 80)?)
    }

    fn from(session: Session) -> Result<Self> {
        let shell = Self { session };
        shell.session.wait_text(PROMPT, LIMIT)?;
        Ok(shell)
    }

    fn keys(&mut self, keys: &str) -> Result<()> {
        self.session.send(keys)
    }

    fn sees(&self, text: &str) -> Result<()> {
        self.session.wait_text(text, LIMIT)
    }

    /// Types a command and waits until the prompt is back; returns what was written between.
    fn command(&mut self, line: &str) -> Result<String> {
        self.session.forget();
        self.keys(&format!("{line}; echo =$((6*7))=\r"))?;
        self.sees("=42=").with_context(|| format!("after typing: {line}"))?;
        self.prompt()?;
        Ok(self.session.screen())
    }

    /// Types a command again and again until its output has `text` in it.
    fn command_until(&mut self, line: &str, text: &str) -> Result<()> {
        let start = Instant::now();
        while !self.command(line)?.contains(text) {
            ensure!(start.elapsed() < LIMIT, "{line} did not show {text:?}:\n{}", self.session.screen());
        }
        Ok(())
    }

    /// Types text into vi, which inserts it, and Escape. Each waits until vi's last line shows its mode (`I` or `-`):
    /// a key right behind Escape would be taken for part of a longer sequence.
    fn vi_insert(&mut self, keys: &str) -> Result<()> {
        for (keys, mode) in [(keys, "I "), (ESCAPE, "- ")] {
            self.keys(keys)?;
            self.session.wait_screen("vi's mode", LIMIT, |screen| {
                screen.contents().lines().last().is_some_and(|line| line.starts_with(mode))
            })?;
        }
        Ok(())
    }

    /// Waits until the cursor stands behind a prompt.
    fn prompt(&self) -> Result<()> {
        self.session.wait_screen("a prompt at the cursor", LIMIT, |screen| {
            let (row, column) = screen.cursor_position();
            let line = screen.contents_between(row, 0, row, column);
            line.starts_with(PROMPT) && line.trim_end().ends_with('#')
        })
    }
}

type Scene = (&'static str, fn(&mut Shell) -> Result<()>);

/// In this order, in one boot.
const SCENES: &[Scene] = &[
    ("prompt", |shell| shell.prompt()),
    ("a command", |shell| {
        ensure!(shell.command("echo a-b | tr - +")?.contains("a+b"), "no output: {}", shell.session.screen());
        Ok(())
    }),
    ("line editing", line_editing),
    ("history", history),
    ("tab completion", completion),
    ("Ctrl-C on yes", interrupt),
    ("Ctrl-Z, jobs, bg, fg", job_control),
    ("Ctrl-D", end_of_input),
    ("window size", window_size),
    ("vi edits and saves", vi),
    ("top redraws", top),
    ("less", less),
    ("Ctrl-S and Ctrl-Q", flow_control),
    ("quoted and erased characters", erase),
    ("a quiet line", noecho),
    ("poweroff", poweroff),
];

pub fn run(project: &Project, options: &TestOptions) -> Result<Results> {
    let mut results = Results::default();
    // The yardstick has nobody to take window sizes from the host.
    let wanted: Vec<&Scene> = SCENES
        .iter()
        .filter(|(name, _)| selected(options, &scene_name(name)))
        .filter(|(name, _)| !options.machine.linux || *name != "window size")
        .collect();
    if !wanted.is_empty() {
        scenes(options, &wanted, &mut results);
    }
    for machine in ["pc", "q35"] {
        let name = format!("terminal: {machine} to the prompt and off");
        if selected(options, &name) {
            results.record(&name, other_machine(options, machine));
        }
    }
    let name = "terminal: exo run at a terminal";
    if selected(options, name) {
        results.record(name, run_at_terminal(options));
    }
    let name = "terminal: GRUB boots the ISO";
    if selected(options, name) && !options.machine.linux {
        results.record(name, iso(project, options));
    }
    Ok(results)
}

fn scene_name(name: &str) -> String {
    format!("terminal: {name}")
}

fn scenes(options: &TestOptions, scenes: &[&Scene], results: &mut Results) {
    let mut shell = match Shell::boot(options, "microvm") {
        Ok(shell) => shell,
        Err(error) => return results.fail("terminal: boot on microvm", &format!("{error:#}")),
    };
    for (name, scene) in scenes {
        let verdict = scene(&mut shell);
        let failed = verdict.is_err();
        results.record(&scene_name(name), verdict);
        // A scene that went wrong may have left anything on the screen: the next gets a new system.
        if failed {
            match Shell::boot(options, "microvm") {
                Ok(fresh) => shell = fresh,
                Err(error) => return results.fail("terminal: boot once more", &format!("{error:#}")),
            }
        }
    }
}

fn line_editing(shell: &mut Shell) -> Result<()> {
    shell.session.forget();
    // "ech Xhello", mended: back over the X, and an o put where it belongs.
    shell.keys("ech Xhello-edited")?;
    for _ in 0.."hello-edited".len() {
        shell.keys(LEFT)?;
    }
    shell.keys(&format!("{BACKSPACE}{LEFT}o\r"))?;
    shell.sees("\nhello-edited")?;
    shell.prompt()
}

fn history(shell: &mut Shell) -> Result<()> {
    shell.command("echo first-$((1+1))")?;
    shell.command("echo second-$((1+2))")?;
    shell.session.forget();
    shell.keys(&format!("{UP}{UP}\r"))?;
    shell.sees("\nfirst-2")?;
    shell.prompt()?;
    shell.session.forget();
    shell.keys(&format!("{CTRL_R}second-$\r"))?;
    shell.sees("\nsecond-3")?;
    shell.prompt()
}

fn completion(shell: &mut Shell) -> Result<()> {
    shell.command("mkdir -p /tmp/complete; echo found-it >/tmp/complete/a-rather-long-name")?;
    shell.session.forget();
    shell.keys("cat /tmp/complete/a-r\t\r")?;
    shell.sees("\nfound-it")?;
    shell.prompt()
}

fn interrupt(shell: &mut Shell) -> Result<()> {
    shell.session.forget();
    shell.keys("yes\r")?;
    shell.sees("\ny\r")?;
    shell.keys(CTRL_C)?;
    shell.prompt()?;
    ensure!(shell.command("echo status-$?")?.contains("status-130"), "yes did not end by SIGINT");
    Ok(())
}

fn job_control(shell: &mut Shell) -> Result<()> {
    shell.session.forget();
    // It speaks when it is in the foreground: only then do keys reach it.
    shell.keys("sh -c 'echo ready-$((1+1)); exec sleep 1000'\r")?;
    shell.sees("ready-2")?;
    shell.keys(CTRL_Z)?;
    shell.sees("Stopped")?;
    shell.prompt()?;
    ensure!(shell.command("jobs")?.contains("Stopped"), "jobs shows no stopped job");
    shell.command("bg")?;
    ensure!(shell.command("clear; jobs")?.contains("Running"), "bg did not continue the job");
    shell.session.forget();
    shell.keys("fg\r")?;
    shell.sees("\nsh -c")?;
    std::thread::sleep(Duration::from_millis(300));
    shell.keys(CTRL_C)?;
    shell.prompt()?;
    ensure!(!shell.command("clear; jobs")?.contains("sleep"), "the job outlived Ctrl-C");
    Ok(())
}

fn end_of_input(shell: &mut Shell) -> Result<()> {
    shell.session.forget();
    shell.keys("cat >/tmp/typed\rone\rtwo\r")?;
    std::thread::sleep(Duration::from_millis(200));
    shell.keys(CTRL_D)?;
    shell.prompt()?;
    ensure!(shell.command("wc -l </tmp/typed")?.contains("\n2"), "cat saved other than two lines");
    // Ctrl-D at an empty prompt ends the shell; init starts another.
    shell.session.forget();
    shell.keys(CTRL_D)?;
    shell.sees("Welcome")?;
    shell.prompt()
}

fn window_size(shell: &mut Shell) -> Result<()> {
    ensure!(shell.command("clear; stty size")?.contains("24 80"), "the size at the start is not 24 80");
    shell.session.resize(40, 100)?;
    shell.command_until("clear; stty size", "40 100")?;
    shell.session.resize(24, 80)?;
    shell.command_until("clear; stty size", "24 80")?;
    shell.command("clear")?;
    Ok(())
}

fn vi(shell: &mut Shell) -> Result<()> {
    shell.command("rm -f /tmp/text")?;
    shell.keys("vi /tmp/text\r")?;
    shell
        .session
        .wait_screen("vi's empty lines", LIMIT, |screen| screen.contents().matches("\n~").count() > 15)?;
    shell.vi_insert("ifirst line\rsecond lime")?;
    shell.vi_insert("hrn0iX")?;
    shell.session.wait_screen("the edited text", LIMIT, |screen| {
        screen.contents().starts_with("first line\nXsecond line")
    })?;
    shell.keys(":wq\r")?;
    shell.prompt()?;
    let shown = shell.command("clear; cat /tmp/text")?;
    ensure!(shown.contains("first line\nXsecond line\n"), "the file is not what was typed:\n{shown}");
    Ok(())
}

fn top(shell: &mut Shell) -> Result<()> {
    shell.session.forget();
    shell.keys("top -d 1\r")?;
    shell.sees("PPID")?;
    shell.session.forget();
    shell.sees("PPID").context("top did not draw a second time")?;
    shell.session.wait_screen("the table", LIMIT, |screen| screen.contents().contains("Load average"))?;
    shell.keys("q")?;
    shell.prompt()?;
    shell.command("clear")?;
    Ok(())
}

fn less(shell: &mut Shell) -> Result<()> {
    shell.command("seq 1 500 >/tmp/numbers; clear")?;
    shell.keys("less /tmp/numbers\r")?;
    shell.session.wait_screen("the first page", LIMIT, |screen| screen.contents().starts_with("1\n2\n3"))?;
    shell.keys(" ")?;
    shell.session.wait_screen("the second page", LIMIT, |screen| screen.contents().starts_with("24\n25"))?;
    shell.keys("G")?;
    shell.session.wait_screen("the last page", LIMIT, |screen| screen.contents().contains("\n500"))?;
    shell.keys("g")?;
    shell
        .session
        .wait_screen("the first page again", LIMIT, |screen| screen.contents().starts_with("1\n2\n3"))?;
    for key in ["/", "7", "7", "\r"] {
        shell.keys(key)?;
        std::thread::sleep(Duration::from_millis(200));
    }
    shell.session.wait_screen("what was searched for", LIMIT, |screen| {
        screen.contents().lines().next().is_some_and(|line| line.contains("77"))
    })?;
    shell.keys("q")?;
    shell.prompt()?;
    shell.command("clear")?;
    Ok(())
}

fn flow_control(shell: &mut Shell) -> Result<()> {
    shell.command("stty ixon")?;
    shell.session.forget();
    shell.keys("(i=0; while [ $i -lt 30 ]; do echo tick-$i; sleep 0.1; i=$((i+1)); done)\r")?;
    shell.sees("\ntick-3")?;
    shell.keys("\x13")?;
    std::thread::sleep(Duration::from_millis(600));
    shell.session.forget();
    std::thread::sleep(Duration::from_millis(700));
    let quiet = shell.session.wait_text("tick", Duration::from_millis(1)).is_err();
    shell.keys("\x11")?;
    shell.sees("tick-29")?;
    shell.prompt()?;
    ensure!(quiet, "output went on after Ctrl-S");
    Ok(())
}

fn erase(shell: &mut Shell) -> Result<()> {
    shell.session.forget();
    // The kernel's own line discipline, not the shell's editor, serves cat.
    shell.keys("sh -c 'echo ready-$((1+1)); exec cat'\r")?;
    shell.sees("ready-2")?;
    shell.keys(&format!("wrongg{BACKSPACE}\r"))?;
    shell.sees("\nwrong\r")?;
    shell.session.forget();
    shell.keys(&format!("lost{CTRL_U}one two\x17three\r"))?;
    shell.sees("\none three\r")?;
    shell.keys(CTRL_D)?;
    shell.prompt()
}

fn noecho(shell: &mut Shell) -> Result<()> {
    shell.session.forget();
    shell.keys("stty -echo; echo ready-$((1+1)); read secret; stty echo; echo [$secret] | tr a-z A-Z\r")?;
    shell.sees("ready-2")?;
    shell.session.forget();
    shell.keys("hidden\r")?;
    shell.sees("[HIDDEN]")?;
    ensure!(shell.session.wait_text("hidden", Duration::from_millis(1)).is_err(), "the secret was echoed");
    shell.prompt()
}

fn poweroff(shell: &mut Shell) -> Result<()> {
    shell.keys("poweroff\r")?;
    match shell.session.wait_exit(LIMIT)? {
        0 => Ok(()),
        code => bail!("the command ends with {code}"),
    }
}

/// Another kind of machine, left with Ctrl-A X.
fn other_machine(options: &TestOptions, machine: &str) -> Result<()> {
    let mut shell = Shell::boot(options, machine)?;
    ensure!(shell.command("uname -m")?.contains("x86_64"), "uname says something else");
    shell.keys(&format!("{CTRL_A}x"))?;
    shell.session.wait_exit(LIMIT)?;
    Ok(())
}

/// `exo run` gives the program the terminal: it sees one, Ctrl-C reaches it, its exit code comes back.
fn run_at_terminal(options: &TestOptions) -> Result<()> {
    let script = "test -t 0 && test -t 1 && test -t 2 && echo all-three; \
                  trap 'echo interrupted; exit 5' INT; echo waiting; read line; echo read-$line; \
                  while :; do sleep 1; done";
    let mut words = vec!["run".to_owned()];
    words.extend(options.machine.words_with(&["sh", "-c", script]));
    let mut session = Session::start(&std::env::current_exe()?, &words, 24, 80)?;
    session.wait_text("all-three", LIMIT)?;
    session.wait_text("waiting", LIMIT)?;
    session.send("abc\r")?;
    session.wait_text("read-abc", LIMIT)?;
    session.send(CTRL_C)?;
    session.wait_text("interrupted", LIMIT)?;
    let code = session.wait_exit(LIMIT)?;
    ensure!(code == 5, "the exit code is {code}, should be 5");
    Ok(())
}

fn iso(project: &Project, options: &TestOptions) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let image = folder.path().join("exo-os.iso");
    crate::iso::iso(&crate::cli::IsoOptions { output: Some(image.clone()) })?;
    ensure!(project.root.exists(), "the project is gone");
    let words =
        ["-nodefaults", "-m", "256", "-display", "none", "-vga", "std", "-serial", "mon:stdio", "-cdrom"];
    let mut words: Vec<String> = words.map(String::from).into();
    words.push(image.to_string_lossy().into_owned());
    words.extend(["-smp".to_owned(), options.machine.cpus.to_string()]);
    let mut shell = Shell::from(Session::start(crate::machine::QEMU.as_ref(), &words, 24, 80)?)?;
    ensure!(shell.command("cat /proc/cmdline")?.contains("init=/init"), "the command line did not arrive");
    poweroff(&mut shell)
}
