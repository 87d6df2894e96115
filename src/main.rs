//! The program; its command line is `baiying::app::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    baiying::app::cli::main()
}
