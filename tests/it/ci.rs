//! The hooks and workflows in `examples/ci`, and the one that `leverd init` writes: every command line in them is one of leverd's, and
//! passes in a fresh folder.

use leverd::cli::understands;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The command lines of a file, without what the shell makes of them.
fn commands(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().filter_map(|line| {
        let line = line.trim_start_matches(['-', ' ']);
        let line = line.strip_prefix("run: ").or_else(|| line.strip_prefix("entry: ")).unwrap_or(line);
        line.starts_with("leverd ").then(|| line.split(" >").next().unwrap().split(" # ").next().unwrap())
    });
    let lines = lines.map(|line| line.replace("${{ github.base_ref }}", "main"));
    lines.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

#[test]
fn every_command_of_the_hooks_and_workflows_is_understood_and_passes() {
    let dir = tempfile::tempdir().unwrap();
    let run = |arguments: &[String]| {
        Command::new(env!("CARGO_BIN_EXE_leverd")).args(arguments).current_dir(dir.path()).env_clear().output().unwrap()
    };
    assert!(run(&["init".to_owned(), ".".to_owned()]).status.success());
    for (file, wanted) in [
        ("examples/ci/.pre-commit-config.yaml", 3),
        ("examples/ci/pre-commit", 3),
        ("examples/ci/leverd.yml", 5),
        ("src/cli/init/workflow.yml", 3),
    ] {
        let commands = commands(&fs::read_to_string(root().join(file)).unwrap());
        assert_eq!(commands.len(), wanted, "{file}: {commands:?}");
        for command in commands {
            let shown = command.join(" ");
            let understood = understands(command.iter().map(OsString::from));
            assert_eq!(understood, Ok(()), "{file}: {shown}");
            // There is no store to compare with here.
            if command[1] == "diff" {
                continue;
            }
            let ran = run(&command[1..]);
            let said = String::from_utf8_lossy(&ran.stdout);
            assert!(ran.status.success(), "{file}: {shown}\n{said}{}", String::from_utf8_lossy(&ran.stderr));
        }
    }
}

/// What shells and `man` are given knows every command, and a shell takes it.
#[test]
fn completions_and_manual_know_every_command() {
    let run = |arguments: &[&str]| {
        let ran = Command::new(env!("CARGO_BIN_EXE_leverd")).args(arguments).output().unwrap();
        assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    };
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("man1");
    run(&["man", "--into", pages.to_str().unwrap()]);
    let (manual, scripts) = (run(&["man"]), ["bash", "zsh", "fish"].map(|shell| run(&["completions", shell])));
    for command in ["serve", "validate", "dry-run", "why", "replay", "completions"] {
        assert!(manual.contains(&command.replace('-', "\\-")), "{command} is not in the manual");
        assert!(pages.join(format!("leverd-{command}.1")).is_file(), "{command} has no page");
        for script in &scripts {
            assert!(script.contains(command), "{command} is not completed");
        }
    }
    let file = dir.path().join("leverd.bash");
    fs::write(&file, &scripts[0]).unwrap();
    let taken = Command::new("bash").arg("-n").arg(&file).output().unwrap();
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
}

#[test]
fn what_is_no_command_of_leverd_is_not_understood() {
    for wrong in ["leverd fmt --chekc", "leverd valdate", "leverd validate --format xml"] {
        assert!(understands(wrong.split(' ').map(OsString::from)).is_err(), "{wrong}");
    }
}

/// The plain hook, in a repository: a good commit passes, one with a fault does not, and only what is committed counts.
#[cfg(unix)]
#[test]
fn the_git_hook_lets_good_commits_pass_and_stops_faulty_ones() {
    if Command::new("git").arg("--version").output().is_err() {
        eprintln!("there is no git here: the hook is not tried");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let bin = Path::new(env!("CARGO_BIN_EXE_leverd")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let run = |program: &str, arguments: &[&str]| {
        let ran = Command::new(program)
            .args(arguments)
            .current_dir(dir.path())
            .env("PATH", &path)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .envs(["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"].map(|name| (name, "Ada")))
            .envs(["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"].map(|name| (name, "ada@example.com")))
            .output()
            .unwrap();
        (ran.status.success(), format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr)))
    };
    let good = |(good, said): (bool, String)| assert!(good, "{said}");
    good(run("git", &["init", "-q"]));
    good(run("leverd", &["init", "."]));
    fs::create_dir_all(dir.path().join(".git/hooks")).unwrap();
    fs::copy(root().join("examples/ci/pre-commit"), dir.path().join(".git/hooks/pre-commit")).unwrap();
    good(run("git", &["add", "-A"]));
    good(run("git", &["commit", "-qm", "rules"]));
    let rules = dir.path().join("rules/starter/rules.yaml");
    let text = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, text.replacen("trigger:", "triger:", 1)).unwrap();
    good(run("git", &["commit", "-q", "--allow-empty", "-m", "the fault is not in it"]));
    let (passed, said) = run("git", &["commit", "-qam", "a fault"]);
    assert!(!passed && said.contains("did you mean `trigger`?"), "{said}");
}
