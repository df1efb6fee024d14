//! `doorstep admin devices` and `doorstep admin device show`: how devices stand with the server.

use chrono::TimeDelta;
use doorstep_core::ids::DeviceId;
use doorstep_core::time::in_words;
use doorstep_core::trust::TOLERANCE;
use doorstep_core::wire::Divergence;
use doorstep_sync_server::admin::AdminError;
use doorstep_sync_server::admin::device_state::{self, DeviceState, Missing};
use doorstep_sync_server::store::Tx;
use serde_json::{Value, json};

use super::list::Listed;
use crate::failure::Outcome;
use crate::office::Office;
use crate::out::Out;

/// Every device, the longest silent first.
pub fn listed(tx: &dyn Tx) -> Result<Listed, AdminError> {
    let head = &["DEVICE", "NAME", "PERSON", "LAST CONTACT", "UNSENT", "CLOCK", "APP", "STATE"];
    let mut listed = Listed { head, rows: Vec::new(), json: Vec::new() };
    for state in device_state::all(tx, None)? {
        listed.json.push(to_json(&state));
        listed.rows.push(vec![
            state.device.id.to_string(),
            state.device.name.clone(),
            state.person.name.clone().into(),
            state.device.last_contact.map_or_else(|| "never".to_owned(), in_words),
            unsent(&state),
            clock(&state),
            state.device.app.clone(),
            if state.device.revoked.is_some() { "shut out" } else { "in use" }.to_owned(),
        ]);
    }
    Ok(listed)
}

/// One device, and what is on it.
pub fn show(office: &Office, id: DeviceId, as_json: bool, out: &mut Out) -> Outcome {
    let (state, children) = office.read(move |tx| device_state::one(tx, id))?;
    if as_json {
        let mut document = to_json(&state);
        document["on_it"] = children
            .iter()
            .map(|child| json!({ "child": child.external, "name": child.name.reveal() }))
            .collect();
        return out.json(&document);
    }
    let device = &state.device;
    out.heading(format!("{}, {}'s", device.name, state.person.name.reveal()))?;
    out.line(format!("  {} ({})", device.id, device.app))?;
    out.line(format!("  enrolled {}", in_words(device.enrolled)))?;
    match device.last_contact {
        Some(at) => out.line(format!("  last contact {}", in_words(at)))?,
        None => out.line("  never in contact since")?,
    }
    out.line(format!("  not sent yet: {}", unsent(&state)))?;
    if let Some(Missing { epoch, from, to }) = state.missing {
        out.line(format!("  missing here: numbers {from} to {to} of epoch {epoch}"))?;
    }
    out.line(format!("  set aside and waiting: {}", state.set_aside))?;
    out.line(format!("  its clock: {}", clock(&state)))?;
    if !device.divergence.is_none() {
        let Divergence { found, healed } = device.divergence;
        out.line(format!(
            "  copies of a child that differed from the server's: {found} found, {healed} mended \
             by the device itself"
        ))?;
    }
    if let Some(at) = device.revoked {
        out.line(format!("  shut out since {}", in_words(at)))?;
    }
    out.line(format!("  on it: {} children", children.len()))?;
    children
        .iter()
        .try_for_each(|child| out.line(format!("    {}  {}", child.external, child.name.reveal())))
}

fn unsent(state: &DeviceState) -> String {
    match (state.device.unsent, state.device.oldest_unsent) {
        (0, _) => "0".to_owned(),
        (count, None) => count.to_string(),
        (count, Some(oldest)) => format!("{count}, the oldest of {}", in_words(oldest)),
    }
}

fn clock(state: &DeviceState) -> String {
    let Some(ahead) = state.clock_ahead() else { return "not known".to_owned() };
    if ahead.abs() <= TOLERANCE {
        return "right".to_owned();
    }
    let direction = if ahead > TimeDelta::zero() { "ahead" } else { "behind" };
    format!("{} minutes {direction}", ahead.abs().num_minutes())
}

fn to_json(state: &DeviceState) -> Value {
    let (device, person) = (&state.device, &state.person);
    let missing = state
        .missing
        .map(|missing| json!({ "epoch": missing.epoch, "from": missing.from, "to": missing.to }));
    json!({
        "id": device.id, "name": device.name, "app": device.app, "person": person.external,
        "person_name": person.name.reveal(), "enrolled": device.enrolled,
        "last_contact": device.last_contact, "unsent": device.unsent,
        "oldest_unsent": device.oldest_unsent, "missing": missing,
        "divergence": device.divergence,
        "clock_ahead_ms": state.clock_ahead().map(|ahead| ahead.num_milliseconds()),
        "children": state.children, "set_aside": state.set_aside, "revoked": device.revoked,
    })
}
