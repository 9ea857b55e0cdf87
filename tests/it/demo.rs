//! Each demo tells its story and ends as it must; a demo that ends otherwise does not end with 0.

use std::process::Command;

fn demo(arguments: &[&str]) -> (Option<i32>, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_leverd")).arg("demo").args(arguments).env("NO_COLOR", "1").output().unwrap();
    (ran.status.code(), String::from_utf8(ran.stdout).unwrap() + &String::from_utf8(ran.stderr).unwrap())
}

/// The story ends well, and these lines are in it.
fn ends_well(story: &[&str], lines: &[&str]) {
    let (code, told) = demo(story);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("The end: everything is as it must be."), "{told}");
    for line in lines {
        assert!(told.contains(line), "{line}\n{told}");
    }
}

// B16 B17 B18 B19 B20 B105
#[test]
fn qualified_goes_from_the_tag_to_invited_started_submitted_and_one_note() {
    let test = "AngularJS: Services, Components, and API Access";
    let tags = ["Invited", "Started", "Submitted"].map(|status| format!("tag  + {test} - {status}"));
    ends_well(&[], &tags.each_ref().map(String::as_str));
}

// B35 B38 B41 B42 B46 B47 B48 B49 D11
#[test]
fn hired_goes_from_sent_over_needs_review_to_a_verdict_that_is_corrected() {
    let tags = ["Sent", "Needs Review", "Pass", "Fail"].map(|status| format!("tag  + Hired Assessments - {status}"));
    ends_well(&["hired"], &tags.each_ref().map(String::as_str));
}

// B86 B89 B90 B91 B92 B94 B95 B96 B97 D10
#[test]
fn career_place_tags_notes_and_moves_the_qualified() {
    let lines = ["CP-Sent", "CP-InProg", "CP-Qual", "CP-Unqual", "CP-OptOut"].map(|tag| format!("tag  + {tag}"));
    ends_well(&["career-place"], &lines.each_ref().map(String::as_str));
}

// B53 B54 B57 B58 B60 B61 B62 B63 B64 D16
#[test]
fn imocha_refreshes_before_the_start_ignores_after_it_and_hands_over_with_form_and_file() {
    ends_well(&["imocha"], &["file   Java - Ada Example.pdf", "forms  1 filled in", "stage  Assessment Complete"]);
}

#[test]
fn one_folder_cannot_hold_all_stories() {
    let (code, told) = demo(&["all", "--folder", "x"]);
    assert_eq!(code, Some(2));
    assert!(told.contains("go with one story"), "{told}");
}
