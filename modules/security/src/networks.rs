use ipnet::IpNet;
use kit::{Subject, Time};
use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
};
use uuid::Uuid;

/// Something that holds until a moment, or until it is lifted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold {
    pub(crate) id: Uuid,
    pub(crate) until: Option<Time>,
}

impl Hold {
    pub(crate) fn holds(&self, now: Time) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

/// Networks that hold something each: an address is looked up once for each length that there is.
#[derive(Debug, Default)]
pub(crate) struct Networks {
    holds: HashMap<IpNet, Hold>,
    lengths: BTreeSet<u8>,
}

impl Networks {
    pub(crate) fn add(&mut self, network: IpNet, hold: Hold) {
        self.lengths.insert(network.prefix_len());
        self.holds.insert(network, hold);
    }

    /// What holds for an address.
    pub(crate) fn find(&self, ip: IpAddr, now: Time) -> Option<Hold> {
        let ip = ip.to_canonical();
        let networks = self.lengths.iter().filter_map(|&length| IpNet::new(ip, length).ok());
        networks.filter_map(|network| self.holds.get(&network.trunc())).find(|hold| hold.holds(now)).copied()
    }
}

/// The network that is meant by an address or by CIDR notation. Of IPv6 an address means its /64, which its holder has
/// all of; what is IPv4 within IPv6 is IPv4.
pub(crate) fn parse(text: &str) -> Option<IpNet> {
    match text.parse::<IpAddr>() {
        Ok(ip) => Some(of_caller(ip)),
        Err(_) => mapped(text.parse().ok()?).map(|network| network.trunc()),
    }
}

/// What is blocked of a caller at an address.
pub(crate) fn of_caller(ip: IpAddr) -> IpNet {
    match Subject::at(ip) {
        Subject::Address(IpAddr::V6(ip)) => IpNet::new(ip.into(), 64).unwrap_or_else(|_| IpAddr::V6(ip).into()),
        _ => ip.to_canonical().into(),
    }
}

/// How long the prefix of mapped addresses is.
const MAPPED: u8 = 96;

fn mapped(network: IpNet) -> Option<IpNet> {
    match network.addr().to_canonical() {
        ip if ip == network.addr() => Some(network),
        ip => IpNet::new(ip, network.prefix_len().checked_sub(MAPPED)?).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ip: &str) -> IpAddr {
        ip.parse().unwrap()
    }

    #[test]
    fn an_address_and_a_network_are_kept_in_one_spelling() {
        for (text, kept) in [
            ("192.0.2.7", "192.0.2.7/32"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("2001:DB8::1", "2001:db8::/64"),
            ("2001:db8::1/128", "2001:db8::1/128"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
            ("::ffff:192.0.2.7/120", "192.0.2.0/24"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), kept, "{text}");
        }
        for bad in ["", "localhost", "10.0.0.0/33", "10.0.0", "::/129", "::ffff:10.0.0.0/64", "10.0.0.0/8,::/0"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_network_holds_for_its_addresses_until_its_time_is_over() {
        let (now, hour) = (Time::from_millis(0), Time::from_millis(3_600_000));
        let mut networks = Networks::default();
        for (number, (network, until)) in
            [("10.0.0.0/8", None), ("192.0.2.7", Some(hour)), ("2001:db8::/32", None)].into_iter().enumerate()
        {
            networks.add(parse(network).unwrap(), Hold { id: Uuid::from_u128(number as u128), until });
        }
        let held = |ip: &str, now| networks.find(at(ip), now).is_some();
        assert!(held("10.255.0.1", now) && held("::ffff:10.0.0.1", now) && held("2001:db8:ffff::1", now));
        assert!(!held("11.0.0.1", now) && !held("2001:db9::1", now) && !held("192.0.2.8", now));
        assert!(held("192.0.2.7", now) && !held("192.0.2.7", hour));
    }
}
