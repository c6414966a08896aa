//! The operations of the API document, and requests for any of them.

use axum::body::Body;
use serde_json::{Map, Value, json};
use testkit::{Answer, Client};

/// An operation of the document.
#[derive(Clone)]
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    about: Value,
    schemas: Value,
}

/// What to write where an id is wanted, by what the place is called.
pub(crate) type Ids<'a> = &'a dyn Fn(&str) -> String;

/// How deep a body may be: some schemas hold themselves.
const DEPTH: u8 = 6;

pub(crate) fn operations(document: &Value) -> Vec<Operation> {
    let mut all = vec![];
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, about) in item.as_object().unwrap() {
            let (path, method) = (path.clone(), method.to_uppercase());
            all.push(Operation {
                method,
                path,
                about: about.clone(),
                schemas: document["components"]["schemas"].clone(),
            });
        }
    }
    assert!(all.len() > 60);
    // what tells for as long as somebody listens has no whole answer
    all.retain(|operation| {
        let answers = &operation.about["responses"];
        !answers.to_string().contains("text/event-stream") && answers["101"].is_null()
    });
    all
}

impl Operation {
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The permission that a member of the tenant needs.
    pub(crate) fn permission(&self) -> Option<&str> {
        self.about["x-permission"].as_str().filter(|_| self.about["x-scope"] != "platform")
    }

    pub(crate) fn takes_keys(&self) -> bool {
        self.about["security"].to_string().contains("apiKey")
    }

    pub(crate) fn is_public(&self) -> bool {
        self.about["x-public"] == true
    }

    fn parameters(&self, place: &str) -> Vec<&Value> {
        let all = self.about["parameters"].as_array().into_iter().flatten();
        all.filter(|parameter| parameter["in"] == place).collect()
    }

    /// What its query may say.
    pub(crate) fn questions(&self) -> Vec<&str> {
        self.parameters("query").iter().filter_map(|parameter| parameter["name"].as_str()).collect()
    }

    /// The places of its path.
    pub(crate) fn places(&self) -> usize {
        self.parameters("path").len()
    }

    /// The path with ids in its places; what is called `id` is called after the part before it.
    pub(crate) fn path_with(&self, ids: Ids) -> String {
        let mut before = "";
        let parts = self.path.split('/').map(|part| {
            let place = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            let written = match place {
                None => part.to_owned(),
                Some("version") => "1".to_owned(),
                Some("provider") => "google".to_owned(),
                Some("id") => ids(before),
                Some(name) => ids(name),
            };
            before = part;
            written
        });
        parts.collect::<Vec<_>>().join("/")
    }

    /// The query with ids wherever it takes one.
    pub(crate) fn query_with(&self, ids: Ids) -> String {
        let wanted = self.questions().into_iter().filter(|name| is_id(name) || matches!(*name, "before" | "after"));
        wanted.map(|name| format!("{name}={}", ids(name))).collect::<Vec<_>>().join("&")
    }

    /// A body after its schema with ids wherever it takes one: the whole, or only what is required.
    pub(crate) fn body_with(&self, ids: Ids, whole: bool) -> Value {
        let schema = &self.about["requestBody"]["content"]["application/json"]["schema"];
        if schema.is_null() { json!({}) } else { self.sample("", schema, ids, whole, 0) }
    }

    fn sample(&self, name: &str, schema: &Value, ids: Ids, whole: bool, depth: u8) -> Value {
        if let Some(known) = schema["$ref"].as_str() {
            return self.sample(name, &self.schemas[known.rsplit('/').next().unwrap()], ids, whole, depth);
        }
        for choice in ["anyOf", "oneOf", "allOf"] {
            if let Some(some) = schema[choice].as_array().and_then(|all| all.iter().find(|it| it["type"] != "null")) {
                return self.sample(name, some, ids, whole, depth);
            }
        }
        if !schema["const"].is_null() {
            return schema["const"].clone();
        }
        if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
            return first.clone();
        }
        let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or_default();
        match kind {
            "object" if depth < DEPTH => self.object(schema, ids, whole, depth),
            "array" if depth < DEPTH => json!([self.sample(name, &schema["items"], ids, whole, depth + 1)]),
            "array" => json!([]),
            "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
            "boolean" => json!(true),
            "string" if schema["format"] == "uuid" || is_id(name) => json!(ids(name)),
            "string" if name.to_lowercase().contains("email") => json!("somebody@test.example"),
            "string" => json!("something"),
            _ => json!({}),
        }
    }

    fn object(&self, schema: &Value, ids: Ids, whole: bool, depth: u8) -> Value {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let fields = schema["properties"].as_object().into_iter().flatten();
        let said = fields.filter(|(name, _)| whole || required.contains(&name.as_str()));
        let object: Map<_, _> =
            said.map(|(name, field)| (name.clone(), self.sample(name, field, ids, whole, depth + 1))).collect();
        object.into()
    }

    pub(crate) async fn call(&self, by: &Client, path: &str, body: &Value) -> Answer {
        by.send(&self.method, path, Body::from(body.to_string()), Some("application/json")).await
    }
}

/// Whether a place of this name takes an id.
fn is_id(name: &str) -> bool {
    name == "id" || name.ends_with("Id") || name.ends_with("Ids") || name.ends_with("_id")
}
