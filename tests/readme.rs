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

/// What stands after `schoolgate` in every command.
fn typed() -> BTreeSet<String> {
    let readme = readme();
    let in_code = readme.split('`').skip(1).step_by(2).flat_map(str::lines);
    let in_blocks = readme.lines();
    in_code
        .chain(in_blocks)
        .filter_map(|line| {
            let line = line.trim();
            line.strip_prefix("schoolgate ").or_else(|| line.strip_prefix("cargo run --release -- "))
        })
        .map(|rest| rest.split_once('#').map_or(rest, |(command, _)| command).trim().to_owned())
        .filter(|command| !command.is_empty() && !command.contains('…') || command.contains("'…'"))
        .collect()
}

/// The words of every command, up to the first that is no subcommand's name.
fn commands() -> BTreeSet<Vec<String>> {
    typed()
        .iter()
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

#[test]
fn its_commands_do_what_they_say_as_they_are_written() {
    let group = "[[group]]\nname = \"secondary\"\nprofile = \"secondary\"\nroles = [\"visitor\"]\n";
    let me = schoolgate::ops::files::own_name();
    let more = format!("{group}[report]\ndsl = [\"{me}\"]\n");
    let school = School::new(&Wish { more: &more, ..Wish::default() });
    let _gate = school.start();
    school.write("people.csv", "id,name,role,year,form,device,address\np1,A B,pupil,7,7B,Laptop,127.0.0.9\n");
    school.write("own.csv", "address,action,reason\nquiz.example,allow,maths\n");
    school.import("id,name,role,year,form,device,address\np1,A B,pupil,7,7B,Laptop,127.0.0.9\n");
    // It comes first, whatever the alphabet says.
    school.ok(&["ca", "init"]);
    // What fetches or asks a directory or for a passphrase, what never ends, what takes minutes of a slow binary, and what was done
    // above.
    let left_out = |command: &str| {
        ["demo", "log follow", "firewall", "requests allow", "requests block", "requests refuse", "people sync", "seal"]
            .iter()
            .any(|first| command.starts_with(first))
            || ["lists update", "ca init"].contains(&command)
    };
    let mut run = 0;
    for command in typed().iter().filter(|command| !left_out(command)) {
        let accepted = if command.contains("--accept") { "schoolgate/games" } else { "quiz.example" };
        let words = command.replace("FILE.csv", "own.csv").replace("CODE", "7K3M-0Q2F").replace("NAMES", "own.csv");
        let words = words.replace("NAME", accepted).replace("--who ID", "--who p1");
        let typed = format!("{:?} --config config/schoolgate.toml {words}", support::BINARY);
        let shell = std::process::Command::new("bash").args(["-c", &typed]).current_dir(school.folder.path()).output();
        let output = shell.expect("a shell");
        let said = text(&output.stderr);
        // `status` has 1 while something needs somebody; `lists seal` asks for its licensed list.
        let incomplete = command == "lists seal" && said.contains("required arguments");
        assert!(incomplete || !said.contains("error: "), "{command}: {said}");
        run += 1;
    }
    assert!(run > 12, "{run} commands");
}
