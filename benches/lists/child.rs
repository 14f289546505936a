//! What only a process of its own can tell: its memory.

use super::school;
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
    /// VmHWM.
    pub peak_bytes: u64,
    /// Of it, pages of files at the end: the table, if it is mapped while it is made.
    pub mapped_bytes: u64,
}

#[derive(Serialize, Deserialize)]
pub struct Opened {
    pub locked_bytes: u64,
    /// What opening the table added to the process's private dirty memory.
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
            let (begun, mapped) = (Instant::now(), of("/proc/self/status", "RssFile:"));
            school::compile(&config);
            let seconds = begun.elapsed().as_secs_f64();
            let mapped_bytes = of("/proc/self/status", "RssFile:").saturating_sub(mapped);
            serde_json::to_string(&Compiled { seconds, peak_bytes: of("/proc/self/status", "VmHWM:"), mapped_bytes })
        }
        Task::Open => {
            // Once before: what the first opening leaves in the heap for the next is the program's, not the table's.
            drop(school::open(&config));
            let before = of("/proc/self/smaps_rollup", "Private_Dirty:");
            let table = school::open(&config);
            let after = of("/proc/self/smaps_rollup", "Private_Dirty:");
            let locked_bytes = of("/proc/self/status", "VmLck:");
            drop(table);
            serde_json::to_string(&Opened { locked_bytes, private_bytes: after.saturating_sub(before) })
        }
    };
    println!("{}", told.expect("numbers"));
}

/// A figure of /proc in bytes; it stands there in kB.
fn of(file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{file}: {e}"));
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{file} has no {name}"));
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}
