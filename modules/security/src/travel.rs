//! What is strange about where somebody signs in.

use crate::geo::Place;
use chrono::TimeDelta;
use kit::Time;

/// A place on earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

/// From where a user has signed in, and when last.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) network: String,
    /// Empty where it is not known.
    pub(crate) country: String,
    pub(crate) point: Option<Point>,
    pub(crate) seen_at: Time,
}

/// What is strange about a sign-in, the gravest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anomaly {
    /// The user has never come from there.
    NewNetwork,
    NewCountry,
    /// Nobody gets there so fast from where the user was last.
    ImpossibleTravel,
}

/// The mean radius of the earth.
const RADIUS_KM: f64 = 6371.0;
/// As fast as an airliner.
const FASTEST_KM_H: f64 = 900.0;
/// What is nearer says nothing: coarse places are wrong by as much.
const NEAREST_KM: f64 = 500.0;

impl Point {
    /// How far away another place is, over the surface.
    pub(crate) fn distance_km(self, other: Self) -> f64 {
        let [from, to] = [self, other].map(|it| it.latitude.to_radians());
        let (north, east) = (to - from, (other.longitude - self.longitude).to_radians());
        // the haversine of the angle between them
        let part = (north / 2.0).sin().powi(2) + from.cos() * to.cos() * (east / 2.0).sin().powi(2);
        2.0 * RADIUS_KM * part.clamp(0.0, 1.0).sqrt().asin()
    }

    /// Whether nobody can be at another place after this time.
    pub(crate) fn is_out_of_reach(self, other: Self, after: TimeDelta) -> bool {
        let (distance, milliseconds) = (self.distance_km(other), after.num_milliseconds().max(0));
        #[expect(clippy::cast_precision_loss, reason = "it is exact for hundreds of thousands of years")]
        let hours = milliseconds as f64 / 3_600_000.0;
        distance >= NEAREST_KM && distance > hours * FASTEST_KM_H
    }
}

/// What is strange about a sign-in from a network at a place, if the user has been known elsewhere.
pub(crate) fn anomalies(known: &[Known], network: &str, place: Option<Place>, now: Time) -> Vec<Anomaly> {
    let new_network = !known.is_empty() && known.iter().all(|it| it.network != network);
    let country = place.map(|place| place.country());
    let mut countries = known.iter().map(|it| it.country.as_str()).filter(|it| !it.is_empty()).peekable();
    let new_country = country.is_some_and(|it| countries.peek().is_some() && countries.all(|known| known != it));
    let last = known.iter().filter_map(|it| Some((it.seen_at, it.point?))).max_by_key(|(at, _)| *at);
    let travel = last.zip(place.and_then(|place| place.point));
    let travel = travel.is_some_and(|((at, from), to)| from.is_out_of_reach(to, now - at));
    let strange =
        [(new_network, Anomaly::NewNetwork), (new_country, Anomaly::NewCountry), (travel, Anomaly::ImpossibleTravel)];
    strange.into_iter().filter(|(is, _)| *is).map(|(_, anomaly)| anomaly).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn point() -> impl Strategy<Value = Point> {
        (-90.0..=90.0, -180.0..=180.0).prop_map(|(latitude, longitude)| Point { latitude, longitude })
    }

    const HALF_ROUND: f64 = std::f64::consts::PI * RADIUS_KM;
    const SAO_PAULO: Point = Point { latitude: -23.55, longitude: -46.63 };
    const LISBON: Point = Point { latitude: 38.72, longitude: -9.14 };
    const RIO: Point = Point { latitude: -22.91, longitude: -43.17 };

    proptest! {
        #[test]
        fn distances_are_those_of_a_globe(a in point(), b in point(), c in point()) {
            let (ab, ba) = (a.distance_km(b), b.distance_km(a));
            prop_assert!((ab - ba).abs() < 1e-6);
            prop_assert!((0.0..=HALF_ROUND + 1e-6).contains(&ab));
            prop_assert!(a.distance_km(a) < 1e-6);
            prop_assert!(ab <= a.distance_km(c) + c.distance_km(b) + 1e-3);
            let around = Point { longitude: a.longitude + 360.0, ..a };
            prop_assert!((around.distance_km(b) - ab).abs() < 1e-3);
        }

        #[test]
        fn more_time_makes_no_place_harder_to_reach(a in point(), b in point(), minutes in 0..3_000_i64, more in 0..3_000_i64) {
            let reach = |minutes| a.is_out_of_reach(b, TimeDelta::minutes(minutes));
            prop_assert!(reach(minutes) || !reach(minutes + more));
            prop_assert!(!a.is_out_of_reach(b, TimeDelta::hours(23)), "an airliner is half round the earth by then");
            prop_assert!(a.distance_km(b) >= NEAREST_KM || !reach(0));
        }
    }

    #[test]
    fn from_sao_paulo_to_lisbon_takes_almost_nine_hours_and_to_rio_any_time_will_do() {
        assert!((7_900.0..8_000.0).contains(&SAO_PAULO.distance_km(LISBON)), "{}", SAO_PAULO.distance_km(LISBON));
        let reached = |to, minutes| !SAO_PAULO.is_out_of_reach(to, TimeDelta::minutes(minutes));
        assert!(!reached(LISBON, 8 * 60 + 40) && reached(LISBON, 9 * 60));
        assert!(reached(RIO, 0) && !reached(LISBON, -600));
    }

    #[test]
    fn the_first_place_is_no_news() {
        assert_eq!(anomalies(&[], "1.2.0.0/16", None, Time::from_millis(0)), []);
    }
}
