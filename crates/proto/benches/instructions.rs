//! Runs one scenario a number of times, so that `bench/instructions` can count its instructions.

#![allow(missing_docs, reason = "a benchmark has no users")]

mod scenario;

use std::hint::black_box;
use std::process::ExitCode;

use scenario::{NAMES, Scenario};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        // `cargo bench` passes this to each benchmark.
        ["--bench"] | ["--list"] => println!("{}", NAMES.join("\n")),
        [name, rounds] => {
            let (Some(mut scenario), Ok(rounds)) = (Scenario::named(name), rounds.parse::<u32>()) else {
                eprintln!("there is no scenario {name}, or {rounds} is not a number; --list has the names");
                return ExitCode::from(2);
            };
            let accepted = (0..rounds).fold(0, |_, _| black_box(scenario.run()));
            println!("{} bytes said, {accepted} accepted", scenario.bytes());
        }
        _ => {
            eprintln!("usage: instructions SCENARIO ROUNDS | --list");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
