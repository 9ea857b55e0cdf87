//! career.place: whoever applies to a connected posting is invited to its funnel; tags and notes tell the way; the qualified move on.

use super::Setting;
use super::teller::{ADA, ADAS, BOB, BOBS, Teller};
use super::world::Integration;
use crate::sim::{Control, NewOpportunity, NewPosting, Sim};
use jiff::SignedDuration;

const VENDOR: &str = "career-place";
const JOB: &str = "Warehouse";
const STATUS: &str = "CP-";
const CY: &str = "Cy Example";
const DAN: &str = "Dan Example";
const DANS: &str = "dan@example.com";

pub(super) fn setting() -> Setting {
    let settings = "{ funnels: [{ posting: Picker, job: Warehouse }], qualified_stage: Recruiter screen }";
    Setting { integration: Integration::new(VENDOR, settings), perform_as: None, prepare }
}

fn prepare(sim: &Sim) -> anyhow::Result<()> {
    let control = sim.control();
    control.vendor(VENDOR).publish(JOB)?;
    for posting in ["Picker", "Cook"] {
        control.create_posting(NewPosting { title: posting.into(), ..NewPosting::default() });
    }
    apply(&control, "Early Example", "early@example.com", "Picker")
}

fn apply(control: &Control, name: &str, email: &str, posting: &str) -> anyhow::Result<()> {
    control.create_opportunity(NewOpportunity {
        name: name.into(),
        email: Some(email.into()),
        posting: Some(posting.into()),
        ..NewOpportunity::default()
    })?;
    Ok(())
}

pub(super) async fn tell(teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let (control, vendor) = (teller.control(), teller.control().vendor(VENDOR));
    teller.title(
        "from an application to the next stage, with the shipped career.place pack",
        &[
            "Lever's posting “Picker” is connected to the job “Warehouse” in career.place. “Cook” is not connected.",
            "Somebody applied to “Picker” before leverd was there; nobody is invited for that.",
        ],
    )?;

    teller.chapter(&format!("{ADA} applies to “Picker”."))?;
    apply(&control, ADA, ADAS, "Picker")?;
    teller.show(ADA).await?;

    teller.chapter("She begins.")?;
    vendor.start(ADAS, JOB)?;
    teller.show(ADA).await?;

    teller.chapter("She submits, and career.place finds her qualified: she moves on.")?;
    vendor.complete(ADAS, JOB)?;
    teller.show(ADA).await?;
    vendor.qualify(ADAS, JOB)?;
    teller.show(ADA).await?;

    teller.chapter(&format!("{BOB} applies, begins, and is not qualified."))?;
    apply(&control, BOB, BOBS, "Picker")?;
    teller.show(BOB).await?;
    vendor.start(BOBS, JOB)?;
    teller.show(BOB).await?;
    vendor.unqualify(BOBS, JOB, "No driving licence")?;
    teller.show(BOB).await?;

    teller.chapter(&format!("{CY} applies to “Cook”."))?;
    apply(&control, CY, "cy@example.com", "Cook")?;
    teller.show(CY).await?;

    teller.chapter(&format!(
        "{DAN} applies to “Picker”; Lever delivers that webhook twice. He is silent for two and a half weeks."
    ))?;
    apply(&control, DAN, DANS, "Picker")?;
    teller.show(DAN).await?;
    teller.deliver_again("applicationCreated").await?;
    teller.later(SignedDuration::from_hours(17 * 24)).await?;
    teller.later(SignedDuration::from_hours(13)).await?;
    teller.show(DAN).await?;

    teller.chapter("He begins after all.")?;
    vendor.start(DANS, JOB)?;
    teller.show(DAN).await?;

    let mails = [ADAS, BOBS, DANS].map(|email| format!("{email}: {JOB}")).to_vec();
    teller.must_be("invitations", &teller.invited(), &mails);
    for (name, tag) in [(ADA, "CP-Qual"), (BOB, "CP-Unqual"), (DAN, "CP-InProg")] {
        teller.must_be(&format!("status tag of {name}"), &teller.tags(name, STATUS)?, &vec![tag.to_owned()]);
    }
    teller.must_be("tags of the one who applied elsewhere", &teller.tags(CY, STATUS)?, &Vec::new());
    teller.must_be("tags of the one who applied before", &teller.tags("Early Example", STATUS)?, &Vec::new());
    teller.must_be("her stage", &teller.stage(ADA)?, &"Recruiter screen".to_owned());
    teller.must_be("his stage", &teller.stage(BOB)?, &"New applicant".to_owned());
    let has =
        |name: &str, part: &str| -> anyhow::Result<bool> { Ok(control.notes(name)?.iter().any(|note| note.contains(part))) };
    teller.must_be("a note with her applicant card", &has(ADA, "Applicant card: http")?, &true);
    teller.must_be("a note with his reason", &has(BOB, "No driving licence")?, &true);
    teller.must_be("a note on the silence", &has(DAN, "counts as opted out")?, &true);
    Ok(())
}
