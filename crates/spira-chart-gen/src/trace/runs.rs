//! Runs of the builder: asked on demand, remembered, and laid out by position.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    rc::Rc,
};

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;

use super::{
    fault::Fault,
    fold::{Folder, Out, Slot},
    sample::{Assign, Samples},
};
use crate::{Refusal, Subject, tree::Scalar};

/// A position of the output: the root, or a slot in a container at another position.
pub type Pos = u32;

/// The list of all objects.
pub const ROOT: Pos = 0;

/// What stands at a position, children aside.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Label {
    /// A scalar.
    Leaf(Scalar),
    /// A text of lines.
    Text,
    /// A mapping.
    Map,
    /// A sequence.
    Seq,
    /// The value at a path.
    Whole(String),
    /// A range over the list at a path.
    Range(String),
}

/// What stands at a position in a run, and below it; runs that agree on it share it.
#[derive(Debug)]
pub struct Flat {
    pos: Pos,
    label: u32,
    children: Vec<Rc<Flat>>,
}

impl Flat {
    fn child(&self, pos: Pos) -> Option<&Rc<Flat>> {
        self.children.iter().find(|child| child.pos == pos)
    }
}

/// One run of the builder.
#[derive(Debug)]
pub struct Run {
    /// The choices it was made with.
    pub assign: Assign,
    /// Its objects, in order.
    pub objects: Vec<Rc<Flat>>,
}

/// All runs so far, and the positions seen in them.
pub struct Runs<'a> {
    subject: &'a Subject,
    /// What is known of the values.
    pub samples: &'a Samples,
    folder: Folder<'a>,
    all: Vec<Run>,
    by_assign: FxHashMap<Assign, usize>,
    /// Runs by the choices that are visible in their documents.
    by_document: FxHashMap<Assign, usize>,
    parents: Vec<(Pos, String)>,
    keys: Vec<Option<Scalar>>,
    /// The positions from the object down to each position, itself included.
    above: Vec<Vec<Pos>>,
    index: Vec<FxHashMap<String, Pos>>,
    labels: Vec<Label>,
    label_index: FxHashMap<Label, u32>,
    flats: FxHashMap<(Pos, *const Out), Rc<Flat>>,
    relevant: FxHashMap<Pos, BTreeSet<usize>>,
}

impl<'a> Runs<'a> {
    /// No runs yet.
    #[must_use]
    pub fn new(subject: &'a Subject, samples: &'a Samples, literals: &'a HashSet<i64>) -> Self {
        Self {
            subject,
            samples,
            folder: Folder::new(samples, literals),
            all: Vec::new(),
            by_assign: FxHashMap::default(),
            by_document: FxHashMap::default(),
            parents: vec![(ROOT, String::new())],
            keys: vec![None],
            above: vec![Vec::new()],
            index: vec![FxHashMap::default()],
            labels: Vec::new(),
            label_index: FxHashMap::default(),
            flats: FxHashMap::default(),
            relevant: FxHashMap::default(),
        }
    }

    /// How many times the builder ran.
    #[must_use]
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// A run.
    #[must_use]
    pub fn get(&self, run: usize) -> &Run {
        &self.all[run]
    }

    /// The sample document for an assignment.
    #[must_use]
    pub fn document(&self, assign: &Assign) -> Value {
        self.samples.document(assign)
    }

    /// The objects that the builder makes of the sample for an assignment.
    ///
    /// # Errors
    /// What the builder did that cannot be traced.
    pub fn build(&self, document: &Value) -> Result<Vec<Value>, Refusal> {
        let recorder = super::recorder::Recorder::new(self.samples);
        let objects = (self.subject.build)(&recorder, document).map_err(|why| Refusal::Trace {
            component: self.subject.name.clone(),
            why: format!("a sample is refused: {why}"),
        })?;
        match recorder.refused() {
            Some(why) => Err(self.refuse(why)),
            None => Ok(objects),
        }
    }

    /// A refusal of this component.
    #[must_use]
    pub fn refuse(&self, why: String) -> Refusal {
        Refusal::Trace {
            component: self.subject.name.clone(),
            why,
        }
    }

    /// A run whose output cannot be followed.
    #[must_use]
    pub fn fault<'f>(&'f self, document: &'f Value, built: &'f [Value]) -> Fault<'f> {
        Fault {
            subject: self.subject,
            samples: self.samples,
            document,
            built,
        }
    }

    /// The run for an assignment, made now if it was not before.
    ///
    /// # Errors
    /// What the builder did that cannot be traced.
    pub fn run(&mut self, assign: &Assign) -> Result<usize, Refusal> {
        if let Some(&run) = self.by_assign.get(assign) {
            return Ok(run);
        }
        // Choices below something that is switched off change nothing in the document.
        let that_count = self.samples.that_count(assign);
        let objects = if let Some(&same) = self.by_document.get(&that_count) {
            self.all[same].objects.clone()
        } else {
            let document = self.document(assign);
            let built = self.build(&document)?;
            let slots = self.folder.objects(&built).map_err(|why| {
                let fault = self.fault(&document, &built);
                self.refuse(fault.describe(why, &|scalar| self.folder.wrong(scalar)))
            })?;
            slots.iter().map(|slot| self.place(slot)).collect()
        };
        let run = self.all.len();
        self.all.push(Run {
            assign: assign.clone(),
            objects,
        });
        self.by_assign.insert(assign.clone(), run);
        self.by_document.entry(that_count).or_insert(run);
        Ok(run)
    }

    /// Runs an assignment with one choice changed, and notes which objects that changes.
    ///
    /// # Errors
    /// What the builder did that cannot be traced.
    pub fn flip(&mut self, assign: &Assign, choice: usize, variant: u8) -> Result<usize, Refusal> {
        let before = self.run(assign)?;
        let mut changed = assign.clone();
        changed[choice] = variant;
        let after = self.run(&changed)?;
        self.note(before, after, choice);
        Ok(after)
    }

    /// Notes the choice at every position that it changes something at or below.
    fn note(&mut self, before: usize, after: usize, choice: usize) {
        let mut touched = Vec::new();
        let (a, b) = (&self.all[before].objects, &self.all[after].objects);
        differing(a, b, &mut touched);
        if a.len() != b.len() || a.iter().zip(b).any(|(a, b)| a.pos != b.pos) {
            touched.push(ROOT);
        }
        for pos in touched {
            self.relevant.entry(pos).or_default().insert(choice);
        }
    }

    /// The choices that have been seen to change something at or below a position, or for
    /// [`ROOT`] which objects there are.
    #[must_use]
    pub fn relevant(&self, pos: Pos) -> BTreeSet<usize> {
        self.relevant.get(&pos).cloned().unwrap_or_default()
    }

    fn place(&mut self, slot: &Slot) -> Rc<Flat> {
        let pos = self.position(ROOT, slot);
        // Ranges of objects are read afresh in each run, so their address says nothing.
        if matches!(*slot.out, Out::Range(..)) {
            Rc::new(self.flatten(pos, &slot.out))
        } else {
            self.shared(pos, &slot.out)
        }
    }

    fn shared(&mut self, pos: Pos, out: &Rc<Out>) -> Rc<Flat> {
        let key = (pos, Rc::as_ptr(out));
        if let Some(flat) = self.flats.get(&key) {
            return flat.clone();
        }
        let flat = Rc::new(self.flatten(pos, out));
        self.flats.insert(key, flat.clone());
        flat
    }

    fn position(&mut self, parent: Pos, slot: &Slot) -> Pos {
        if let Some(&pos) = self.index[parent as usize].get(&slot.id) {
            return pos;
        }
        let pos =
            Pos::try_from(self.parents.len()).expect("a chart has fewer positions than u32 holds");
        self.parents.push((parent, slot.id.clone()));
        self.keys.push(slot.key.clone());
        let mut above = self.above[parent as usize].clone();
        above.push(pos);
        self.above.push(above);
        self.index[parent as usize].insert(slot.id.clone(), pos);
        self.index.push(FxHashMap::default());
        pos
    }

    fn flatten(&mut self, pos: Pos, out: &Out) -> Flat {
        let label = match out {
            Out::Leaf(scalar) => Label::Leaf(scalar.clone()),
            Out::Text(_) => Label::Text,
            Out::Map(_) => Label::Map,
            Out::Seq(_) => Label::Seq,
            Out::Whole(path) => Label::Whole(path.clone()),
            Out::Range(path, _) => Label::Range(path.clone()),
        };
        let children = out.slots().iter().map(|slot| {
            let child = self.position(pos, slot);
            self.shared(child, &slot.out)
        });
        let children = children.collect();
        Flat {
            pos,
            label: self.intern(label),
            children,
        }
    }

    fn intern(&mut self, label: Label) -> u32 {
        if let Some(&known) = self.label_index.get(&label) {
            return known;
        }
        let id = u32::try_from(self.labels.len()).expect("a chart has fewer labels than u32 holds");
        self.labels.push(label.clone());
        self.label_index.insert(label, id);
        id
    }

    /// The label with an identifier.
    #[must_use]
    pub fn label(&self, id: u32) -> &Label {
        &self.labels[id as usize]
    }

    /// The key of a position in a mapping.
    #[must_use]
    pub fn key(&self, pos: Pos) -> Option<Scalar> {
        self.keys[pos as usize].clone()
    }

    /// Whether a position is that of an object.
    #[must_use]
    pub fn is_object(&self, pos: Pos) -> bool {
        self.parents[pos as usize].0 == ROOT
    }

    fn flat(&self, run: usize, pos: Pos) -> Option<&Rc<Flat>> {
        let mut above = self.above[pos as usize].iter();
        let object = above.next()?;
        let object = self.all[run]
            .objects
            .iter()
            .find(|flat| flat.pos == *object)?;
        above.try_fold(object, |flat, step| flat.child(*step))
    }

    /// What stands at a position in a run; `None` where nothing does.
    #[must_use]
    pub fn content(&self, run: usize, pos: Pos) -> Option<u32> {
        Some(self.flat(run, pos)?.label)
    }

    /// Whether something stands at a position in a run; `None` where its container does not.
    #[must_use]
    pub fn presence(&self, run: usize, pos: Pos) -> Option<u32> {
        let (parent, _) = self.parents[pos as usize];
        let there = if parent == ROOT {
            self.flat(run, pos).is_some()
        } else {
            self.flat(run, parent)?.child(pos).is_some()
        };
        Some(u32::from(there))
    }

    /// The children of a position in a run, in order.
    #[must_use]
    pub fn children(&self, run: usize, pos: Pos) -> Vec<Pos> {
        let children = if pos == ROOT {
            Some(&self.all[run].objects)
        } else {
            self.flat(run, pos).map(|flat| &flat.children)
        };
        children
            .into_iter()
            .flatten()
            .map(|flat| flat.pos)
            .collect()
    }

    /// One run for each way that a position looks in these runs.
    #[must_use]
    pub fn distinct(&self, runs: &[usize], pos: Pos) -> Vec<usize> {
        if pos == ROOT {
            return runs.to_vec();
        }
        let mut seen = FxHashSet::default();
        runs.iter()
            .copied()
            .filter(|&run| {
                self.flat(run, pos)
                    .is_some_and(|flat| seen.insert(Rc::as_ptr(flat)))
            })
            .collect()
    }

    /// A position in words, for messages.
    #[must_use]
    pub fn describe(&self, pos: Pos) -> String {
        let mut words = Vec::new();
        let mut at = pos;
        while at != ROOT {
            let (parent, id) = &self.parents[at as usize];
            words.push(
                match self.keys[at as usize].as_ref().and_then(Scalar::literal) {
                    Some(key) => key.to_owned(),
                    None => id.clone(),
                },
            );
            at = *parent;
        }
        words.reverse();
        words.join(" / ")
    }

    /// The names of the choices that stand otherwise than all-on in an assignment.
    #[must_use]
    pub fn describe_assign(&self, assign: &Assign) -> BTreeMap<String, String> {
        let choices = self.samples.choices.iter().zip(assign);
        choices
            .filter(|(choice, variant)| **variant != choice.on())
            .map(|(choice, variant)| {
                let value = match &choice.kind {
                    super::sample::Kind::Enum(names) => names[usize::from(*variant)].clone(),
                    super::sample::Kind::Bool => "false".to_owned(),
                    super::sample::Kind::Set => "unset".to_owned(),
                    super::sample::Kind::NonEmpty => "empty".to_owned(),
                };
                (choice.value_path().to_owned(), value)
            })
            .collect()
    }
}

/// The positions at which, or below which, two lists of siblings differ.
fn differing(a: &[Rc<Flat>], b: &[Rc<Flat>], touched: &mut Vec<Pos>) {
    for flat in a {
        match b.iter().find(|other| other.pos == flat.pos) {
            Some(other) if Rc::ptr_eq(flat, other) => {}
            Some(other) => {
                touched.push(flat.pos);
                differing(&flat.children, &other.children, touched);
            }
            None => touched.push(flat.pos),
        }
    }
    touched.extend(
        b.iter()
            .filter(|flat| a.iter().all(|other| other.pos != flat.pos))
            .map(|flat| flat.pos),
    );
}
