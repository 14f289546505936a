//! Flags → command → exit code.

fn main() -> std::process::ExitCode {
    schoolgate::cli::main()
}
