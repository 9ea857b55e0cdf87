//! Qualified.io: the tag on a posting sends a test, the tag tells how it stands, the results become a note.

use super::Setting;
use super::teller::{ADA, ADAS, BOB, BOBS, Teller};
use super::world::{Integration, World};
use crate::sim::{AssessmentState, Misbehaviour, NewOpportunity, NewPosting, RouteFault, Sim};

const TEST: &str = "AngularJS: Services, Components, and API Access";
const POSTING: &str = "Front-end Engineer";
/// Comes when the story is over.
const CLEO: &str = "Cleo Example";
const CLEOS: &str = "cleo@example.com";
/// Where Qualified.io takes invitations.
const INVITE: &str = "/api/v1/assessment_invitations/invite_candidates";

pub(super) fn setting() -> Setting {
    let integration = Integration::new("qualified", "{ trigger_stages: [Assessment] }");
    Setting { integration, perform_as: None, prepare }
}

/// A posting that asks for a test, two candidates, three tests of which one cannot be sent.
fn prepare(sim: &Sim) -> anyhow::Result<()> {
    let control = sim.control();
    control.create_assessment(TEST, AssessmentState::Published, Some(70.0));
    control.create_assessment("Junior Django Developer", AssessmentState::Published, None);
    control.create_assessment("Legacy COBOL", AssessmentState::Unpublished, None);
    control.create_posting(NewPosting {
        title: POSTING.into(),
        tags: vec![TEST.into()],
        team: "Product".into(),
        ..NewPosting::default()
    });
    control.create_opportunity(NewOpportunity {
        name: ADA.into(),
        email: Some(ADAS.into()),
        posting: Some(POSTING.into()),
        ..NewOpportunity::default()
    })?;
    control.create_opportunity(NewOpportunity {
        name: BOB.into(),
        email: Some(BOBS.into()),
        tags: vec!["Junior Djago Developer".into()],
        ..NewOpportunity::default()
    })?;
    Ok(())
}

/// Somebody whose invitation the vendor refuses, once: it is parked, and a retry succeeds.
pub(super) async fn leave_something(world: &World) -> anyhow::Result<()> {
    let control = world.sim.control();
    control.create_opportunity(NewOpportunity {
        name: CLEO.into(),
        email: Some(CLEOS.into()),
        posting: Some(POSTING.into()),
        ..NewOpportunity::default()
    })?;
    control.add_route_fault(RouteFault {
        method: Some("POST".to_owned()),
        path: INVITE.to_owned(),
        times: Some(1),
        after: 0,
        then: Misbehaviour::Answer { status: 422, applied: false, retry_after: None },
    });
    control.move_stage(CLEO, "Assessment")?;
    world.quiet().await
}

pub(super) async fn tell(teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let control = teller.control();
    teller.title(
        "from a stage change to a result, with the shipped Qualified.io pack",
        &[
            "A simulated Lever account and a simulated Qualified.io run on this machine; leverd speaks HTTP to both.",
            &format!("The posting “{POSTING}” carries the tag “{TEST}”. {ADA} has applied to it."),
        ],
    )?;

    teller.chapter(&format!("A recruiter moves {ADA} to the stage “Assessment”."))?;
    control.move_stage(ADA, "Assessment")?;
    teller.show(ADA).await?;

    teller.chapter(&format!("{ADA} opens the link in her mail and starts."))?;
    control.start_assessment(ADAS, TEST)?;
    teller.show(ADA).await?;

    teller.chapter("She submits and scores 87.5 %.")?;
    control.submit_assessment(ADAS, TEST, 87.5)?;
    teller.show(ADA).await?;

    teller.chapter("Lever delivers a webhook once more, and the recruiter moves her away and back.")?;
    teller.deliver_again("candidateStageChange").await?;
    control.move_stage(ADA, "Recruiter screen")?;
    control.move_stage(ADA, "Assessment")?;
    teller.settle().await?;
    teller.show(ADA).await?;

    teller.chapter(&format!("{BOB} is moved to “Assessment” too. His tag has a typing mistake: “Junior Djago Developer”."))?;
    control.move_stage(BOB, "Assessment")?;
    teller.settle().await?;
    teller.show(BOB).await?;
    teller.remark(&format!("`leverd why {}` tells this at any later time.", control.opportunity_id(BOB)?))?;

    teller.must_be("invitations", &teller.invited(), &vec![format!("{ADAS}: {TEST}")]);
    teller.must_be("mails", &control.mails().len(), &1);
    teller.must_be("her status tag", &teller.tags(ADA, TEST)?, &vec![format!("{TEST} - Submitted")]);
    let results = control.notes(ADA)?;
    teller.must_be(
        "notes with her result",
        &results.iter().filter(|note| note.starts_with(TEST) && note.contains("88 %")).count(),
        &1,
    );
    teller.must_be("all her notes", &results.len(), &1);
    teller.must_be("his tags", &control.tags(BOB)?, &vec!["Junior Djago Developer".to_owned()]);
    Ok(())
}
