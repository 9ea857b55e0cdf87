//! `leverd validate`, the binary itself from start to exit, on 10 000 rules: in one file, and in as many files.

use super::measure::{folder, median, seconds};
use super::rules::{config, file, pulled};
use std::fs;
use std::path::Path;
use std::process::Command;

const RULES: usize = 10_000;
const ROUNDS: usize = 7;

pub(crate) fn run() {
    println!("validate: {RULES} rules, the whole command");
    for files in [1, RULES] {
        let folder = folder();
        write(folder.path(), files);
        let figure = median((0..ROUNDS).map(|_| seconds(|| validate(folder.path()))).collect());
        println!("  {files:>6} files   {:>5.2} x of half a second   {:>5.0} ms", figure / 0.5, figure * 1e3);
    }
}

pub(crate) fn write(folder: &Path, files: usize) {
    let pack = folder.join("rules/bench");
    fs::create_dir_all(&pack).unwrap();
    fs::create_dir(folder.join("catalogue")).unwrap();
    fs::write(folder.join("leverd.yaml"), config(&["rules/bench".to_owned()])).unwrap();
    fs::write(folder.join("catalogue/acme.yaml"), pulled(RULES)).unwrap();
    let each = RULES / files;
    for n in 0..files {
        fs::write(pack.join(format!("rules-{n:05}.yaml")), file(n * each..(n + 1) * each)).unwrap();
    }
}

fn validate(folder: &Path) {
    let ran = Command::new(env!("CARGO_BIN_EXE_leverd")).arg("validate").arg(folder).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains("10000 rules"), "{said}{}", String::from_utf8_lossy(&ran.stderr));
}
