//! What the README tells people to type, and to write, is what there is.

mod support;

use std::collections::BTreeSet;
use support::{School, Wish, project, text};

fn readme() -> String {
    std::fs::read_to_string(project().join("README.md")).expect("the README")
}

/// The lines of every fenced block in this language.
fn blocks(language: &str) -> Vec<Vec<String>> {
    let mut blocks = Vec::new();
    let mut open: Option<Vec<String>> = None;
    for line in readme().lines() {
        match (&mut open, line.trim().strip_prefix("```")) {
            (None, Some(said)) => open = Some(if said == language { Vec::new() } else { vec!["```".into()] }),
            (Some(_), Some(_)) => blocks.extend(open.take().filter(|b| b.first().is_none_or(|l| l != "```"))),
            (Some(lines), None) => lines.push(line.to_owned()),
            (None, None) => {}
        }
    }
    blocks
}

#[test]
fn its_configuration_is_ten_lines_and_understood() {
    let blocks = blocks("toml");
    let [lines] = blocks.as_slice() else { panic!("one configuration, not {}", blocks.len()) };
    assert!(lines.len() <= 10, "{} lines", lines.len());
    let school = School::new(&Wish::default());
    let ground = format!("\n[data]\ndir = {:?}\n[lists]\nshipped = {:?}\n", school.path("var"), project().join("blocklists"));
    school.write("config/schoolgate.toml", &(lines.join("\n") + &ground));
    let checked = school.run(&["check"]);
    assert!(checked.status.success(), "{}{}", text(&checked.stdout), text(&checked.stderr));
    let judged = school.json(&["explain", "quiz.example", "--who", "10.20.0.7"]);
    assert_eq!((judged["action"].as_str(), judged["step"].as_str()), (Some("allow"), Some("own")), "{judged}");
}

/// The words after `schoolgate` in every command, up to the first that is no subcommand's name.
fn commands() -> BTreeSet<Vec<String>> {
    let readme = readme();
    let in_code = readme.split('`').skip(1).step_by(2).flat_map(str::lines);
    let in_blocks = readme.lines();
    in_code
        .chain(in_blocks)
        .filter_map(|line| {
            let line = line.trim();
            line.strip_prefix("schoolgate ").or_else(|| line.strip_prefix("cargo run --release -- "))
        })
        .map(|rest| {
            rest.split_whitespace().take_while(|w| w.chars().all(|c| c.is_ascii_lowercase())).map(str::to_owned).collect()
        })
        .filter(|words: &Vec<String>| !words.is_empty())
        .collect()
}

#[test]
fn its_commands_exist() {
    let school = School::new(&Wish::default());
    let commands = commands();
    assert!(commands.len() > 6, "{commands:?}");
    for words in commands {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let known = school.run(&[&words, &["--help"][..]].concat()).status.success();
        assert!(known, "the README says `schoolgate {}`", words.join(" "));
    }
}
