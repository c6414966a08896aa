//! Reading what is traded.

use super::{MAX_SYMBOLS, proposals};
use crate::money::Symbol;
use crate::strategy::document::Market;
use crate::strategy::fault::{Faults, excerpt};
use crate::strategy::reader::{Fields, Part};

pub(super) fn read(part: &Part<'_>, faults: &mut Faults) -> Option<Market> {
    let several = part.value.get("symbols").is_some();
    let required = if several { ["exchange", "symbols", "timeframe"] } else { ["exchange", "symbol", "timeframe"] };
    let fields = part.fields(faults, &required, &[])?;
    let exchange = fields.get("exchange").and_then(|part| exchange(&part, faults));
    let symbols = if several { symbols(&fields, faults) } else { symbol(&fields, faults) };
    let timeframe = fields.get("timeframe").and_then(|part| part.parsed_or(faults, proposals::timeframe));
    Some(Market { exchange: exchange?, symbols: symbols?, timeframe: timeframe? })
}

/// Notes a fault where a kind that trades one symbol is given several.
pub(super) fn one_symbol(market: Option<&Market>, kind: &str, faults: &mut Faults) -> Option<()> {
    match market {
        Some(market) if market.symbol().is_none() => {
            faults.add("market.symbols", "SEVERAL_SYMBOLS", format!("a {kind} bot trades one symbol"))
        }
        _ => Some(()),
    }
}

fn exchange(part: &Part<'_>, faults: &mut Faults) -> Option<String> {
    let name = part.text(faults)?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=32).contains(&name.len()) && name.bytes().all(plain) {
        return Some(name.to_owned());
    }
    let message = format!("`{}` is not an exchange's short name such as binance", excerpt(name));
    part.fault(faults, "INVALID", message)
}

fn symbol(fields: &Fields<'_>, faults: &mut Faults) -> Option<Vec<Symbol>> {
    fields.get("symbol")?.parsed_or(faults, proposals::symbol).map(|symbol| vec![symbol])
}

fn symbols(fields: &Fields<'_>, faults: &mut Faults) -> Option<Vec<Symbol>> {
    let items = fields.get("symbols")?.list(faults, 1, MAX_SYMBOLS)?;
    let read: Vec<Option<Symbol>> = items.iter().map(|item| item.parsed_or(faults, proposals::symbol)).collect();
    let symbols: Vec<Symbol> = read.into_iter().collect::<Option<_>>()?;
    for (i, symbol) in symbols.iter().enumerate() {
        if symbols[..i].contains(symbol) {
            return items[i].fault(faults, "DUPLICATE", format!("{symbol} stands here twice"));
        }
        if symbol.quote() != symbols[0].quote() {
            let message = format!("all symbols share one account: {symbol} is not paid in {}", symbols[0].quote());
            return items[i].fault(faults, "OTHER_QUOTE", message);
        }
    }
    Some(symbols)
}
