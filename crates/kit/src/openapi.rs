use crate::{
    Answer, App, Declaration, Guard, Input, Module, Settings, Topic, Watch,
    app::Declared,
    error::{ErrorBody, FAILURES},
    http,
    limits::{HEADERS, Rate, Rates, X_RETRY_AFTER},
};
use axum::{
    Router,
    extract::FromRequestParts,
    http::{StatusCode, header::RETRY_AFTER},
    routing::MethodRouter,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// One operation of the API. Written by `#[get("/path")]` and its sisters, listed by `routes!`.
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub name: &'static str,
    pub doc: &'static [&'static str],
    pub rate: Rate,
    pub describe: fn(&mut Operation),
    pub serve: fn() -> MethodRouter<App>,
}

/// The running API and its document, built from the same routes.
pub struct Api {
    pub router: Router<App>,
    pub document: Value,
    pub(crate) rates: Arc<Rates>,
    pub(crate) declared: Declared,
    pub(crate) watches: Arc<[Watch]>,
}

impl Api {
    /// # Panics
    /// When the modules contradict each other or themselves: see [`Operation::finish`].
    pub fn new(title: &str, version: &str, modules: &[Module], settings: &Settings) -> Self {
        let declared = Declared {
            settings: settings_of(modules),
            sealed: modules.iter().flat_map(|module| module.sealed).copied().collect(),
            topics: topics_of(modules),
        };
        let mut schemas = Schemas::new();
        let mut router = Router::new();
        let mut paths = Map::new();
        let mut ids = BTreeSet::new();
        let mut rates = Rates::default();
        for (module, route) in modules.iter().flat_map(|module| module.routes.iter().map(|route| (module.name, route)))
        {
            let mut operation = Operation::new(module, route, &mut schemas);
            (route.describe)(&mut operation);
            let public = operation.is_public();
            rates.enter(route.method, route.path, route.rate, public);
            if let Some(rate) = settings.limits.and_then(|limits| route.rate.describe(limits, public)) {
                operation.set("x-rate-limit", rate);
                operation.error(StatusCode::TOO_MANY_REQUESTS);
            }
            let most = if operation.slow { SLOW } else { settings.request_timeout };
            let operation = operation.finish();
            assert!(
                ids.insert(operation["operationId"].to_string()),
                "two operations are called {}",
                operation["operationId"]
            );
            paths.entry(route.path).or_insert_with(|| json!({}))[route.method] = operation;
            router = router.route(route.path, http::within(most, (route.serve)()));
        }
        let errors = schemas.error_responses();
        let document = json!({
            "openapi": "3.1.0",
            "info": { "title": title, "version": version },
            "paths": paths,
            "components": {
                "schemas": schemas.finish(),
                "responses": errors,
                "securitySchemes": {
                    "session": { "type": "apiKey", "in": "cookie", "name": "better-auth.session_token" },
                    "bearer": { "type": "http", "scheme": "bearer" },
                    "apiKey": { "type": "apiKey", "in": "header", "name": "X-API-Key" },
                },
            },
        });
        let watches = modules.iter().filter_map(|module| module.watch).collect();
        Self { router, document, rates: Arc::new(rates), declared, watches }
    }
}

/// The settings of all modules, by name.
///
/// # Panics
/// When two have one name.
fn settings_of(modules: &[Module]) -> Vec<&'static Declaration> {
    let mut declared: Vec<_> = modules.iter().flat_map(|module| module.settings).copied().collect();
    declared.sort_by_key(|setting| setting.name);
    for two in declared.windows(2) {
        assert!(two[0].name != two[1].name, "two settings are called {}", two[0].name);
    }
    declared
}

/// What all modules tell live.
///
/// # Panics
/// When two topics have one name.
fn topics_of(modules: &[Module]) -> Vec<&'static Topic> {
    let topics: Vec<_> = modules.iter().flat_map(|module| module.topics).copied().collect();
    let names: BTreeSet<_> = topics.iter().map(|topic| topic.name).collect();
    assert!(names.len() == topics.len(), "two topics have one name, of {names:?}");
    topics
}

/// The documentation of one operation, filled by the types in its handler's signature.
pub struct Operation<'a> {
    route: &'a Route,
    schemas: &'a mut Schemas,
    json: Map<String, Value>,
    parameters: Vec<Value>,
    responses: Map<String, Value>,
    slow: bool,
}

/// How long an operation may take that moves whole files.
const SLOW: Duration = Duration::from_secs(600);

impl<'a> Operation<'a> {
    fn new(module: &str, route: &'a Route, schemas: &'a mut Schemas) -> Self {
        let mut operation =
            Self { route, schemas, json: Map::new(), parameters: vec![], responses: Map::new(), slow: false };
        let doc: Vec<&str> = route.doc.iter().map(|line| line.trim()).collect();
        let doc = doc.join("\n");
        let (summary, description) = doc.split_once("\n\n").unwrap_or((&doc, ""));
        operation.set("operationId", format!("{}_{}", module.replace('-', "_"), route.name));
        operation.set("tags", vec![module]);
        operation.set("summary", summary.replace('\n', " "));
        if !description.is_empty() {
            operation.set("description", description);
        }
        if route.method != "get" {
            operation.error(StatusCode::CONFLICT);
        }
        operation
    }

    /// Whether anyone may call it.
    fn is_public(&self) -> bool {
        self.json.get("x-public").is_some_and(|it| it == true)
    }

    /// The finished operation.
    ///
    /// # Panics
    /// When it lacks a doc comment, or its path and its `Path` name different things.
    fn finish(mut self) -> Value {
        let Route { method, path, name, .. } = self.route;
        assert!(self.json["summary"] != "", "`{name}` ({method} {path}) needs a doc comment");
        let told = self.parameters.iter().filter(|parameter| parameter["in"] == "path");
        let told: BTreeSet<_> = told.filter_map(|parameter| parameter["name"].as_str()).collect();
        let named: BTreeSet<_> = names_in(path).collect();
        assert!(told == named, "`{name}`: the path {path} names {named:?}, its `Path` {told:?}");
        if !self.parameters.is_empty() {
            self.json.insert("parameters".to_owned(), self.parameters.into());
        }
        self.json.insert("responses".to_owned(), self.responses.into());
        self.json.into()
    }

    pub fn guard<G: Guard>(&mut self) {
        G::describe(self);
    }

    pub fn input<I: Input + FromRequestParts<App>>(&mut self) {
        I::describe(self);
    }

    /// Only the last argument may read the body.
    pub fn last_input<I: Input>(&mut self) {
        I::describe(self);
    }

    pub fn answer<A: Answer>(&mut self) {
        A::describe(self);
    }

    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.json.insert(key.to_owned(), value.into());
    }

    pub fn error(&mut self, status: StatusCode) {
        self.response(status.as_str(), json!({ "$ref": format!("#/components/responses/{}", status.as_u16()) }));
    }

    pub fn any_error(&mut self) {
        self.response("default", json!({ "$ref": "#/components/responses/default" }));
    }

    pub fn success<T: JsonSchema>(&mut self, status: StatusCode) {
        let schema = self.schemas.answers.subschema_for::<T>();
        self.response(status.as_str(), json!({ "description": "Success.", "content": content(&schema) }));
    }

    /// A success whose content is no JSON.
    pub fn success_content(&mut self, media_type: &str) {
        let content = json!({ media_type: { "schema": { "type": "string" } } });
        self.response(StatusCode::OK.as_str(), json!({ "description": "Success.", "content": content }));
    }

    pub fn empty_success(&mut self, status: StatusCode) {
        self.response(status.as_str(), json!({ "description": "Success." }));
    }

    fn response(&mut self, status: &str, response: Value) {
        self.responses.insert(status.to_owned(), response);
    }

    pub fn request_body<T: JsonSchema>(&mut self) {
        let schema = self.schemas.requests.subschema_for::<T>();
        self.set("requestBody", json!({ "required": true, "content": content(&schema) }));
    }

    /// The body is a file, which may take its time.
    pub fn file_body(&mut self) {
        self.slow = true;
        let file = json!({ "schema": { "type": "string", "format": "binary" } });
        let content = json!({ "text/csv": file, "application/gzip": file, "application/octet-stream": file });
        self.set("requestBody", json!({ "required": true, "content": content }));
    }

    pub fn path_parameters<T: JsonSchema>(&mut self) {
        let schema = T::json_schema(&mut self.schemas.requests);
        if schema.get("properties").is_some() {
            self.parameters("path", &schema);
        } else if let Some(name) = names_in(self.route.path).next() {
            let schema = self.schemas.requests.subschema_for::<T>().to_value();
            self.parameter("path", name, true, schema);
        }
    }

    pub fn query_parameters<T: JsonSchema>(&mut self) {
        let schema = T::json_schema(&mut self.schemas.requests);
        assert!(schema.get("properties").is_some(), "`{}`: a `Query` is of a struct", self.route.name);
        self.parameters("query", &schema);
    }

    fn parameters(&mut self, place: &str, schema: &Schema) {
        let required = schema.get("required").and_then(Value::as_array);
        for (name, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let required = required.is_some_and(|names| names.contains(&json!(name)));
            self.parameter(place, name, required, schema.clone());
        }
    }

    fn parameter(&mut self, place: &str, name: &str, required: bool, mut schema: Value) {
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        if let Some([kind, null]) = schema["type"].as_array().map(Vec::as_slice)
            && null == "null"
        {
            schema["type"] = kind.clone(); // a parameter is there or not; it is never `null`
        } else if let Some([some, null]) = schema["anyOf"].as_array().map(Vec::as_slice)
            && null["type"] == "null"
        {
            schema = some.clone();
        }
        if let Some(schema) = schema.as_object_mut().filter(|schema| schema.get("default") == Some(&Value::Null)) {
            schema.remove("default");
        }
        let mut parameter = json!({ "in": place, "name": name, "required": required, "schema": schema });
        if let Some(description) = description {
            parameter["description"] = description;
        }
        self.parameters.push(parameter);
    }
}

fn content(schema: &Schema) -> Value {
    json!({ "application/json": { "schema": schema } })
}

/// `id` of `/watchlists/{id}`.
pub(crate) fn names_in(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// The schemas of all types. What serde may leave out differs by direction: a field with a default
/// is optional in a request and certain in an answer.
struct Schemas {
    requests: SchemaGenerator,
    answers: SchemaGenerator,
}

impl Schemas {
    fn new() -> Self {
        let mut settings = SchemaSettings::draft2020_12();
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
        Self {
            requests: settings.clone().for_deserialize().into_generator(),
            answers: settings.for_serialize().into_generator(),
        }
    }

    fn error_responses(&mut self) -> Value {
        let content = content(&self.answers.subschema_for::<ErrorBody>());
        let response = |description: &str| json!({ "description": description, "content": content });
        let mut responses: Map<_, _> =
            FAILURES.iter().map(|(status, _, why)| (status.as_str().to_owned(), response(why))).collect();
        responses.insert("default".to_owned(), response("Any other failure."));
        let seconds = json!({ "schema": { "type": "integer" } });
        let headers = HEADERS.into_iter().chain([RETRY_AFTER, X_RETRY_AFTER]);
        responses["429"]["headers"] = headers.map(|name| (name.to_string(), seconds.clone())).collect();
        responses.into()
    }

    /// # Panics
    /// When one name stands for two schemas.
    fn finish(mut self) -> Map<String, Value> {
        let mut all = self.requests.take_definitions(true);
        for (name, schema) in self.answers.take_definitions(true) {
            let Some(request) = all.get(&name) else {
                all.insert(name, schema);
                continue;
            };
            // what a request may leave out is certain in an answer: the wider schema is true of both
            assert!(wide(request) == wide(&schema), "`{name}` differs between requests and answers: make it two types");
        }
        for name in all.keys() {
            let first = name.trim_end_matches(|c: char| c.is_ascii_digit());
            assert!(first == name || !all.contains_key(first), "two types are called `{first}`: rename one");
        }
        all
    }
}

/// The schema without what says only which fields are certain.
fn wide(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            let certain = ["required", "additionalProperties", "default"];
            let rest = fields.iter().filter(|(key, _)| !certain.contains(&key.as_str()));
            rest.map(|(key, value)| (key.clone(), wide(value))).collect()
        }
        Value::Array(items) => items.iter().map(wide).collect(),
        other => other.clone(),
    }
}
