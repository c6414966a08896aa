use crate::{Error, Result};
use ipnet::Ipv6Net;
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
};
use uuid::Uuid;

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Subject {
    /// A user, wherever they call from.
    User(Uuid),
    /// Everybody without a session behind an address. Of IPv6 it is the network: its holder has all of a /64.
    Address(IpAddr),
}

impl Subject {
    /// Whoever calls from there.
    pub fn at(ip: IpAddr) -> Self {
        Self::Address(match ip.to_canonical() {
            IpAddr::V6(ip) => Ipv6Net::new(ip, 64).map_or(ip, |net| net.network()).into(),
            ip => ip,
        })
    }

    /// Whoever calls from there; what comes from nowhere comes from this very process.
    pub(super) fn of(ip: Option<IpAddr>) -> Self {
        Self::at(ip.unwrap_or(Ipv4Addr::UNSPECIFIED.into()))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Address(ip) => write!(f, "address:{ip}"),
        }
    }
}

impl FromStr for Subject {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parsed = match text.split_once(':') {
            Some(("user", id)) => Uuid::parse_str(id).ok().map(Self::User),
            Some(("address", ip)) => ip.parse().ok().map(Self::at),
            _ => None,
        };
        let message = "A subject is `user:` and an id, or `address:` and an IP address.";
        parsed.ok_or_else(|| Error::invalid("subject", "INVALID_SUBJECT", message))
    }
}

impl TryFrom<String> for Subject {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ip: &str) -> String {
        Subject::at(ip.parse().unwrap()).to_string()
    }

    #[test]
    fn neighbours_in_an_ipv6_network_are_one_subject_and_ipv4_addresses_are_not() {
        assert_eq!(at("2001:db8:1:2:3:4:5:6"), "address:2001:db8:1:2::");
        assert_eq!(at("2001:db8:1:2::"), at("2001:db8:1:2:ffff::1"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
    }

    #[test]
    fn a_subject_reads_as_it_is_written() {
        for text in ["user:0199b7d4-0000-7000-8000-000000000001", "address:192.0.2.1", "address:2001:db8::"] {
            assert_eq!(text.parse::<Subject>().unwrap().to_string(), text);
        }
        for bad in ["", "user:", "user:7", "address:", "address:example.com", "tenant:1", "192.0.2.1"] {
            assert!(bad.parse::<Subject>().is_err(), "{bad}");
        }
    }
}
