//! The dialect and the client against the simulated Lever: what one writes the other understands, traps included.

use jiff::SignedDuration;
use leverd::http::{Auth, Client, Endpoint, Limits};
use leverd::lever::api::{self, Filter, next_page};
use leverd::lever::effect::{Context, Step, outcome, step, written};
use leverd::lever::facts::{self, Names, OpportunitySnapshot};
use leverd::lever::settle::{Begun, Settled, lookup, settled};
use leverd::lever::tags::{TagRun, TagStep};
use leverd::model::{
    Act, Exchange, LeverEvent, Move, OpportunityId, Outcome, Pattern, Request, Secret, TagFamily, UserId, Value,
};
use leverd::sim::{BucketMode, Misbehaviour, NewOpportunity, NewPosting, RouteFault, Sim, SimOptions};
use url::Url;

/// A simulated Lever with one candidate on one posting, and our client for it.
struct World {
    sim: Sim,
    client: Client,
    endpoint: Endpoint,
    ada: OpportunityId,
    user: UserId,
}

impl World {
    async fn start() -> Self {
        let mut options = SimOptions { webhooks_enabled: true, seed: Some(7), ..SimOptions::default() };
        options.faults.bucket = BucketMode::Off;
        let sim = Sim::start(options).await.unwrap();
        let control = sim.control();
        let posting = NewPosting {
            title: "Backend Engineer".into(),
            tags: vec!["Java".into()],
            team: "Platform".into(),
            ..NewPosting::default()
        };
        control.create_posting(posting);
        let ada = control.create_opportunity(NewOpportunity {
            name: "Ada Lovelace".into(),
            email: Some("ada@example.com".into()),
            posting: Some("Backend Engineer".into()),
            tags: vec!["hand-made".into()],
            ..NewOpportunity::default()
        });
        let auth = Auth::Basic { user: Secret::new("sim-lever-key"), password: None };
        let endpoint = Endpoint::lever(Url::parse(&sim.lever_base_url()).unwrap(), auth);
        let user = control.user_id("Assessment Integration").unwrap().into();
        Self { sim, client: Client::new(Limits::default()), endpoint, ada: ada.unwrap().into(), user }
    }

    async fn send(&self, request: &Request) -> Exchange {
        self.client.send(request, &self.endpoint).await
    }

    async fn snapshot(&self) -> OpportunitySnapshot {
        OpportunitySnapshot::of(&api::opportunity(&self.send(&api::get_opportunity(&self.ada)).await).unwrap())
    }

    fn context<'a>(&'a self, snapshot: Option<&'a OpportunitySnapshot>) -> Context<'a> {
        Context { opportunity: &self.ada, perform_as: Some(&self.user), snapshot, placed: None, content: None }
    }

    /// The next matching write misbehaves so.
    fn fault(&self, method: &str, path: &str, then: Misbehaviour) {
        let path = format!("/v1/opportunities/{{id}}/{path}");
        self.sim.control().add_route_fault(RouteFault { method: Some(method.into()), path, times: Some(1), after: 0, then });
    }
}

fn sending(step: Step) -> Request {
    match step {
        Step::Send(request) => request,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_opportunity_and_its_posting_become_facts() {
    let world = World::start().await;
    let opportunity = api::opportunity(&world.send(&api::get_opportunity(&world.ada)).await).unwrap();
    let posting = api::posting(&world.send(&api::get_posting(opportunity.posting().unwrap())).await).unwrap();
    let mut values = facts::opportunity(&opportunity, Names::default());
    values.extend(facts::posting(&opportunity, Some(&posting), Names::default()));
    let printed = |name: &str| values.get(name).map(ToString::to_string);
    assert_eq!(printed("candidate.email"), Some("ada@example.com".to_owned()));
    assert_eq!(printed("opportunity.own_tags"), Some("[hand-made]".to_owned()));
    assert_eq!(printed("posting.title"), Some("Backend Engineer".to_owned()));
}

#[tokio::test]
async fn every_page_is_read_once() {
    let world = World::start().await;
    for n in 0..230 {
        let new =
            NewOpportunity { name: format!("c{n}"), email: Some(format!("c{n}@example.com")), ..NewOpportunity::default() };
        world.sim.control().create_opportunity(new).unwrap();
    }
    let (mut request, mut ids) = (api::list_opportunities(&Filter::default()), std::collections::BTreeSet::new());
    let mut pages = 1;
    loop {
        let page = api::opportunities(&world.send(&request).await).unwrap();
        ids.extend(page.items.into_iter().map(|opportunity| opportunity.id));
        let Some(next) = page.next else { break };
        request = next_page(&request, &next);
        pages += 1;
    }
    assert_eq!((pages, ids.len()), (3, 231));
}

#[tokio::test]
async fn a_tag_family_costs_one_add_and_one_remove() {
    let world = World::start().await;
    let member = |member: &str| {
        let members = ["Test - Invited", "Test - Started"].map(Pattern::literal).to_vec();
        Act::Family(TagFamily { family: "status".into(), member: Some(member.into()), members, spare: Vec::new() })
    };
    for wanted in ["Test - Invited", "Test - Started"] {
        world.sim.control().clear_requests();
        let mut run = TagRun::new(&world.ada, [&member(wanted)], Some(&world.user));
        let mut tags: Option<Vec<String>> = None;
        let literal = |pattern: &Pattern, tag: &str| pattern.as_literal() == Some(tag);
        while let TagStep::Send(request) = run.next(tags.as_deref(), &literal) {
            let exchange = world.send(&request).await;
            let Exchange::Answered(response) = &exchange else { panic!("{exchange:?}") };
            tags = written(response).map(|opportunity| opportunity.tags);
        }
        let calls = world.sim.control().requests().len();
        assert_eq!(calls, if wanted == "Test - Invited" { 1 } else { 2 }, "{wanted}");
    }
    let tags = world.sim.control().tags("Ada Lovelace").unwrap();
    assert!(tags.contains(&"Test - Started".to_owned()) && !tags.contains(&"Test - Invited".to_owned()), "{tags:?}");
}

#[tokio::test]
async fn a_note_whose_answer_was_lost_is_found_and_one_that_never_arrived_is_not() {
    let world = World::start().await;
    let now = world.snapshot().await.stage_changes.last().unwrap().at;
    let note = |text: &str| {
        let (text, created_at) = (text.to_owned(), now.checked_sub(SignedDuration::from_secs(1)).unwrap());
        Act::Note { text, secret: false, notify: false, key: None, created_at }
    };
    for (text, then, found) in [("applied", Misbehaviour::DropAfter, true), ("dropped", Misbehaviour::DropBefore, false)] {
        world.fault("POST", "notes", then);
        let act = note(text);
        let request = sending(step(&act, world.context(None)));
        let exchange = world.send(&request).await;
        assert!(matches!(outcome(&request, &exchange), Outcome::Unknown { .. }), "{exchange:?}");
        let begun = Begun { act: &act, opportunity: &world.ada, at: now, tries: 1, placed: None, made: &[] };
        let answer = world.send(&lookup(begun).unwrap()).await;
        match settled(begun, Some(&answer)) {
            Settled::Done { made: Some(_), .. } => assert!(found, "{text}"),
            Settled::Repeat => assert!(!found, "{text}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_move_is_guarded_follows_a_redirect_and_tells_its_time() {
    let world = World::start().await;
    let offer = world.sim.control().stage_id("Offer").unwrap();
    let before = world.snapshot().await;
    let to = |earlier| {
        Act::Stage(Move { to: offer.clone().into(), to_name: "Offer".into(), from: None, earlier, even_archived: false })
    };
    let act = to(vec![before.stage.clone().unwrap()]);
    assert!(matches!(step(&act, world.context(None)), Step::Read(_)));
    world.fault("PUT", "stage", Misbehaviour::Redirect { location: None });
    let request = sending(step(&act, world.context(Some(&before))));
    let exchange = world.send(&request).await;
    let Outcome::Done { learned } = outcome(&request, &exchange) else { panic!("{exchange:?}") };
    assert!(matches!(learned.get("moved_at"), Some(Value::Date { .. })));
    assert_eq!(world.sim.control().stage_of("Ada Lovelace").unwrap(), offer);
    let Exchange::Answered(response) = &exchange else { panic!() };
    let after = before.after(&written(response).unwrap());
    assert!(matches!(step(&act, world.context(Some(&after))), Step::Done(_)));
    // A person moves it on: our move is still found as done.
    world.sim.control().move_stage("Ada Lovelace", "New applicant").unwrap();
    let at = after.stage_changes.last().unwrap().at;
    let begun = Begun { act: &act, opportunity: &world.ada, at, tries: 1, placed: None, made: &[] };
    let answer = world.send(&lookup(begun).unwrap()).await;
    assert!(matches!(settled(begun, Some(&answer)), Settled::Done { made: None, moved: Some(_) }));
}

#[tokio::test]
async fn the_reference_lists_and_webhooks_are_read() {
    let world = World::start().await;
    let stages = api::stages(&world.send(&api::list_stages()).await).unwrap();
    assert!(stages.items.iter().any(|stage| stage.id == "applicant-new"));
    assert!(api::users(&world.send(&api::list_users()).await).unwrap().items.iter().any(|user| user.id == world.user.as_str()));
    assert!(api::tags(&world.send(&api::list_tags()).await).unwrap().items.contains(&"Java".to_owned()));
    assert_eq!(
        api::postings(&world.send(&api::list_postings()).await)
            .unwrap()
            .items
            .iter()
            .filter(|it| it.title == "Backend Engineer")
            .count(),
        1
    );
    let reasons = api::archive_reasons(&world.send(&api::list_archive_reasons()).await).unwrap();
    assert_eq!(reasons.items.iter().filter(|reason| reason.hired).count(), 1);
    let create =
        api::create_webhook(LeverEvent::CandidateStageChange, "https://leverd.example.com/hooks/lever/a/candidateStageChange");
    let made = api::webhook(&world.send(&create).await).unwrap();
    assert!(made.token.is_some());
    let listed = api::webhooks(&world.send(&api::list_webhooks()).await).unwrap();
    assert!(listed.items.iter().any(|webhook| webhook.id == made.id && webhook.token.is_none()));
}
