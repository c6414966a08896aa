//! What can be said of a script before it runs: the words it uses, and those that are wrong.

use std::collections::BTreeMap;

use rhai::{AST, ASTNode, Expr, FnCallExpr, Position, Stmt};

use super::language::{CHANGING, FUNCTIONS};
use super::words::{Word, Words};
use crate::strategy::fault::{excerpt, hint};
use crate::strategy::validate::MAX_BACK;

/// Something wrong with a source, and where.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Complaint {
    pub(super) code: &'static str,
    pub(super) at: Position,
    pub(super) message: String,
}

/// What a script reads.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// The variables, without those that it makes itself.
    pub(super) variables: Vec<String>,
    /// The operands that functions name: how far back at most, and how far back for certain.
    pub(super) operands: BTreeMap<String, Back>,
}

/// How far back an operand is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Back {
    /// At most.
    pub(super) most: usize,
    /// As the source says by a number, so that it has to exist before the script runs.
    pub(super) needed: usize,
}

/// Walks a script that could be read.
pub(super) fn check(ast: &AST, words: &Words) -> Result<Uses, Vec<Complaint>> {
    let functions: Vec<(String, usize)> =
        ast.iter_functions().map(|function| (function.name.to_owned(), function.params.len())).collect();
    let mut check = Check { words, functions, uses: Uses::default(), complaints: Vec::new(), body: true };
    ast.clone_statements_only().walk(&mut |path| check.node(path));
    check.body = false;
    ast.clone_functions_only().walk(&mut |path| check.node(path));
    check.complaints.dedup();
    if check.complaints.is_empty() { Ok(check.uses) } else { Err(check.complaints) }
}

struct Check<'a> {
    words: &'a Words,
    /// Names and numbers of arguments.
    functions: Vec<(String, usize)>,
    uses: Uses,
    complaints: Vec<Complaint>,
    /// Whether this is the script's body and not one of its functions, which see no variables but
    /// their own.
    body: bool,
}

impl Check<'_> {
    fn complain(&mut self, code: &'static str, at: Position, message: String) {
        self.complaints.push(Complaint { code, at, message });
    }

    /// Takes the last node of a path from the root; always wants the next.
    fn node(&mut self, path: &[ASTNode<'_>]) -> bool {
        match path.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, at))) => self.call(call, 0, *at),
            Some(ASTNode::Stmt(Stmt::FnCall(call, at))) => self.call(call, 0, *at),
            Some(ASTNode::Expr(Expr::MethodCall(call, at))) => self.call(call, 1, *at),
            Some(ASTNode::Expr(expression)) if self.body => self.expression(expression),
            Some(ASTNode::Stmt(statement)) if self.body => self.statement(statement),
            _ => {}
        }
        true
    }

    fn expression(&mut self, expression: &Expr) {
        match expression {
            Expr::Variable(variable, ..) => {
                let name = variable.1.as_str();
                if self.words.get(name).is_some() && !self.uses.variables.iter().any(|known| known == name) {
                    self.uses.variables.push(name.to_owned());
                }
            }
            Expr::Dot(both, ..) => {
                if let Expr::Variable(variable, ..) = &both.lhs {
                    self.property(&variable.1, first(&both.rhs));
                }
            }
            _ => {}
        }
    }

    /// `bands.uper`, or a method that would change what is given.
    fn property(&mut self, name: &str, first: &Expr) {
        let Some(known) = self.words.get(name).and_then(Word::properties) else { return };
        match first {
            Expr::Property(property, at) if !known.contains(&property.2.as_str()) => {
                let message = format!(
                    "`{name}` has no `{}`{}; it has {}",
                    excerpt(&property.2),
                    hint(&property.2, known.iter().copied()),
                    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
                );
                self.complain("UNKNOWN_NAME", *at, message);
            }
            Expr::MethodCall(call, at) if CHANGING.contains(&call.name.as_str()) => self.read_only(name, *at),
            _ => {}
        }
    }

    fn read_only(&mut self, name: &str, at: Position) {
        self.complain("READ_ONLY", at, format!("`{name}` is given and cannot be changed; keep your own in `state`"));
    }

    fn given(&self, name: &str) -> bool {
        self.words.get(name).is_some_and(|word| *word != Word::State)
    }

    fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Assignment(assignment) => {
                if let Some((name, at)) = root(&assignment.1.lhs).filter(|(name, _)| self.given(name)) {
                    self.read_only(name, at);
                }
            }
            Stmt::Var(variable, _, at) => self.own(&variable.0.name, *at),
            Stmt::For(parts, at) => {
                self.own(&parts.0.name, *at);
                if let Some(counter) = &parts.1 {
                    self.own(&counter.name, *at);
                }
            }
            _ => {}
        }
    }

    /// A variable that the script makes.
    fn own(&mut self, name: &str, at: Position) {
        if self.words.get(name).is_some() {
            self.complain("NAME_TAKEN", at, format!("`{name}` is given already; choose another name"));
        }
    }

    fn call(&mut self, call: &FnCallExpr, receiver: usize, at: Position) {
        let (name, count) = (call.name.as_str(), call.args.len() + receiver);
        if self.body
            && receiver == 0
            && CHANGING.contains(&name)
            && let Some((given, at)) = call.args.first().and_then(root).filter(|(given, _)| self.given(given))
        {
            return self.read_only(given, at);
        }
        if call.op_token.is_some() || self.functions.iter().any(|(known, arity)| known == name && *arity == count) {
            return;
        }
        match FUNCTIONS.iter().find(|(known, _)| *known == name) {
            Some((_, arity)) if *arity == count => self.operands(call, receiver, at),
            Some((_, arity)) => {
                self.complain("WRONG_ARGUMENTS", at, format!("`{name}` takes {arity} arguments, not {count}"));
            }
            None => self.unknown_function(name, count, at),
        }
    }

    fn unknown_function(&mut self, name: &str, count: usize, at: Position) {
        if let Some((_, arity)) = self.functions.iter().find(|(known, _)| known == name) {
            let message = format!("`{}` takes {arity} arguments, not {count}", excerpt(name));
            return self.complain("WRONG_ARGUMENTS", at, message);
        }
        let own = self.functions.iter().map(|(known, _)| known.as_str());
        let nearest = hint(name, FUNCTIONS.iter().map(|(known, _)| *known).chain(own));
        self.complain("UNKNOWN_FUNCTION", at, format!("there is no function `{}`{nearest}", excerpt(name)));
    }

    /// The operands that `prev` and the crossings name.
    fn operands(&mut self, call: &FnCallExpr, receiver: usize, at: Position) {
        let crossing = call.name.starts_with("crosses_");
        if !crossing && call.name != "prev" {
            return;
        }
        let Some((first, second)) = call.args.first().zip(call.args.get(1)).filter(|_| receiver == 0) else {
            let message = format!("write `{}(\"close\", …)`", call.name);
            return self.complain("WRONG_ARGUMENTS", at, message);
        };
        let back = if crossing { Some(Back { most: 1, needed: 1 }) } else { self.back(second) };
        let Some(back) = back else { return };
        self.operand(first, back);
        if crossing && matches!(second, Expr::StringConstant(..)) {
            self.operand(second, back);
        }
    }

    fn back(&mut self, ago: &Expr) -> Option<Back> {
        let most = MAX_BACK as usize;
        match ago {
            Expr::IntegerConstant(ago, at) => match usize::try_from(*ago).ok().filter(|ago| *ago <= most) {
                Some(ago) => Some(Back { most: ago, needed: ago }),
                None => {
                    let message = format!("`prev` reaches back 0 to {MAX_BACK} candles, not {ago}");
                    self.complain("OUT_OF_RANGE", *at, message);
                    None
                }
            },
            _ => Some(Back { most, needed: 0 }),
        }
    }

    fn operand(&mut self, name: &Expr, back: Back) {
        let Expr::StringConstant(name, at) = name else {
            let message = "the name of an indicator or a candle field stands here as a text such as \"close\"";
            return self.complain("NAME_NEEDED", name.position(), message.to_owned());
        };
        let operands = self.words.operands();
        if !operands.iter().any(|known| *known == name.as_str()) {
            let nearest = hint(name, operands.iter().map(String::as_str));
            let message = format!("`{}` is neither an indicator nor a candle field{nearest}", excerpt(name));
            return self.complain("UNKNOWN_NAME", *at, message);
        }
        let known = self.uses.operands.entry(name.to_string()).or_default();
        *known = Back { most: known.most.max(back.most), needed: known.needed.max(back.needed) };
    }
}

/// What follows the first dot: `upper` of `bands.upper.x`.
fn first(expression: &Expr) -> &Expr {
    match expression {
        Expr::Dot(both, ..) | Expr::Index(both, ..) => first(&both.lhs),
        other => other,
    }
}

/// The variable at the beginning of `a.b[c]`.
fn root(expression: &Expr) -> Option<(&str, Position)> {
    match expression {
        Expr::Variable(variable, _, at) => Some((variable.1.as_str(), *at)),
        Expr::Dot(both, ..) | Expr::Index(both, ..) => root(&both.lhs),
        _ => None,
    }
}
