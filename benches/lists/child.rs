//! What only a process of its own can tell: its memory.

use super::school;
use schoolgate::lists::Table;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Task {
    Compile,
    Open,
}

#[derive(Serialize, Deserialize)]
pub struct Compiled {
    pub seconds: f64,
    /// Of processors: what it would take alone on the machine, but for the disk, is between half of it and it.
    pub cpu_seconds: f64,
    /// VmHWM, the program itself included. A first table is not mapped while it is made: nothing of it is in this.
    pub peak_bytes: u64,
}

#[derive(Serialize, Deserialize)]
pub struct Opened {
    /// Whether the system allowed the filter to be locked.
    pub locked: bool,
    pub locked_bytes: u64,
    /// What opening the table added to the process's own memory, with whatever reading on the way left in its heap.
    pub private_bytes: u64,
}

/// Does a task in a child of this program.
pub fn start<T: DeserializeOwned>(task: Task, config: &Path) -> T {
    let task = match task {
        Task::Compile => "compile",
        Task::Open => "open",
    };
    let program = std::env::current_exe().expect("this program");
    let output =
        Command::new(program).args(["--child", task, "--config"]).arg(config).stderr(Stdio::inherit()).output().expect("a child");
    assert!(output.status.success(), "the child to {task} ended with {}", output.status);
    serde_json::from_slice(&output.stdout).expect("the child tells its figures")
}

/// In the child.
pub fn run(task: Task, config: &Path) {
    let config = school::read(config);
    let told = match task {
        Task::Compile => {
            let begun = Instant::now();
            school::compile(&config);
            let seconds = begun.elapsed().as_secs_f64();
            let cpu_seconds = cpu_seconds();
            serde_json::to_string(&Compiled { seconds, cpu_seconds, peak_bytes: of("/proc/self/status", "VmHWM:") })
        }
        Task::Open => {
            let before = of("/proc/self/status", "RssAnon:");
            let table = school::open(&config);
            let locked = lock(&table);
            let after = of("/proc/self/status", "RssAnon:");
            let locked_bytes = of("/proc/self/status", "VmLck:");
            drop(table);
            serde_json::to_string(&Opened { locked, locked_bytes, private_bytes: after.saturating_sub(before) })
        }
    };
    println!("{}", told.expect("numbers"));
}

/// What this process has taken of processors so far.
pub fn cpu_seconds() -> f64 {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF).expect("its own usage");
    [usage.user_time(), usage.system_time()].map(|t| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6).iter().sum()
}

/// Keeps the filter in memory, as the gate does.
fn lock(table: &Table) -> bool {
    let Some((first, length)) = std::ptr::NonNull::new(table.filter().as_ptr().cast_mut()).zip(Some(table.filter().len())) else {
        return false;
    };
    // SAFETY: locking changes nothing of the memory, which is the table's and is there until it is dropped.
    unsafe { nix::sys::mman::mlock(first.cast(), length) }.is_ok()
}

/// A figure of /proc in bytes; it stands there in kB.
fn of(file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{file}: {e}"));
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{file} has no {name}"));
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}
