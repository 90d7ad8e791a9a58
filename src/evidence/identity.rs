//! Identities of edges, paths and sites.
//!
//! Each is a readable prefix and the first 12 hexadecimal digits of a SHA-256 over what makes the thing what it
//! is. None holds a line number or a sentence, so that blank lines, functions that move within a file and files
//! that are read in another order change no identity:
//!
//! | identity | made of |
//! |---|---|
//! | `E-` edge | method and rule of the route, default name of the queue, file and symbol of the producer |
//! | `P-` path | file, symbol and kind of every hop |
//! | `S-` site | file and symbol of the enclosing function, ordinal of the producer call in it |
//! | `U-` unresolved call | file and symbol of the enclosing function, text of the callee, ordinal of such a call in it |
//! | `G-` guess | as an edge |
//!
//! Where two edges agree in all of that (a function that puts twice on one queue), the second and later ones,
//! in the order of their sites, add their number.

use crate::digest::sha256_hex;
use crate::finding::{Hop, ProducerSite, Route, UnresolvedCall};

use super::names;

/// Identity of the `nth` edge, from 0, that agrees in route, queue and producer function.
pub fn edge(route: &Route, queue: &str, producer: &ProducerSite, nth: usize) -> String {
    edge_like(("E", "edge"), route, queue, producer, nth)
}

/// Identity of a guess, made as that of an edge and told apart by its prefix.
pub fn guess(route: &Route, queue: &str, producer: &ProducerSite, nth: usize) -> String {
    edge_like(("G", "guess"), route, queue, producer, nth)
}

fn edge_like(
    (prefix, kind): (&str, &str),
    route: &Route,
    queue: &str,
    producer: &ProducerSite,
    nth: usize,
) -> String {
    let place = &producer.place;
    let number = nth.to_string();
    let mut parts = vec![kind, &route.method, &route.rule, queue, &place.file, &place.symbol];
    if nth > 0 {
        parts.push(&number);
    }
    short(prefix, parts)
}

/// Identity of a path.
pub fn path(hops: &[Hop]) -> String {
    let hops =
        hops.iter().flat_map(|hop| [hop.place.file.as_str(), &hop.place.symbol, names::hop_kind(hop.kind)]);
    short("P", ["path"].into_iter().chain(hops))
}

/// Identity of a producer site.
pub fn site(producer: &ProducerSite) -> String {
    let ordinal = producer.ordinal.to_string();
    short("S", ["site", &producer.place.file, &producer.place.symbol, &ordinal])
}

/// Identity of an unresolved call.
pub fn unresolved(call: &UnresolvedCall) -> String {
    let ordinal = call.ordinal.to_string();
    short("U", ["unresolved", &call.place.file, &call.place.symbol, &call.callee, &ordinal])
}

/// Hashes the parts, each ended by a character that none of them holds.
fn short<'a>(prefix: &str, parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for part in parts {
        text.push_str(part);
        text.push('\0');
    }
    format!("{prefix}-{}", &sha256_hex(text.as_bytes())[..12])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{BodyKeys, HopKind, Operation, Place};

    fn place(line: u32) -> Place {
        Place { file: "a.py".into(), line, symbol: "f".into() }
    }

    fn site_at(line: u32, ordinal: u32) -> ProducerSite {
        ProducerSite {
            place: place(line),
            operation: Operation::Put,
            ordinal,
            body: BodyKeys::default(),
            reached_by_routes: true,
        }
    }

    fn route(rule: &str, line: u32) -> Route {
        Route {
            method: "GET".into(),
            rule: rule.into(),
            endpoint: "e".into(),
            blueprint: None,
            served_by: Vec::new(),
            handler: None,
            registered: place(line),
            decorators: Vec::new(),
            gates: Vec::new(),
            unbound_gates: Vec::new(),
            automatic: None,
        }
    }

    fn hops(line: u32, kind: HopKind) -> Vec<Hop> {
        vec![Hop {
            place: place(line),
            kind,
            target: "g".into(),
            targets: line,
            gates: vec![line.to_string()],
        }]
    }

    #[test]
    fn lines_and_sentences_change_no_identity() {
        assert_eq!(site(&site_at(1, 0)), site(&site_at(90, 0)));
        assert_eq!(
            edge(&route("/a", 1), "q", &site_at(1, 0), 0),
            edge(&route("/a", 9), "q", &site_at(90, 3), 0)
        );
        assert_eq!(path(&hops(1, HopKind::Direct)), path(&hops(2, HopKind::Direct)));
    }

    #[test]
    fn what_a_thing_is_changes_its_identity() {
        let known = edge(&route("/a", 1), "q", &site_at(1, 0), 0);
        assert_ne!(known, edge(&route("/b", 1), "q", &site_at(1, 0), 0));
        assert_ne!(known, edge(&route("/a", 1), "r", &site_at(1, 0), 0));
        assert_ne!(known, edge(&route("/a", 1), "q", &site_at(1, 0), 1));
        assert_ne!(site(&site_at(1, 0)), site(&site_at(1, 1)));
        assert_ne!(path(&hops(1, HopKind::Direct)), path(&hops(1, HopKind::Method)));
        assert!(known.starts_with("E-") && known.len() == 14);
    }
}
