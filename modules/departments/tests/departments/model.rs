//! Whatever is done to a tree in whatever order, it stays one, and is the one that a simple model says.

use crate::support::*;
use proptest::{
    prelude::*,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use std::collections::BTreeMap;
use tenants::Kind;
use testkit::{Answer, Member, PgPool, TestApp, db_test, json};

/// How many trees are tried, and what is done to each at most.
const TREES: usize = 12;
const STEPS: usize = 60;

#[derive(Clone, Debug)]
enum Step {
    Create { under: Pick },
    Move { who: Pick, under: Pick },
    Delete { who: Pick, heir: Pick },
}

/// One of the departments there are, counted from the youngest, or none.
type Pick = Option<usize>;

fn step() -> impl Strategy<Value = Step> {
    let pick = || prop_oneof![1 => Just(None), 3 => Just(Some(0)), 6 => (0..12_usize).prop_map(Some)];
    prop_oneof![
        4 => pick().prop_map(|under| Step::Create { under }),
        4 => (pick(), pick()).prop_map(|(who, under)| Step::Move { who, under }),
        1 => (pick(), pick()).prop_map(|(who, heir)| Step::Delete { who, heir }),
    ]
}

/// Each department in the order of their making, and the one above it.
#[derive(Default)]
struct Model {
    /// How many were to be made.
    count: usize,
    made: Vec<String>,
    above: BTreeMap<String, Option<String>>,
}

impl Model {
    fn pick(&self, pick: Pick) -> Option<String> {
        let last = self.made.len().checked_sub(1)?;
        self.made.get(last - pick?.min(last)).cloned()
    }

    fn path(&self, id: &str) -> Vec<String> {
        let parent = self.above[id].as_ref();
        let mut path = parent.map_or(vec![], |parent| self.path(parent));
        path.push(id.to_owned());
        path
    }

    fn depth(&self, id: Option<&String>) -> usize {
        id.map_or(0, |id| self.path(id).len())
    }

    fn below(&self, id: &str) -> Vec<String> {
        self.made.iter().filter(|it| self.path(it).iter().any(|above| above == id)).cloned().collect()
    }

    fn children(&self, id: &str) -> Vec<String> {
        self.made.iter().filter(|it| self.above[*it].as_deref() == Some(id)).cloned().collect()
    }

    fn height(&self, id: &str) -> usize {
        self.below(id).iter().map(|it| self.path(it).len()).max().unwrap() + 1 - self.path(id).len()
    }

    /// Why a department cannot stand there.
    fn refusal(&self, id: &str, under: Option<&String>) -> Option<&'static str> {
        if under.is_some_and(|under| self.below(id).contains(under)) {
            return Some("DEPARTMENT_CYCLE");
        }
        (self.depth(under) + self.height(id) > 8).then_some("DEPARTMENT_TOO_DEEP")
    }
}

fn told(answer: &Answer) -> Option<String> {
    (!answer.status.is_success()).then(|| text(&answer.body()["code"]))
}

async fn create(by: &Member, model: &mut Model, under: Option<String>) {
    let name = format!("Department {}", model.count);
    model.count += 1;
    let answer = by.post(DEPARTMENTS, &json!({ "name": name, "parentId": under })).await;
    let expected = (model.depth(under.as_ref()) >= 8).then(|| "DEPARTMENT_TOO_DEEP".to_owned());
    assert_eq!(told(&answer), expected, "{}", answer.text());
    if expected.is_none() {
        let id = text(&answer.created()["id"]);
        model.made.push(id.clone());
        model.above.insert(id, under);
    }
}

async fn relocate(by: &Member, model: &mut Model, who: String, under: Option<String>) {
    let answer = by.post(&at(&who, "/move"), &json!({ "parentId": under })).await;
    let expected = model.refusal(&who, under.as_ref()).filter(|_| model.above[&who] != under);
    assert_eq!(told(&answer).as_deref(), expected, "{}", answer.text());
    if expected.is_none() {
        model.above.insert(who, under);
    }
}

async fn delete(by: &Member, model: &mut Model, who: String, heir: Option<String>) {
    let query = heir.as_ref().map_or(String::new(), |heir| format!("?moveTo={heir}"));
    let answer = by.delete(&at(&who, &query)).await;
    let children = model.children(&who);
    let expected = match &heir {
        None => (!children.is_empty()).then_some("DEPARTMENT_NOT_EMPTY"),
        Some(heir) if model.below(&who).contains(heir) => Some("DEPARTMENT_CYCLE"),
        Some(heir) => children.iter().find_map(|child| model.refusal(child, Some(heir))),
    };
    assert_eq!(told(&answer).as_deref(), expected, "{}", answer.text());
    if expected.is_none() {
        for child in children {
            model.above.insert(child, heir.clone());
        }
        model.made.retain(|it| *it != who);
        model.above.remove(&who);
    }
}

async fn take(by: &Member, model: &mut Model, step: &Step) {
    match *step {
        Step::Create { under } => {
            let under = model.pick(under);
            create(by, model, under).await;
        }
        Step::Move { who, under } => {
            if let Some(who) = model.pick(who) {
                let under = model.pick(under);
                relocate(by, model, who, under).await;
            }
        }
        Step::Delete { who, heir } => {
            if let Some(who) = model.pick(who) {
                let heir = model.pick(heir);
                delete(by, model, who, heir).await;
            }
        }
    }
}

/// Those of the company that the model made, as the list tells them.
async fn stored(by: &Member) -> BTreeMap<String, Option<String>> {
    let list = by.get(&format!("{DEPARTMENTS}?limit=100")).await.ok();
    let made = list.as_array().unwrap().iter().filter(|it| it["key"].is_null());
    made.map(|it| (text(&it["id"]), it["parentId"].as_str().map(str::to_owned))).collect()
}

#[db_test]
async fn any_sequence_of_changes_leaves_the_tree_that_the_model_says(db: PgPool) {
    let app = TestApp::new(db, [departments::module()]).await;
    let mut runner = TestRunner::deterministic();
    let mut deepest = 0;
    for _ in 0..TREES {
        let ceo = app.owner(Kind::Company).await;
        let steps = prop::collection::vec(step(), 1..STEPS).new_tree(&mut runner).unwrap().current();
        let mut model = Model::default();
        for step in &steps {
            take(&ceo, &mut model, step).await;
        }
        assert_eq!(stored(&ceo).await, model.above, "{steps:?}");
        deepest = deepest.max(model.made.iter().map(|id| model.path(id).len()).max().unwrap_or_default());
    }
    assert_eq!(deepest, 8, "no tree has grown as deep as it may");
}
