//! Asking step by step in a terminal, in the order in which a person thinks at a door.

use std::io::BufRead;

use chrono::{DateTime, Utc};
use doorstep_core::describe;
use doorstep_core::event::{
    Agency, ChildSeen, ConcernLevel, Discussed, FailedContact, Form, Informed, Known, Referral,
    Role, Step, What,
};
use doorstep_core::wire::ChildCard;

use super::super::describe::spaced;
use super::kinds::agency;
use crate::failure::{Failure, Outcome};
use crate::moment::Moment;
use crate::out::Out;

/// What was answered.
#[derive(Debug, PartialEq)]
pub struct Answers {
    /// The children.
    pub children: Vec<ChildCard>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened.
    pub what: What,
}

/// Asks for everything. `known` are the children where flags named them already.
pub fn visit(
    input: &mut dyn BufRead,
    out: &mut Out,
    children: &[ChildCard],
    known: Option<Vec<ChildCard>>,
    now: DateTime<Utc>,
) -> Outcome<Answers> {
    if children.is_empty() {
        let sentence = "this device holds no children yet: run `doorstep device sync` first";
        return Err(Failure::No(sentence.to_owned()));
    }
    let mut asker = Asker { input, out };
    let children = match known {
        Some(children) => children,
        None => asker.children(children)?,
    };
    let what = asker.what()?;
    let at = asker.moment("When was it? (for example 10:15, or empty for now)", now)?;
    Ok(Answers { children, at, what })
}

struct Asker<'a> {
    input: &'a mut dyn BufRead,
    out: &'a mut Out,
}

impl Asker<'_> {
    fn children(&mut self, children: &[ChildCard]) -> Outcome<Vec<ChildCard>> {
        let names: Vec<_> = children.iter().map(|card| card.name.clone()).collect();
        loop {
            let chosen = self.several("Which child, or which children at this visit?", &names)?;
            if !chosen.is_empty() {
                return Ok(chosen.into_iter().map(|index| children[index].clone()).collect());
            }
        }
    }

    fn what(&mut self) -> Outcome<What> {
        const QUESTION: &str = "What happened?";
        let mut options: Vec<_> =
            Form::ALL.iter().map(|form| describe::form(*form).to_owned()).collect();
        let forms = options.len();
        options
            .extend(["child seen", "somebody told", "discussed with somebody"].map(str::to_owned));
        let chosen = self.one(QUESTION, &options)?;
        if let Some(form) = Form::ALL.get(chosen) {
            return Ok(What::FailedContact(self.failed_contact(*form)?));
        }
        match chosen - forms {
            0 => Ok(What::ChildSeen(self.child_seen()?)),
            1 => Ok(What::Informed(Informed { who: self.role("Who was told?")? })),
            _ => {
                let with = self.role("With whom?")?;
                let words: Vec<_> = Referral::ALL.iter().map(|r| spaced(r.as_str())).collect();
                let chosen = self.one("Was a referral made?", &words)?;
                Ok(What::Discussed(Discussed::new(with, Referral::ALL[chosen])))
            }
        }
    }

    fn failed_contact(&mut self, form: Form) -> Outcome<FailedContact> {
        let mut contact = FailedContact::new(form);
        contact.planned = self.yes("Did the family expect you?", true)?;
        let words: Vec<_> = Step::ALL.iter().map(|step| describe::step(*step).to_owned()).collect();
        let steps =
            self.several("What did you do about it there and then? (empty: nothing)", &words)?;
        contact.steps = steps.into_iter().map(|index| Step::ALL[index]).collect();
        contact.actively_prevented =
            self.yes("Were you actively prevented from seeing the child?", false)?;
        let words: Vec<_> =
            ConcernLevel::ALL.iter().map(|level| describe::concern(*level).to_owned()).collect();
        let level = self.one("How concerned are you?", &words)?;
        contact.concern = Some(ConcernLevel::ALL[level]);
        contact.reason = self.text("What reason was given, if any?")?;
        Ok(contact)
    }

    fn child_seen(&mut self) -> Outcome<ChildSeen> {
        let seen_by = self.seen_by()?;
        let words: Vec<_> = Known::ALL.iter().map(|known| spaced(known.as_str())).collect();
        let needs = self.one("Are the child's needs met?", &words)?;
        let from_distance = self.yes("Only from a distance or through a window?", false)?;
        Ok(ChildSeen { seen_by, needs_met: Known::ALL[needs], from_distance })
    }

    fn seen_by(&mut self) -> Outcome<Agency> {
        loop {
            let by = self.text("Who saw the child? (an agency, or empty for your own service)")?;
            match agency(by.as_deref().unwrap_or("service")) {
                Ok(agency) => return Ok(agency),
                Err(failure) => self.out.line(failure.sentence().unwrap_or_default())?,
            }
        }
    }

    fn role(&mut self, question: &str) -> Outcome<Role> {
        let words: Vec<_> = Role::ALL.iter().map(|role| spaced(role.as_str())).collect();
        Ok(Role::ALL[self.one(question, &words)?])
    }

    fn one(&mut self, question: &str, options: &[String]) -> Outcome<usize> {
        loop {
            if let [chosen] = self.several(question, options)?[..] {
                return Ok(chosen);
            }
            self.out.line("Type one number.")?;
        }
    }

    /// Numbers with commas or spaces between them; an empty answer is none.
    fn several(&mut self, question: &str, options: &[String]) -> Outcome<Vec<usize>> {
        self.out.heading(question)?;
        for (index, option) in options.iter().enumerate() {
            self.out.line(format!("  {:>2}  {option}", index + 1))?;
        }
        loop {
            let answer = self.answer(">")?;
            let numbers = answer.split([',', ' ']).filter(|part| !part.is_empty());
            let chosen: Option<Vec<usize>> = numbers
                .map(|part| part.parse::<usize>().ok()?.checked_sub(1))
                .map(|index| index.filter(|index| *index < options.len()))
                .collect();
            match chosen {
                Some(chosen) => return Ok(chosen),
                None => self.out.line(format!("Type numbers from 1 to {}.", options.len()))?,
            }
        }
    }

    fn yes(&mut self, question: &str, default: bool) -> Outcome<bool> {
        let choice = if default { "[Y/n]" } else { "[y/N]" };
        loop {
            match self.answer(&format!("{question} {choice}"))?.to_lowercase().as_str() {
                "" => return Ok(default),
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => self.out.line("Type yes or no.")?,
            }
        }
    }

    fn text(&mut self, question: &str) -> Outcome<Option<String>> {
        let text = self.answer(question)?;
        Ok((!text.is_empty()).then_some(text))
    }

    fn moment(&mut self, question: &str, now: DateTime<Utc>) -> Outcome<DateTime<Utc>> {
        loop {
            let answer = self.answer(question)?;
            if answer.is_empty() {
                return Ok(now);
            }
            match answer.parse::<Moment>() {
                Ok(moment) => return Ok(moment.at(now)),
                Err(sentence) => self.out.line(sentence)?,
            }
        }
    }

    fn answer(&mut self, prompt: &str) -> Outcome<String> {
        self.out.ask(prompt)?;
        let mut line = String::new();
        match self.input.read_line(&mut line) {
            Ok(count) if count > 0 => Ok(line.trim().to_owned()),
            _ => Err(Failure::No("nothing was recorded, because the answers ended".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use doorstep_core::ids::ChildId;

    use super::*;

    fn card(name: &str) -> ChildCard {
        ChildCard {
            id: ChildId::at(DateTime::UNIX_EPOCH, [1; 10]),
            name: name.to_owned(),
            born: None,
            address: None,
            address_protected: false,
            phone: None,
            record: doorstep_core::event::ChildRecord::default(),
            contacts: Vec::new(),
            visits: Vec::new(),
        }
    }

    fn answers(text: &str) -> Outcome<Answers> {
        let now = "2026-03-02T12:00:00Z".parse().unwrap();
        let children = [card("Amber"), card("Toby")];
        visit(&mut text.as_bytes(), &mut Out::to(std::io::sink()), &children, None, now)
    }

    #[test]
    fn asks_for_a_visit_in_the_order_of_a_door() {
        let asked = answers("1,2\n1\n\n1 5\nno\n2\nnobody came\n10:15\n").unwrap();
        assert_eq!(asked.children.len(), 2);
        assert_eq!(asked.at, "2026-03-02T10:15:00Z".parse::<DateTime<Utc>>().unwrap());
        let What::FailedContact(contact) = asked.what else { panic!("a failed contact") };
        assert_eq!(contact.form, Form::NoResponse);
        assert!(contact.planned);
        assert_eq!(contact.steps.len(), 2);
        assert_eq!(contact.concern, Some(ConcernLevel::Some));
        assert_eq!(contact.reason.as_deref(), Some("nobody came"));
    }

    #[test]
    fn asks_again_until_the_answer_can_be_meant() {
        let asked = answers("0\n9\nx\n2\n7\nSt Mary's\nSchool\n1\nmaybe\nn\nsoon\n\n").unwrap();
        assert_eq!(asked.children[0].name, "Toby");
        let What::ChildSeen(seen) = asked.what else { panic!("a child seen") };
        assert_eq!(seen.seen_by.0, "school");
        assert_eq!(seen.needs_met, Known::Yes);
    }

    #[test]
    fn records_nothing_when_the_answers_end() {
        assert_eq!(answers("1\n").unwrap_err().exit_code(), 1);
    }
}
