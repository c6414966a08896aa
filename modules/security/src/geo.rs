//! Where addresses are, coarsely, by a list of ranges that the operator gives.

use crate::travel::Point;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    net::IpAddr,
    path::Path,
};

/// Ranges of addresses in order, and the place of each.
#[derive(Debug, Default)]
pub struct Geo {
    v4: Vec<Range<u32>>,
    v6: Vec<Range<u128>>,
}

#[derive(Debug)]
struct Range<N> {
    first: N,
    last: N,
    place: Place,
    line: u32,
}

/// Where an address is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    country: [u8; 2],
    pub(crate) point: Option<Point>,
}

impl Place {
    /// The country's two letters.
    pub(crate) fn country(&self) -> String {
        self.country.iter().map(|&letter| char::from(letter)).collect()
    }
}

/// What of the list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GeoFault {
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("line {line}: {problem}")]
    Line { line: u32, problem: &'static str },
    #[error("it has more than {MOST_LINES} lines")]
    TooLong,
}

/// The most ranges: ten times the addresses' countries, and more than their cities.
const MOST_LINES: u32 = 6_000_000;
/// The longest line, in bytes.
const LONGEST_LINE: u64 = 512;

impl Geo {
    /// Reads the list of a file: `first,last,country,latitude,longitude` a line, of which the last two may be missing.
    ///
    /// # Errors
    /// When it cannot be read, or a line of it cannot be understood; the first such line is named.
    pub fn load(path: &Path) -> Result<Self, GeoFault> {
        Self::read(BufReader::new(File::open(path)?))
    }

    /// Reads such a list.
    ///
    /// # Errors
    /// The same.
    pub fn read(mut list: impl BufRead) -> Result<Self, GeoFault> {
        let (mut geo, mut text) = (Self::default(), String::new());
        for line in 1.. {
            text.clear();
            let fault = |problem| GeoFault::Line { line, problem };
            match list.by_ref().take(LONGEST_LINE).read_line(&mut text) {
                Ok(0) => break,
                Ok(_) => {}
                Err(failure) if failure.kind() == io::ErrorKind::InvalidData => return Err(fault("it is no text")),
                Err(failure) => return Err(failure.into()),
            }
            if text.len() as u64 == LONGEST_LINE {
                return Err(fault("it is too long"));
            }
            if line > MOST_LINES {
                return Err(GeoFault::TooLong);
            }
            if !text.trim().is_empty() {
                geo.add(text.trim(), line).map_err(fault)?;
            }
        }
        geo.v4 = in_order(geo.v4)?;
        geo.v6 = in_order(geo.v6)?;
        Ok(geo)
    }

    fn add(&mut self, text: &str, line: u32) -> Result<(), &'static str> {
        let fields: Vec<&str> = text.split(',').map(|field| field.trim().trim_matches('"')).collect();
        let (first, last, country, point) = match fields.as_slice() {
            [first, last, country] | [first, last, country, "", ""] => (first, last, country, None),
            [first, last, country, latitude, longitude] => {
                (first, last, country, Some(point(latitude, longitude).ok_or("it has no such place on earth")?))
            }
            _ => return Err("`first,last,country,latitude,longitude` is expected"),
        };
        let address = |text: &str| text.parse::<IpAddr>().map_err(|_| "it has no sound address");
        let country = match country.as_bytes() {
            [one, other] if country.bytes().all(|it| it.is_ascii_alphabetic()) => [*one, *other],
            _ => return Err("a country has two letters"),
        };
        let place = Place { country: country.map(|letter| letter.to_ascii_uppercase()), point };
        match (address(first)?, address(last)?) {
            (IpAddr::V4(first), IpAddr::V4(last)) if first <= last => {
                self.v4.push(Range { first: first.into(), last: last.into(), place, line });
            }
            (IpAddr::V6(first), IpAddr::V6(last)) if first <= last => {
                self.v6.push(Range { first: first.into(), last: last.into(), place, line });
            }
            _ => return Err("its addresses are no range"),
        }
        Ok(())
    }

    /// Where an address is, if the list says so.
    pub(crate) fn find(&self, ip: IpAddr) -> Option<Place> {
        match ip.to_canonical() {
            IpAddr::V4(ip) => find(&self.v4, u32::from(ip)),
            IpAddr::V6(ip) => find(&self.v6, u128::from(ip)),
        }
    }
}

fn point(latitude: &str, longitude: &str) -> Option<Point> {
    let (latitude, longitude): (f64, f64) = (latitude.parse().ok()?, longitude.parse().ok()?);
    let sound = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
    sound.then_some(Point { latitude, longitude })
}

/// The ranges by their addresses, none of which two of them may have.
fn in_order<N: Ord + Copy>(mut ranges: Vec<Range<N>>) -> Result<Vec<Range<N>>, GeoFault> {
    ranges.sort_by_key(|range| range.first);
    let twice = ranges.windows(2).find(|pair| pair[0].last >= pair[1].first);
    match twice {
        Some(pair) => {
            let line = pair[0].line.max(pair[1].line);
            Err(GeoFault::Line { line, problem: "another line has addresses of it" })
        }
        None => Ok(ranges),
    }
}

fn find<N: Ord + Copy>(ranges: &[Range<N>], ip: N) -> Option<Place> {
    let after = ranges.partition_point(|range| range.first <= ip);
    let range = ranges.get(after.checked_sub(1)?)?;
    (ip <= range.last).then_some(range.place)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "\"1.0.0.0\",\"1.0.0.255\",\"AU\",-27.4,153.0\n\n9.9.9.0,9.9.9.9,br,-23.5,-46.6\r\n\
                        2001:db8::,2001:db8:ffff::,DE\n1.0.1.0,1.0.1.255,CN,,\n";

    #[test]
    fn an_address_is_found_in_its_range_and_nowhere_beside_it() {
        let geo = Geo::read(LIST.as_bytes()).unwrap();
        let country = |ip: &str| geo.find(ip.parse().unwrap()).map(|place| place.country());
        let found = ["1.0.0.0", "1.0.0.255", "1.0.1.7", "9.9.9.9", "::ffff:9.9.9.1", "2001:db8::1"].map(country);
        assert_eq!(found, ["AU", "AU", "CN", "BR", "BR", "DE"].map(|it| Some(it.to_owned())));
        assert_eq!(["0.255.255.255", "1.0.2.0", "9.9.9.10", "2001:db9::", "::"].map(country), [const { None }; 5]);
    }

    #[test]
    fn the_line_that_cannot_be_understood_is_named() {
        for (line, problem) in [
            ("1.2.3.4", "expected"),
            ("1.2.3.4,1.2.3.5,US,1,2,3", "expected"),
            ("1.2.3.x,1.2.3.5,US", "address"),
            ("1.2.3.5,1.2.3.4,US", "range"),
            ("1.2.3.5,::1,US", "range"),
            ("1.2.3.4,1.2.3.5,USA", "letters"),
            ("1.2.3.4,1.2.3.5,é", "letters"),
            ("1.2.3.4,1.2.3.5,US,91,0", "place"),
            ("1.2.3.4,1.2.3.5,US,NaN,0", "place"),
            ("9.9.9.5,9.9.9.20,US", "another"),
            (&"9".repeat(600), "long"),
        ] {
            let fault = Geo::read(format!("{LIST}{line}\n").as_bytes()).unwrap_err().to_string();
            assert!(fault.starts_with("line 6: ") && fault.contains(problem), "{line}: {fault}");
        }
        let bytes = [LIST.as_bytes(), b"\xff\xfe\n"].concat();
        assert!(Geo::read(bytes.as_slice()).unwrap_err().to_string().starts_with("line 6: "));
    }
}
