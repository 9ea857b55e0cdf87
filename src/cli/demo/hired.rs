//! Hired Assessments: a default test for the trigger stage, a tag that overrides it, verdicts by thresholds, a link to the report.

use super::Setting;
use super::teller::{ADA, ADAS, BOB, BOBS, Teller};
use super::world::Integration;
use crate::sim::{NewOpportunity, NewPosting, Sim};

const VENDOR: &str = "hired-assessments";
const STATUS: &str = "Hired Assessments - ";

pub(super) fn setting() -> Setting {
    let settings = "{ trigger_stages: [Assessment], default_test: Backend, pass: 70, fail: 30 }";
    Setting { integration: Integration::new(VENDOR, settings), perform_as: None, prepare }
}

fn prepare(sim: &Sim) -> anyhow::Result<()> {
    let control = sim.control();
    for title in ["Backend", "Frontend"] {
        control.vendor(VENDOR).publish(title)?;
    }
    control.create_posting(NewPosting { title: "Engineer".into(), ..NewPosting::default() });
    for (name, email) in [(ADA, ADAS), (BOB, BOBS)] {
        control.create_opportunity(NewOpportunity {
            name: name.into(),
            email: Some(email.into()),
            posting: Some("Engineer".into()),
            ..NewOpportunity::default()
        })?;
    }
    Ok(())
}

pub(super) async fn tell(teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let (control, vendor) = (teller.control(), teller.control().vendor(VENDOR));
    teller.title(
        "a test for whoever reaches the trigger stage, with the shipped Hired Assessments pack",
        &["Who enters “Assessment” gets the test “Backend”, unless a tag names another. 70 % is a pass, 30 % a fail."],
    )?;

    teller.chapter(&format!("A recruiter moves {ADA} to “Assessment”."))?;
    control.move_stage(ADA, "Assessment")?;
    teller.show(ADA).await?;

    teller.chapter("She hands in. There is no score yet.")?;
    vendor.start(ADAS, "Backend")?;
    vendor.complete(ADAS, "Backend")?;
    teller.show(ADA).await?;

    teller.chapter("The vendor has her result: exactly 70 %, and a report.")?;
    vendor.grade(ADAS, "Backend", 70.0)?;
    teller.show(ADA).await?;

    teller.chapter(&format!("{BOB} has the tag “Frontend”: it overrides the default test."))?;
    control.add_tags(BOB, &["Frontend".to_owned()])?;
    control.move_stage(BOB, "Assessment")?;
    teller.show(BOB).await?;

    teller.chapter("He scores 45 %: neither a pass nor a fail.")?;
    vendor.submit(BOBS, "Frontend", 45.0)?;
    teller.show(BOB).await?;

    teller.chapter("The vendor corrects the score to 30 %. The verdict's tag is replaced, the link stays.")?;
    vendor.correct(BOBS, "Frontend", 30.0)?;
    teller.show(BOB).await?;

    teller.chapter(&format!("Lever delivers a webhook once more, and {ADA} is moved away and back."))?;
    teller.deliver_again("candidateStageChange").await?;
    control.move_stage(ADA, "Recruiter screen")?;
    control.move_stage(ADA, "Assessment")?;
    teller.settle().await?;
    teller.show(ADA).await?;

    let mails = vec![format!("{ADAS}: Backend"), format!("{BOBS}: Frontend")];
    teller.must_be("invitations", &teller.invited(), &mails);
    teller.must_be("mails", &control.mails().len(), &2);
    teller.must_be("her status tag", &teller.tags(ADA, STATUS)?, &vec![format!("{STATUS}Pass")]);
    teller.must_be("his status tag", &teller.tags(BOB, STATUS)?, &vec![format!("{STATUS}Fail")]);
    teller.must_be("links to reports", &(teller.links(ADA)?, teller.links(BOB)?), &(1, 1));
    Ok(())
}
