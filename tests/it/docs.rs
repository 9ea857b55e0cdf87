//! `leverd docs`: the pages of the shipped packs, whole, in `tests/docs`; and that no page leaves a rule out. `UPDATE=1` rewrites them.

use crate::cli::{told, write};
use leverd::lang::docs::{self, Page};
use leverd::lang::{diagnostic::Diagnostics, load, source::Sources, yaml};
use leverd::runtime::builtin;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(files: &[load::File]) -> Page {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let pack = load::load(&"pack".into(), files, &mut sources, &mut found).expect("a good pack");
    docs::page(&pack, files, None)
}

fn golden(name: &str, text: &str) {
    let path = root().join("tests/docs").join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, text).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == text,
        "{} differs (UPDATE=1 rewrites it):\n{text}",
        path.display()
    );
}

#[test]
fn the_shipped_packs_are_told_as_their_pages_say() {
    for name in builtin::names() {
        let page = page(&builtin::files(&name.into()).unwrap());
        golden(&format!("{name}.md"), &docs::markdown::render(std::slice::from_ref(&page)));
        let html = docs::html::render(&[page]);
        let (before, rest) = html.split_once("<style>").unwrap();
        let (_, after) = rest.split_once("</style>").unwrap();
        golden(&format!("{name}.html"), &format!("{before}{after}"));
    }
}

/// Rules that use every verb, trigger and matcher of the language.
#[test]
fn every_part_of_the_language_has_words() {
    let pack = root().join("tests/fixtures/docs");
    let files: Vec<load::File> =
        ["rules.yaml", "vendor.yaml"].map(|name| (name.to_owned(), fs::read(pack.join(name)).unwrap())).into();
    let text = docs::markdown::render(&[page(&files)]);
    for verb in leverd::lang::action::registry::names() {
        let rules = fs::read_to_string(pack.join("rules.yaml")).unwrap();
        assert!(rules.contains(&format!("{verb}:")), "the fixture lacks `{verb}`");
        assert!(!text.contains(&format!("does `{verb}`")), "`{verb}` has no words");
    }
    golden("language.md", &text);
}

fn packs() -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join("rules"), root().join("examples")]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("rules.yaml") {
                found.push(folder.clone());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_rule_of_every_pack_is_named_and_said() {
    let mut seen = 0;
    for folder in packs() {
        let files: Vec<load::File> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
            .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
            .collect();
        let page = page(&files);
        let (html, md) = (docs::html::render(std::slice::from_ref(&page)), docs::markdown::render(std::slice::from_ref(&page)));
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let rules = files.iter().find(|(name, _)| name == "rules.yaml").unwrap();
        let id = sources.add("rules.yaml", &rules.1, &mut found).unwrap();
        let root = yaml::load(&sources, id, &mut found).unwrap();
        for rule in root.get("rules").unwrap().items_or_self() {
            let name = rule.get("name").and_then(yaml::Node::scalar).unwrap();
            assert!(html.contains(&format!("<h3>{name}</h3>")), "{}: {name}", folder.display());
            assert!(md.contains(&format!("### {name}\n")), "{}: {name}", folder.display());
            let told = page.rules.iter().find(|told| told.name == name).unwrap();
            assert!(told.does.iter().all(|line| !line.is_empty()) && !told.does.is_empty(), "{}: {name}", folder.display());
            seen += 1;
        }
        let drawing = page.drawing.as_deref().unwrap();
        assert_eq!(drawing.matches("<g class=\"lv-rule\">").count(), page.rules.len(), "{}", folder.display());
        for line in drawing.lines().filter(|line| line.starts_with("<text")) {
            let text = line.split('>').nth(1).unwrap().split('<').next().unwrap();
            assert!(text.chars().count() < 40, "{}: `{text}` is too long for its box", folder.display());
        }
    }
    assert!(seen > 60, "{seen} rules");
}

#[test]
fn a_page_fetches_nothing() {
    for name in builtin::names() {
        let html = docs::html::render(&[page(&builtin::files(&name.into()).unwrap())]);
        for outside in ["src=", "<link", "@import", "url(", "<script", "href=\"http", "xlink"] {
            assert!(!html.contains(outside), "{name}: {outside}");
        }
    }
}

#[test]
fn a_text_of_a_rule_is_no_markup() {
    let rules =
        "rules:\n  - { name: \"<b>x</b>\", trigger: candidateHired, do: [{ add_note: \"<script>a</script> `b` & *c*\" }] }\n";
    let html = docs::html::render(&[page(&[("rules.yaml".to_owned(), rules.as_bytes().to_vec())])]);
    assert!(html.contains("<h3>&lt;b&gt;x&lt;/b&gt;</h3>"), "{html}");
    assert!(html.contains("“&lt;script&gt;a&lt;/script&gt; ’b’ &amp; *c*”"), "{html}");
}

#[test]
fn pages_are_found_and_written() {
    let dir = tempfile::tempdir().unwrap();
    let config = "accounts:\n  acme:\n    lever: { api_key: { env: KEY }, webhooks: { unsigned: true } }\n    packs:\n      - path: rules/mine\n        mode: shadow\n        settings: { stages: [Assessment, Take-home], next: { default: Interview, per_posting: { Engineer: Offer } } }\n";
    write(dir.path(), "leverd.yaml", config);
    write(
        dir.path(),
        "rules/mine/rules.yaml",
        "# Asks for a look.\nsettings:\n  stages: { type: [stage] }\n  next: { type: stage, per: [posting], doc: Where they go }\nrules:\n  - name: look\n    trigger: candidateStageChange\n    when: { to_stage: { in: $stages } }\n    do: [{ add_note: Please look }, { move_stage: $next }]\n",
    );
    write(dir.path(), "rules/wrong/rules.yaml", "rules:\n  - { name: a, triger: candidateHired, do: [{ add_tag: x }] }\n");
    told(
        "docs",
        dir.path(),
        &[
            "docs --format md",
            "docs rules/mine --format md",
            "docs rules/wrong",
            "docs nowhere",
            "docs rules/mine -o page.html",
        ],
    );
    assert!(fs::read_to_string(dir.path().join("page.html")).unwrap().starts_with("<!doctype html>"));
    let shipped =
        Command::new(env!("CARGO_BIN_EXE_leverd")).args(["docs", "generic"]).current_dir(dir.path()).output().unwrap();
    assert!(shipped.status.success(), "{shipped:?}");
}

/// Forty rules of every kind: the drawing as a file of its own, whole; and no box on another.
#[test]
fn forty_rules_are_drawn_side_by_side() {
    use std::fmt::Write as _;
    let mut rules = "vendor: example\ntags:\n  status: [\"{{assessment.title}} - Started\", \"{{assessment.title}} - {n:number} %\"]\nrules:\n".to_owned();
    let stages = ["New", "Screen", "Assessment", "Review", "Interview", "Offer"];
    for n in 0..40 {
        let (stage, next) = (stages[n % 6], stages[(n + 1) % 6]);
        let rule = match n % 5 {
            0 => format!(
                "trigger: candidateStageChange\n    when: {{ to_stage: {stage} }}\n    do: [{{ add_note: x }}, {{ move_stage: {next} }}]"
            ),
            1 => format!(
                "trigger: candidateStageChange\n    when: {{ to_stage: {stage}, opportunity.tags: {{ contains: <b>&amp; }} }}\n    for_each: {{ test: {{ in: catalogue }} }}\n    do: [{{ invite: {{ test: $test }} }}]"
            ),
            2 => {
                "trigger: assessment.started\n    do: [{ set_tag: { status: \"{{assessment.title}} - Started\" } }]".to_owned()
            }
            3 => format!(
                "trigger: assessment.scored\n    do: [{{ set_tag: {{ status: \"{{{{assessment.title}}}} - {{{{round result.percent}}}} %\" }} }}, {{ move_stage: {next} }}]"
            ),
            _ => format!(
                "trigger: {{ after: {n}d, of: assessment.invited }}\n    when: {{ assessment.phase: invited }}\n    do: [{{ alert: late }}]"
            ),
        };
        let _ = write!(rules, "  - name: rule number {n} <i>, whose name has no room on one line\n    {rule}\n");
    }
    let vendor = fs::read(root().join("tests/check/rules/vendor.yaml")).unwrap();
    let page = page(&[("rules.yaml".to_owned(), rules.into_bytes()), ("vendor.yaml".to_owned(), vendor)]);
    let drawing = page.drawing.unwrap();
    golden("forty.svg", &format!("{drawing}\n"));
    assert!(!drawing.contains("<b>") && !drawing.contains("<i>"), "what authors write is no markup");
    let number = |line: &str, name: &str| -> i32 {
        let rest = line.split(&format!(" {name}=\"")).nth(1).unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    };
    let boxes: Vec<[i32; 4]> = drawing
        .lines()
        .filter(|line| line.starts_with("<rect"))
        .map(|line| ["x", "y", "width", "height"].map(|name| number(line, name)))
        .collect();
    assert!(boxes.len() > 55, "{} boxes", boxes.len());
    for (at, [x, y, width, height]) in boxes.iter().enumerate() {
        for [other_x, other_y, ..] in &boxes[at + 1..] {
            let inside = (*x..x + width).contains(other_x) && (*y..y + height).contains(other_y);
            assert!(!inside, "a box at {x},{y} lies on one at {other_x},{other_y}");
        }
    }
}
