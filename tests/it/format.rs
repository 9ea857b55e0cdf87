//! `leverd fmt` on every YAML file of this repository: the meaning and the comments stay, a second time changes nothing; and the command
//! as people run it.

use crate::cli::{told, write};
use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::format::{format, same};
use leverd::lang::source::Sources;
use leverd::lang::yaml::{self, Node};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn read(text: &str) -> Option<Node> {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = sources.add("x.yaml", text.as_bytes(), &mut found)?;
    yaml::load(&sources, id, &mut found).filter(|_| found.is_empty())
}

fn yaml_files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut found, mut folders) = (Vec::new(), vec![]);
    folders.extend(["rules", "examples", "tests", "src"].map(|folder| root.join(folder)));
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The comments that have a line of their own, in their order.
fn comments(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| line.starts_with('#')).collect()
}

#[test]
fn every_file_keeps_its_meaning_and_is_formatted_once() {
    let (mut good, mut again) = (0, 0);
    for path in yaml_files() {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let Some(before) = read(&text) else {
            assert_eq!(format(&text), None, "{}: faulty, and not left alone", path.display());
            continue;
        };
        let Some(once) = format(&text) else { panic!("{} would not mean the same", path.display()) };
        assert!(same(&before, &read(&once).unwrap()), "{}", path.display());
        assert_eq!(comments(&once), comments(&text), "{}", path.display());
        assert_eq!(format(&once).as_ref(), Some(&once), "{}: changed a second time", path.display());
        good += 1;
        // The same with four spaces for each level, and none in braces.
        let wide = |line: &str| {
            let rest = line.trim_start_matches(' ');
            let dash = if rest.starts_with("- ") { rest.replacen("- ", "-   ", 1) } else { rest.to_owned() };
            format!("{}{dash}\n", " ".repeat(2 * (line.len() - rest.len())))
        };
        let messy: String = text.lines().map(|line| wide(&line.replace("{ ", "{").replace(" }", "}"))).collect();
        let Some(before) = read(&messy) else { continue };
        let Some(mended) = format(&messy) else { panic!("{} would not mean the same:\n{messy}", path.display()) };
        assert!(same(&before, &read(&mended).unwrap()), "{}:\n{mended}", path.display());
        assert_eq!(format(&mended).as_ref(), Some(&mended), "{}: changed a second time:\n{messy}", path.display());
        again += usize::from(mended == once);
    }
    assert!(good > 150 && again > 100, "{good} files, {again} of them mended to the same");
}

#[test]
fn what_is_shipped_has_its_usual_look() {
    for path in yaml_files() {
        let shown = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
        if ["rules", "examples", "src"].iter().any(|folder| shown.starts_with(folder)) {
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(format(&text), Some(text), "{}: `leverd fmt` writes it", shown.display());
        }
    }
}

const MESSY: &str = "# sends the test\nrules:\n- name:   'invite'   # why\n  trigger: candidateStageChange\n\n\n  do:\n    -   add_tag: invited\n";

#[test]
fn files_are_found_compared_and_written() {
    let dir = tempfile::tempdir().unwrap();
    let config = "accounts:\n  acme:\n      lever: {api_key: {env: KEY}, webhooks: {unsigned: true}}\n      packs: [{path: rules/mine, mode: shadow}]\n";
    write(dir.path(), "leverd.yaml", config);
    write(dir.path(), "rules/mine/rules.yaml", MESSY);
    write(dir.path(), "rules/mine/vendor.yaml", "vendor: example\ntitle: [\n");
    write(dir.path(), "rules/other/rules.yaml", MESSY);
    told(
        "fmt",
        dir.path(),
        &["fmt --check", "fmt --diff rules/mine/rules.yaml", "fmt", "fmt --check rules/mine/rules.yaml", "fmt nowhere"],
    );
    let text = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    assert_eq!(text("rules/mine/vendor.yaml"), "vendor: example\ntitle: [\n", "a file with faults is left alone");
    assert_eq!(text("rules/other/rules.yaml"), MESSY, "a pack that nobody names is left alone");
    assert_eq!(format(MESSY), Some(text("rules/mine/rules.yaml")));
    let left: Vec<_> = fs::read_dir(dir.path().join("rules/mine")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "nothing is left beside them: {left:?}");
}

#[cfg(unix)]
#[test]
fn links_keep_pointing_and_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "real/rules.yaml", MESSY);
    let real = dir.path().join("real/rules.yaml");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real/rules.yaml", dir.path().join("rules.yaml")).unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_leverd")).args(["fmt", "rules.yaml"]).current_dir(dir.path()).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    assert!(dir.path().join("rules.yaml").is_symlink());
    assert_eq!(Some(fs::read_to_string(&real).unwrap()), format(MESSY));
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn standard_input_goes_to_standard_output() {
    let run = |arguments: &[&str], input: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_leverd"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let ran = child.wait_with_output().unwrap();
        (String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap(), ran.status.code().unwrap())
    };
    assert_eq!(run(&["fmt", "-"], MESSY), (format(MESSY).unwrap(), String::new(), 0));
    assert_eq!(run(&["fmt", "-", "--check"], MESSY), (String::new(), String::new(), 1));
    let (text, faults, code) = run(&["fmt", "-"], "a: [\n");
    assert_eq!((text.as_str(), code), ("", 1));
    assert!(faults.contains("standard input:1:4"), "{faults}");
}
