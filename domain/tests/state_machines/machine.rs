//! One aggregate's situations and commands, and how they are written down.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use chrono::{DateTime, Utc};
use domain::decider::{Fact, fold};
use domain::{Actor, Asked, Decider};

pub struct Machine<D: Decider> {
    pub title: &'static str,
    /// The status as clients see it; `None` before anything happened.
    pub status: fn(&D::State) -> Option<&'static str>,
    pub situations: Vec<Situation<D>>,
    pub questions: Vec<Question<D>>,
}

/// A state, reached by a history, at a time.
pub struct Situation<D: Decider> {
    pub name: &'static str,
    pub history: Vec<D::Event>,
    pub at: DateTime<Utc>,
}

type Asking<D> = dyn Fn(&Situation<D>) -> <D as Decider>::Command;

/// A command; what it says may depend on where it is asked.
pub struct Question<D: Decider> {
    pub name: &'static str,
    pub command: Box<Asking<D>>,
}

impl<D: Decider> Question<D> {
    pub fn new(name: &'static str, command: impl Fn(&Situation<D>) -> D::Command + 'static) -> Self {
        Self { name, command: Box::new(command) }
    }
}

type Arrows = BTreeMap<(&'static str, &'static str), BTreeSet<&'static str>>;

impl<D: Decider> Machine<D> {
    pub fn written(&self) -> String {
        let mut arrows = Arrows::new();
        let rows: Vec<String> = self.questions.iter().map(|question| self.row(question, &mut arrows)).collect();
        let names: Vec<&str> = self.situations.iter().map(|situation| situation.name).collect();
        let head = format!("| | {} |\n|---|{}", names.join(" | "), "---|".repeat(names.len()));
        format!("## {}\n\n{}\n{head}\n{}", self.title, diagram(&arrows), rows.concat())
    }

    fn row(&self, question: &Question<D>, arrows: &mut Arrows) -> String {
        let answers = self.situations.iter().map(|situation| self.answer(situation, question, arrows));
        format!("| {} | {} |\n", question.name, answers.collect::<Vec<_>>().join(" | "))
    }

    fn answer(&self, situation: &Situation<D>, question: &Question<D>, arrows: &mut Arrows) -> String {
        let mut state = fold::<D>(&situation.history);
        let command = (question.command)(situation);
        let by = Actor::system("test");
        match D::decide(&state, &Asked { at: situation.at, by: &by, command: &command }) {
            Err(refusal) => format!("`{}`", refusal.slug()),
            Ok(decided) => {
                for event in &decided.events {
                    self.follow(&mut state, event, arrows);
                }
                told(&decided.events)
            }
        }
    }

    fn follow(&self, state: &mut D::State, event: &D::Event, arrows: &mut Arrows) {
        let before = (self.status)(state);
        D::evolve(state, event);
        let after = (self.status)(state);
        if before != after {
            let ends = (before.unwrap_or("[*]"), after.unwrap_or("[*]"));
            arrows.entry(ends).or_default().insert(event.name());
        }
    }
}

/// The events' names, each followed by a sign when there are several of them in a row.
fn told<E: Fact>(events: &[E]) -> String {
    let mut names: Vec<(&str, usize)> = Vec::new();
    for event in events {
        match names.last_mut() {
            Some((name, count)) if *name == event.name() => *count += 1,
            _ => names.push((event.name(), 1)),
        }
    }
    let told = names.iter().map(|(name, count)| if *count > 1 { format!("{name} ×") } else { (*name).to_owned() });
    let told: Vec<String> = told.collect();
    if told.is_empty() { "*nothing*".to_owned() } else { told.join(", ") }
}

fn diagram(arrows: &Arrows) -> String {
    let mut text = "```mermaid\nstateDiagram-v2\n".to_owned();
    for ((from, to), events) in arrows {
        let events: Vec<&str> = events.iter().copied().collect();
        writeln!(text, "    {from} --> {to}: {}", events.join(", ")).unwrap();
    }
    let left: BTreeSet<&str> = arrows.keys().map(|(from, _)| *from).collect();
    let reached: BTreeSet<&str> = arrows.keys().map(|(_, to)| *to).collect();
    for end in reached.difference(&left) {
        writeln!(text, "    {end} --> [*]").unwrap();
    }
    text + "```\n"
}
