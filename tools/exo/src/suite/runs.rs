//! `exo run` as a script calls it: the real command, with pipes.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{ensure, Context, Result};
use sched_recording::{text, Clock, Recording, Script, Step};

use super::{selected, Results};
use crate::cli::TestOptions;
use crate::project::Project;

/// One call of the command and what must come of it.
struct Case {
    name: &'static str,
    words: &'static [&'static str],
    input: &'static [u8],
    output: &'static [u8],
    error: &'static str,
    code: i32,
}

/// The second CPU writes to files in memory: 40 MiB, and then more than its node has.
const TWO_NODES: &str = "\
cd /sys/devices/system/node
cat online has_cpu has_memory node0/cpulist node1/cpulist node0/distance node1/distance
free() { awk '/MemFree/ {print int($4 / 1024)}' node$1/meminfo; }
mkdir -p /tmp/m && mount -t tmpfs -o size=240m none /tmp/m
zero=$(free 0) one=$(free 1)
taskset 2 dd if=/dev/zero of=/tmp/m/x bs=1M count=40 2>/dev/null
[ $((one - $(free 1))) -ge 38 ] && [ $((zero - $(free 0))) -le 4 ] && echo near
taskset 2 dd if=/dev/zero of=/tmp/m/y bs=1M count=$((one - 20)) 2>/dev/null
[ $((zero - $(free 0))) -ge 15 ] && [ -s /tmp/m/y ] && echo far
umount /tmp/m
[ $((zero - $(free 0))) -le 8 ] && [ $((one - $(free 1))) -le 8 ] && echo given back";

const CASES: &[Case] = &[
    Case {
        name: "exit code",
        words: &["/bin/busybox", "sh", "-c", "exit 3"],
        input: b"",
        output: b"",
        error: "",
        code: 3,
    },
    Case {
        name: "pipe through tr",
        words: &["busybox", "tr", "a-z", "A-Z"],
        input: b"hello\n",
        output: b"HELLO\n",
        error: "",
        code: 0,
    },
    Case {
        name: "killed by a signal",
        words: &["sh", "-c", "kill -TERM $$"],
        input: b"",
        output: b"",
        error: "",
        code: 143,
    },
    Case {
        name: "segmentation fault",
        words: &["sh", "-c", "kill -SEGV $$"],
        input: b"",
        output: b"",
        error: "",
        code: 139,
    },
    Case {
        name: "two nodes: memory comes from the CPU's own, and from the other when that is full",
        words: &["--nodes", "2", "--cpus", "2", "--mem", "256M", "sh", "-c", TWO_NODES],
        input: b"",
        output: b"0-1\n0-1\n0-1\n0\n1\n10 20\n20 10\nnear\nfar\ngiven back\n",
        error: "",
        code: 0,
    },
    Case {
        name: "two outputs",
        words: &["sh", "-c", "echo out; echo err >&2"],
        input: b"",
        output: b"out\n",
        error: "err\n",
        code: 0,
    },
    Case {
        name: "no carriage return is added",
        words: &["printf", "a\\nb\\r\\nc"],
        input: b"",
        output: b"a\nb\r\nc",
        error: "",
        code: 0,
    },
    Case {
        name: "an empty input ends",
        words: &["wc", "-c"],
        input: b"",
        output: b"0\n",
        error: "",
        code: 0,
    },
    Case {
        name: "not a terminal",
        words: &["sh", "-c", "test -t 0 || test -t 1 || test -t 2; echo $?"],
        input: b"",
        output: b"1\n",
        error: "",
        code: 0,
    },
    Case {
        name: "environment",
        words: &["--env", "A=b c", "sh", "-c", "echo \"$A\""],
        input: b"",
        output: b"b c\n",
        error: "",
        code: 0,
    },
    Case {
        name: "working directory",
        words: &["--cwd", "/usr/bin", "pwd"],
        input: b"",
        output: b"/usr/bin\n",
        error: "",
        code: 0,
    },
    Case {
        name: "no such program",
        words: &["no-such-program"],
        input: b"",
        output: b"",
        error: "exo: no program no-such-program",
        code: 125,
    },
    Case {
        name: "timeout",
        words: &["--timeout", "4", "sleep", "1000"],
        input: b"",
        output: b"",
        error: "exo: sleep did not end within 4 s",
        code: 124,
    },
    Case {
        name: "two CPUs, q35",
        words: &["--cpus", "2", "--machine", "q35", "nproc"],
        input: b"",
        output: b"2\n",
        error: "",
        code: 0,
    },
    Case {
        name: "four CPUs, microvm",
        words: &["--cpus", "4", "--machine", "microvm", "sh", "-c", "grep -c ^processor /proc/cpuinfo"],
        input: b"",
        output: b"4\n",
        error: "",
        code: 0,
    },
    Case {
        name: "eight CPUs, pc",
        words: &["--cpus", "8", "--machine", "pc", "sh", "-c", "seq 8 | xargs -P 8 -n 1 sh -c : && nproc"],
        input: b"",
        output: b"8\n",
        error: "",
        code: 0,
    },
    Case {
        name: "fewer CPUs than there are",
        words: &["--cpus", "4", "--append", "maxcpus=2", "cat", "/sys/devices/system/cpu/online"],
        input: b"",
        output: b"0-1\n",
        error: "",
        code: 0,
    },
    Case {
        name: "pc, qemu64",
        words: &["--machine", "pc", "--cpu", "qemu64", "echo", "pc"],
        input: b"",
        output: b"pc\n",
        error: "",
        code: 0,
    },
    Case {
        name: "trace",
        words: &["--trace", "mkdir", "/tmp/a/b"],
        input: b"",
        output: b"",
        error: "    2 +++ mkdir +++\n    2 arch_prctl(",
        code: 1,
    },
    Case {
        name: "counted instructions",
        words: &["--icount", "echo", "icount"],
        input: b"",
        output: b"icount\n",
        error: "",
        code: 0,
    },
];

pub fn run(project: &Project, options: &TestOptions) -> Result<Results> {
    let mut results = Results::default();
    for case in CASES {
        if selected(options, case.name) {
            results.record(&format!("exo run: {}", case.name), check(case, options));
        }
    }
    if selected(options, "every byte") {
        results.record("exo run: every byte arrives unchanged", every_byte(options));
    }
    if selected(options, "file from the host") {
        results.record("exo run: file from the host", host_file(project, options));
    }
    if selected(options, "program from the host") {
        results.record("exo run: program from the host", host_program(project, options));
    }
    if selected(options, "recorded") && !options.machine.linux {
        results.record("exo run: what the scheduler does is recorded", recorded(options));
    }
    Ok(results)
}

struct Ended {
    output: Vec<u8>,
    error: String,
    code: i32,
}

fn exo(words: &[&str], input: &[u8], options: &TestOptions) -> Result<Ended> {
    let own = std::env::current_exe().context("can't find this command again")?;
    let mut command = Command::new(own);
    command.arg("run");
    if !words.contains(&"--timeout") {
        command.args(["--timeout", "60"]);
    }
    let mut child = command
        .args(options.machine.words_with(words))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("can't start this command again")?;
    let mut stdin = child.stdin.take().context("the child has a standard input")?;
    let data = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&data)));
    let result = child.wait_with_output()?;
    drop(writer.join());
    Ok(Ended {
        output: result.stdout,
        error: String::from_utf8_lossy(&result.stderr).into_owned(),
        code: result.status.code().unwrap_or(-1),
    })
}

fn check(case: &Case, options: &TestOptions) -> Result<()> {
    let ended = exo(case.words, case.input, options)?;
    ensure!(
        ended.code == case.code,
        "exit code {}, should be {}; standard error:\n{}",
        ended.code,
        case.code,
        ended.error
    );
    ensure!(
        ended.output == case.output,
        "output {:?}, should be {:?}",
        String::from_utf8_lossy(&ended.output),
        String::from_utf8_lossy(case.output)
    );
    ensure!(
        ended.error.starts_with(case.error),
        "standard error is {:?}, should be {:?}",
        ended.error,
        case.error
    );
    ensure!(!case.error.is_empty() || ended.error.is_empty(), "standard error is not empty: {}", ended.error);
    Ok(())
}

/// A hundred thousand bytes of every value, through the guest and back.
fn every_byte(options: &TestOptions) -> Result<()> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let mut data: Vec<u8> = (0..100_000).map(|_| next()).collect();
    data.extend([0xff; 1000]);
    let ended = exo(&["cat"], &data, options)?;
    ensure!(ended.code == 0, "exit code {}: {}", ended.code, ended.error);
    let same = ended.output.iter().zip(&data).take_while(|(one, other)| one == other).count();
    ensure!(
        ended.output == data,
        "{} bytes came back of {}; the first difference is at {same}",
        ended.output.len(),
        data.len()
    );
    Ok(())
}

fn host_file(project: &Project, options: &TestOptions) -> Result<()> {
    let license = project.root.join("Cargo.toml");
    let pair = format!("{}:/a/new/folder/file", license.display());
    let ended = exo(&["--file", &pair, "cat", "/a/new/folder/file"], b"", options)?;
    ensure!(ended.code == 0, "exit code {}: {}", ended.code, ended.error);
    ensure!(ended.output == std::fs::read(license)?, "the file's contents differ");
    Ok(())
}

/// A recording of one CPU, of four, and of one for which there was no room.
fn recorded(options: &TestOptions) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("recording");
    let name = path.to_string_lossy();
    let record = |more: &[&str]| -> Result<(Recording, String)> {
        let program = ["sh", "-c", "sleep 0.01; nice -n 5 seq 100 | sort | wc -l"];
        let words = [&["--record-sched", &*name], more, &program].concat();
        let ended = exo(&words, b"", options)?;
        ensure!(ended.code == 0 && ended.output == b"100\n", "exit code {}: {}", ended.code, ended.error);
        Ok((text::read(&std::fs::read_to_string(&path)?)?, ended.error))
    };
    let (one, error) = record(&["--icount"])?;
    ensure!(error.is_empty(), "standard error is not empty: {error}");
    ensure!(one.cpus == 1 && one.lost == 0 && one.clock == Clock::Instructions, "{one:?}");
    for (name, nice) in [("sh", 0), ("seq", 5), ("sort", 0), ("wc", 0)] {
        let found = |thread: &&Script| thread.name == name && thread.parameters.nice == nice;
        let thread = one.threads.iter().find(found).with_context(|| format!("no {name}: {one:?}"))?;
        ensure!(thread.steps.last() == Some(&Step::End), "{name} does not end: {thread:?}");
    }
    let long_sleep = |step: &Step| matches!(step, Step::Sleep { length: 10_000..11_000, .. });
    ensure!(one.threads.iter().any(|thread| thread.steps.iter().any(long_sleep)), "nobody sleeps: {one:?}");
    let (four, _) = record(&["--cpus", "4"])?;
    ensure!(four.cpus == 4 && four.lost == 0 && four.threads.len() >= 5, "{four:?}");
    let (short, error) = record(&["--record-room", "1"])?;
    ensure!(short.lost > 0 && error.contains("events were lost"), "nothing was lost: {error}");
    Ok(())
}

/// The command takes any static ELF; busybox under another name is one that the guest lacks.
fn host_program(project: &Project, options: &TestOptions) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("basename");
    std::fs::copy(project.built("musl/busybox", "make all")?, &program)?;
    let ended = exo(&[&program.to_string_lossy(), "/x/yes"], b"", options)?;
    ensure!(
        ended.code == 0 && ended.output == b"yes\n",
        "exit code {}, output {:?}",
        ended.code,
        ended.output
    );
    Ok(())
}
