//! What happens around the children of a benchmark: every fifth event a failed contact, an
//! assurance every fiftieth, the rest what people do about it. Nothing here is random.

use doorstep_core::event::{
    AddressKnown, Agency, AgencyConsulted, ChildRecord, ChildSeen, Concern, ConcernLevel,
    Discussed, FailedContact, Form, Informed, Known, Note, Plan, Referral, Role, Step, What,
};

/// What the record says of the `n`-th child before its first event: every tenth is on a Child
/// Protection Plan.
pub fn record(n: usize) -> ChildRecord {
    if n.is_multiple_of(10) { on_a_plan() } else { ChildRecord::default() }
}

/// A child on a Child Protection Plan, with two agencies involved: what costs most to judge.
pub fn on_a_plan() -> ChildRecord {
    ChildRecord {
        plans: [Plan::ChildProtection].into(),
        involved_agencies: [Agency("school".into()), Agency("gp".into())].into(),
        ..ChildRecord::default()
    }
}

/// The `n`-th thing that happens around a child.
pub fn happening(n: u32) -> What {
    if n % 50 == 49 {
        let seen_by = Agency("service".into());
        return What::ChildSeen(ChildSeen { seen_by, needs_met: Known::Yes, from_distance: false });
    }
    let form = if n.is_multiple_of(20) { Form::NoResponse } else { Form::Doorstep };
    match n % 10 {
        0 | 5 => What::FailedContact(FailedContact {
            steps: [Step::FamilyPhoned, Step::LetterLeft].into(),
            ..FailedContact::new(form)
        }),
        1 => What::Informed(Informed { who: Role::LineManager }),
        2 => What::Informed(Informed { who: Role::LeadSocialWorker }),
        3 => What::Discussed(Discussed::new(Role::LineManager, Referral::NotMade)),
        4 | 6 => What::AgencyConsulted(AgencyConsulted {
            agency: Agency(if n % 20 < 10 { "school" } else { "gp" }.into()),
            address: AddressKnown::Confirmed,
            child_seen: Known::No,
        }),
        7 => What::ConcernRecorded(Concern {
            concern: Some(ConcernLevel::Some),
            answers: std::collections::BTreeSet::new(),
        }),
        8 => What::FurtherAttempt(Note::default()),
        _ => What::ImpactAssessed(Note::default()),
    }
}

/// What happens around a child whom the service sees, and around whom nothing is owed.
pub fn calm(n: u32) -> What {
    match n % 40 {
        3 => What::Discussed(Discussed::new(Role::LineManager, Referral::NotMade)),
        5 => What::Informed(Informed { who: Role::LeadSocialWorker }),
        7 => What::ImpactAssessed(Note::default()),
        9 => What::FurtherAttempt(Note::default()),
        _ => {
            let seen_by = Agency("service".into());
            let seen = ChildSeen { seen_by, needs_met: Known::Yes, from_distance: false };
            What::ChildSeen(seen)
        }
    }
}

/// What the record says of the `n`-th child where every fifth is on a Child Protection Plan.
pub fn fifth_on_a_plan(n: usize) -> ChildRecord {
    if n.is_multiple_of(5) { on_a_plan() } else { ChildRecord::default() }
}
