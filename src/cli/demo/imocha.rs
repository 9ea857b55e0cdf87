//! iMocha: a tag and a stage start the test, moving back and forth is harmless, results become form and file, then the candidate moves on.

use super::Setting;
use super::teller::{ADA, ADAS, BOB, BOBS, Teller};
use super::world::Integration;
use crate::sim::{NewField, NewOpportunity, NewTemplate, Sim};
use jiff::SignedDuration;

const VENDOR: &str = "imocha";
const TEST: &str = "Java";
const STAGE: &str = "Assessment";
const COMPLETE: &str = "Assessment Complete";

pub(super) fn setting() -> Setting {
    let settings = format!("{{ trigger_stage: {STAGE}, complete_stage: {COMPLETE} }}");
    Setting { integration: Integration::new(VENDOR, settings), perform_as: Some("Assessment Integration"), prepare }
}

/// A profile form for the results, two stages as work lists, one candidate with the tag of a test and one without.
fn prepare(sim: &Sim) -> anyhow::Result<()> {
    let control = sim.control();
    control.create_stage(COMPLETE, Some(STAGE))?;
    let field = |text: &str, kind: &str| NewField { kind: kind.into(), text: text.into(), ..NewField::default() };
    let fields = vec![field("Score", "text"), field("Percent", "text"), field("Category", "text"), field("Report", "textarea")];
    control.create_form_template(NewTemplate { text: "iMocha Assessment".into(), fields, ..NewTemplate::default() })?;
    control.vendor(VENDOR).publish(TEST)?;
    for (name, email, tags) in [(ADA, ADAS, vec![TEST.to_owned()]), (BOB, BOBS, Vec::new())] {
        control.create_opportunity(NewOpportunity {
            name: name.into(),
            email: Some(email.into()),
            tags,
            ..NewOpportunity::default()
        })?;
    }
    Ok(())
}

pub(super) async fn tell(teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let (control, vendor) = (teller.control(), teller.control().vendor(VENDOR));
    teller.title(
        "from the tag to the next work list, with the shipped iMocha pack",
        &[&format!("{ADA} has the tag “{TEST}”, which is a test's title. {BOB} has none.")],
    )?;

    teller.chapter(&format!("A recruiter moves {ADA} to “{STAGE}”."))?;
    control.move_stage(ADA, STAGE)?;
    teller.show(ADA).await?;

    teller.chapter(
        "She is moved away and back before she began: the same invitation with the settings of now, and the mail again.",
    )?;
    control.move_stage(ADA, "Recruiter screen")?;
    teller.show(ADA).await?;
    control.move_stage(ADA, STAGE)?;
    teller.show(ADA).await?;

    teller.chapter("She begins, and is moved away and back once more: that is safely ignored.")?;
    vendor.start(ADAS, TEST)?;
    teller.show(ADA).await?;
    control.move_stage(ADA, "Recruiter screen")?;
    teller.show(ADA).await?;
    control.move_stage(ADA, STAGE)?;
    teller.show(ADA).await?;

    teller.chapter("She submits and scores 80 %. The report as PDF is not ready at first; leverd asks again.")?;
    vendor.submit(ADAS, TEST, 80.0)?;
    teller.show(ADA).await?;
    for _ in 0..6 {
        teller.later(SignedDuration::from_mins(5)).await?;
    }
    teller.show(ADA).await?;

    teller.chapter(&format!("{BOB} is moved to “{STAGE}” without a tag of the vendor."))?;
    control.move_stage(BOB, STAGE)?;
    teller.settle().await?;
    teller.show(BOB).await?;

    teller.must_be("invitations", &teller.invited(), &vec![format!("{ADAS}: {TEST}")]);
    let mut invitations: Vec<String> = control.mails().into_iter().map(|mail| mail.invitation).collect();
    teller.must_be("mails", &invitations.len(), &2);
    invitations.dedup();
    teller.must_be("invitations in the mails", &invitations.len(), &1);
    teller.must_be("her stage", &teller.stage(ADA)?, &COMPLETE.to_owned());
    teller.must_be("his stage", &teller.stage(BOB)?, &STAGE.to_owned());
    let files: Vec<String> = control.files(ADA)?.into_iter().map(|file| file.name).collect();
    teller.must_be("her files", &files, &vec![format!("{TEST} - {ADA}.pdf")]);
    let forms = control.forms(ADA)?;
    let score = forms.first().and_then(|form| form.pointer("/fields/0/value")).and_then(serde_json::Value::as_str);
    teller.must_be("forms with her result", &(forms.len(), score.map(str::to_owned)), &(1, Some("80 / 100".to_owned())));
    Ok(())
}
