//! How much an address may ask and an account may order.

use crate::exchange::{AccountId, Refusal};
use std::{collections::HashMap, net::IpAddr};

const MINUTE: i64 = 60_000;
const TEN_SECONDS: i64 = 10_000;
const DAY: i64 = 86_400_000;
/// Refusals within a minute after which an address is banned.
const PATIENCE: u32 = 20;
/// The first ban and the longest one, in milliseconds; each is four times as long as the one before.
const BANS: (i64, i64) = (2 * MINUTE, 3 * DAY);
/// Addresses that are remembered.
const MOST_ADDRESSES: usize = 10_000;

/// What may be asked and ordered.
#[derive(Copy, Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Allowance {
    /// Request weight of an address a minute.
    pub weight_per_minute: u32,
    /// Orders of an account in ten seconds.
    pub orders_per_ten_seconds: u32,
    /// Orders of an account in a day.
    pub orders_per_day: u32,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { weight_per_minute: 6_000, orders_per_ten_seconds: 100, orders_per_day: 200_000 }
    }
}

#[derive(Debug, Default)]
struct Address {
    minute: i64,
    used: u32,
    refused: u32,
    bans: u32,
    banned_until: i64,
}

/// Whether a request is let in.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is, and so much has been used.
    Passed(u32),
    /// There were too many; after so many milliseconds there may be others.
    TooMany(i64),
    /// The address is banned until this moment.
    Banned(i64),
}

/// The counts of all addresses and accounts.
#[derive(Debug, Default)]
pub struct Limits {
    /// What is allowed.
    pub allowance: Allowance,
    addresses: HashMap<IpAddr, Address>,
    orders: HashMap<AccountId, [(i64, u32); 2]>,
}

impl Limits {
    /// Counts a request.
    pub fn spend(&mut self, address: IpAddr, weight: u32, now: i64) -> Verdict {
        let minute = now.div_euclid(MINUTE);
        if self.addresses.len() >= MOST_ADDRESSES {
            self.addresses.retain(|_, it| it.minute == minute || it.banned_until > now);
        }
        let counted = self.addresses.entry(address).or_default();
        if counted.banned_until > now {
            return Verdict::Banned(counted.banned_until);
        }
        if counted.minute != minute {
            (counted.minute, counted.used, counted.refused) = (minute, 0, 0);
        }
        counted.used = counted.used.saturating_add(weight);
        if counted.used <= self.allowance.weight_per_minute {
            return Verdict::Passed(counted.used);
        }
        counted.refused += 1;
        if counted.refused <= PATIENCE {
            return Verdict::TooMany((minute + 1) * MINUTE - now);
        }
        let length = (BANS.0 << (2 * counted.bans.min(16))).min(BANS.1);
        (counted.bans, counted.banned_until) = (counted.bans + 1, now + length);
        Verdict::Banned(counted.banned_until)
    }

    /// Counts orders.
    ///
    /// # Errors
    /// Too many of them.
    pub fn order(&mut self, account: AccountId, count: u32, now: i64) -> Result<(), Refusal> {
        let limits = [
            (TEN_SECONDS, self.allowance.orders_per_ten_seconds, "10 SECOND"),
            (DAY, self.allowance.orders_per_day, "1 DAY"),
        ];
        let counts = self.orders.entry(account).or_default();
        for ((window, counted), (length, most, span)) in counts.iter_mut().zip(limits) {
            if *window != now.div_euclid(length) {
                (*window, *counted) = (now.div_euclid(length), 0);
            }
            if *counted + count > most {
                return Err(Refusal::too_many_orders(most, span));
            }
        }
        counts.iter_mut().for_each(|(_, counted)| *counted += count);
        Ok(())
    }

    /// Orders of the present ten seconds and of the day.
    #[must_use]
    pub fn ordered(&self, account: AccountId, now: i64) -> (u32, u32) {
        let counts = self.orders.get(&account).copied().unwrap_or_default();
        let of = |(window, counted): (i64, u32), length| if window == now.div_euclid(length) { counted } else { 0 };
        (of(counts[0], TEN_SECONDS), of(counts[1], DAY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn whoever_does_not_stop_is_banned_for_longer_each_time() {
        let mut limits = Limits::default();
        assert_eq!(limits.spend(HOME, 6_000, 1), Verdict::Passed(6_000));
        for _ in 0..PATIENCE {
            assert_eq!(limits.spend(HOME, 1, 10_000), Verdict::TooMany(50_000));
        }
        assert_eq!(limits.spend(HOME, 1, 10_000), Verdict::Banned(130_000));
        assert_eq!(limits.spend(HOME, 1, 129_999), Verdict::Banned(130_000));
        assert_eq!(limits.spend(HOME, 6_000, 130_000), Verdict::Passed(6_000));
        for _ in 0..PATIENCE {
            limits.spend(HOME, 1, 130_001);
        }
        assert_eq!(limits.spend(HOME, 1, 130_001), Verdict::Banned(130_001 + 4 * BANS.0));
        assert_eq!(limits.spend(IpAddr::V4(Ipv4Addr::BROADCAST), 1, 130_001), Verdict::Passed(1));
    }

    #[test]
    fn a_new_minute_begins_with_nothing() {
        let mut limits = Limits::default();
        assert_eq!(limits.spend(HOME, 6_000, 59_999), Verdict::Passed(6_000));
        assert_eq!(limits.spend(HOME, 1, 59_999), Verdict::TooMany(1));
        assert_eq!(limits.spend(HOME, 1, 60_000), Verdict::Passed(1));
    }

    #[test]
    fn orders_are_counted_by_account() {
        let mut limits = Limits::default();
        assert_eq!(limits.order(2, 100, 9_999), Ok(()));
        assert_eq!(limits.order(2, 1, 9_999), Err(Refusal::too_many_orders(100, "10 SECOND")));
        assert_eq!((limits.order(3, 1, 9_999), limits.order(2, 1, 10_000)), (Ok(()), Ok(())));
        assert_eq!(limits.ordered(2, 10_000), (1, 101));
    }
}
