//! What a failure says of an order that was sent.

use crate::{Failure, failure::BAD_KEYS, sign::BAD_TIME};
use exchanges::{OrderRefusal, VenueError};
use trading::engine::RejectReason;

/// Binance's code for an order that it does not take.
const REJECTED: i64 = -2010;
/// Binance's codes for what it cannot say itself: an error that it does not know, one within it, an answer that it
/// did not expect, and one that never came.
const UNKNOWN: [i64; 4] = [-1000, -1001, -1006, -1007];
/// Binance's codes for what has nothing to do with the order: too many requests, too much to do, too many orders, the
/// end of a service.
const BUSY: [i64; 4] = [-1003, -1008, -1015, -1016];

/// Tells an order that was not taken from one that may have been.
pub(crate) fn of_order(failure: Failure) -> VenueError {
    match failure {
        Failure::Unavailable(message) | Failure::Malformed(message) => VenueError::Unknown(message),
        Failure::Refused { code, message } if is_unknown(code, &message) => {
            VenueError::Unknown(format!("{message} ({code})"))
        }
        Failure::Refused { code, message } if is_about_order(code) => {
            VenueError::Refused(OrderRefusal { reason: reason(code, &message), message })
        }
        failure => failure.into(),
    }
}

/// Whether the order may be there all the same: an answer without a code may be of anybody in between, and of a
/// duplicate there is one already.
fn is_unknown(code: i64, message: &str) -> bool {
    code == 0 || UNKNOWN.contains(&code) || code == REJECTED && message.starts_with("Duplicate order")
}

fn is_about_order(code: i64) -> bool {
    code != BAD_TIME && !BAD_KEYS.contains(&code) && !BUSY.contains(&code)
}

fn reason(code: i64, message: &str) -> RejectReason {
    if message.starts_with("Filter failure") {
        return RejectReason::Filter;
    }
    match code {
        REJECTED if message.contains("would immediately match") => RejectReason::WouldTake,
        REJECTED if message.contains("insufficient balance") => RejectReason::InsufficientFunds,
        _ => RejectReason::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RejectReason::{Filter, InsufficientFunds, Other, WouldTake};
    use kit::Time;

    fn of(code: i64, message: &str) -> VenueError {
        of_order(Failure::Refused { code, message: message.to_owned() })
    }

    #[test]
    fn the_reason_of_a_refusal_is_told_by_its_code_and_its_words() {
        for (code, message, reason) in [
            (-2010, "Account has insufficient balance for requested action.", InsufficientFunds),
            (-2010, "Order would immediately match and take.", WouldTake),
            (-2010, "Stop price would trigger immediately.", Other),
            (-2010, "The relationship of the prices for the orders is not correct.", Other),
            (-1013, "Filter failure: LOT_SIZE", Filter),
            (-2010, "Filter failure: MAX_NUM_ORDERS", Filter),
            (-1013, "Market is closed.", Other),
            (-1111, "Parameter 'price' has too much precision.", Other),
            (-1121, "Invalid symbol.", Other),
        ] {
            let refusal = OrderRefusal { reason, message: message.to_owned() };
            assert_eq!(of(code, message), VenueError::Refused(refusal), "{code}");
        }
    }

    #[test]
    fn every_code_says_whether_the_order_may_have_been_taken() {
        for code in -9_999..=0 {
            let expected = match code {
                0 | -1000 | -1001 | -1006 | -1007 => "unknown",
                -2014 | -2015 | -2008 | -1022 | -1002 => "key",
                -1021 => "clock",
                -1003 | -1008 | -1015 | -1016 => "unavailable",
                _ => "refused",
            };
            let told = match of(code, "Some words.") {
                VenueError::Unknown(_) => "unknown",
                VenueError::KeyRefused(_) => "key",
                VenueError::Clock(_) => "clock",
                VenueError::Unavailable { .. } => "unavailable",
                VenueError::Refused(_) => "refused",
                VenueError::Wrong(_) => "wrong",
            };
            assert_eq!(told, expected, "{code}");
        }
        assert!(matches!(of(-2010, "Duplicate order sent."), VenueError::Unknown(_)));
    }

    #[test]
    fn what_was_sent_and_not_answered_is_unknown_and_what_was_not_sent_is_not() {
        for failure in [Failure::Unavailable(String::new()), Failure::Malformed(String::new())] {
            assert!(matches!(of_order(failure), VenueError::Unknown(_)));
        }
        assert!(matches!(of_order(Failure::Unreached(String::new())), VenueError::Unavailable { until: None, .. }));
        let until = Time::from_millis(5);
        assert!(matches!(of_order(Failure::Limited { until }), VenueError::Unavailable { until: Some(_), .. }));
    }
}
