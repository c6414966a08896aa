//! Which network a client is taken for.

use ipnet::IpNet;
use std::net::IpAddr;

/// What one customer of a provider has at least: an IPv4 address, or the /64 of an IPv6 one.
pub(crate) fn own(ip: Option<IpAddr>) -> String {
    of(ip, 32, 64)
}

/// Where the same customer is found again tomorrow: the /24 of an IPv4 address, or the /48 of an IPv6 one.
pub(crate) fn neighbourhood(ip: Option<IpAddr>) -> String {
    of(ip, 24, 48)
}

fn of(ip: Option<IpAddr>, v4: u8, v6: u8) -> String {
    let Some(ip) = ip.map(|ip| ip.to_canonical()) else { return "unknown".to_owned() };
    let length = if ip.is_ipv4() { v4 } else { v6 };
    IpNet::new(ip, length).map_or_else(|_| ip.to_string(), |network| network.trunc().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_a_slice_of_ipv6_are_one_client_and_those_in_ipv4_are_not() {
        let ip = |text: &str| Some(text.parse().unwrap());
        assert_eq!(own(ip("2001:db8:1:2::1")), "2001:db8:1:2::/64");
        assert_eq!(own(ip("2001:db8:1:2:ffff::9")), "2001:db8:1:2::/64");
        assert_eq!(own(ip("203.0.113.7")), "203.0.113.7/32");
        assert_eq!(own(ip("::ffff:203.0.113.7")), "203.0.113.7/32");
        assert_eq!(neighbourhood(ip("203.0.113.7")), "203.0.113.0/24");
        assert_eq!(neighbourhood(ip("2001:db8:1:2::1")), "2001:db8:1::/48");
        assert_eq!(own(None), "unknown");
    }
}
