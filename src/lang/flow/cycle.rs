//! Strongly connected parts of a graph (Tarjan), and the shortest way round in one. Nothing here knows what the nodes are.

use std::collections::VecDeque;

/// The parts with a way back to where one started, each sorted, in the order of their first nodes. `cut` nodes count as away.
pub(super) fn parts(next: &[Vec<usize>], cut: &[bool]) -> Vec<Vec<usize>> {
    let gone = |node: usize| cut.get(node).copied().unwrap_or(true);
    let of = |node: usize| next.get(node).map(Vec::as_slice).unwrap_or_default();
    let mut seen: Vec<Option<Seen>> = vec![None; next.len()];
    let (mut stack, mut parts, mut count) = (Vec::new(), Vec::new(), 0);
    for start in (0..next.len()).filter(|start| !gone(*start)) {
        if seen.get(start).is_some_and(Option::is_some) {
            continue;
        }
        // Each with how many of its ways were gone.
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((node, at)) = path.last().copied() {
            if at == 0 {
                if let Some(slot) = seen.get_mut(node) {
                    *slot = Some(Seen { number: count, low: count, open: true });
                }
                count += 1;
                stack.push(node);
            }
            if let Some(to) = of(node).get(at).copied() {
                if let Some(last) = path.last_mut() {
                    last.1 += 1;
                }
                match seen.get(to).copied().flatten() {
                    _ if gone(to) => {}
                    None => path.push((to, 0)),
                    Some(other) if other.open => lower(&mut seen, node, other.number),
                    Some(_) => {}
                }
                continue;
            }
            path.pop();
            let Some(done) = seen.get(node).copied().flatten() else { continue };
            if let Some((before, _)) = path.last() {
                lower(&mut seen, *before, done.low);
            }
            if done.low == done.number {
                let from = stack.iter().rposition(|other| *other == node).unwrap_or(0);
                let mut part = stack.split_off(from);
                for member in &part {
                    if let Some(Some(seen)) = seen.get_mut(*member) {
                        seen.open = false;
                    }
                }
                if part.len() > 1 || of(node).contains(&node) {
                    part.sort_unstable();
                    parts.push(part);
                }
            }
        }
    }
    parts.sort();
    parts
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    number: usize,
    low: usize,
    /// Still on the stack.
    open: bool,
}

fn lower(seen: &mut [Option<Seen>], node: usize, low: usize) {
    if let Some(Some(seen)) = seen.get_mut(node) {
        seen.low = seen.low.min(low);
    }
}

/// What can be reached from a part, itself included.
pub(super) fn reached(next: &[Vec<usize>], part: &[usize]) -> Vec<usize> {
    let mut seen: std::collections::BTreeSet<usize> = part.iter().copied().collect();
    let mut open = part.to_vec();
    while let Some(node) = open.pop() {
        open.extend(next.get(node).into_iter().flatten().copied().filter(|to| seen.insert(*to)));
    }
    seen.into_iter().collect()
}

/// The shortest way from `start` back to it within a part, `start` first.
pub(super) fn round(next: &[Vec<usize>], part: &[usize], start: usize) -> Option<Vec<usize>> {
    let mut before: std::collections::HashMap<usize, usize> = std::collections::HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for to in next.get(node)?.iter().copied().filter(|to| part.binary_search(to).is_ok()) {
            if to == start {
                let mut path = vec![node];
                while let Some(last) = path.last().filter(|last| **last != start) {
                    path.push(*before.get(last)?);
                }
                path.reverse();
                return Some(path);
            }
            if let std::collections::hash_map::Entry::Vacant(free) = before.entry(to) {
                free.insert(node);
                queue.push_back(to);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_and_their_shortest_rounds() {
        // 0 → 1 → 2 → 0, 2 → 3 → 2, 4 → 4, 5 → 0, 6 alone.
        let next = vec![vec![1], vec![2], vec![0, 3], vec![2], vec![4], vec![0], vec![]];
        let all = vec![false; 7];
        assert_eq!(parts(&next, &all), [vec![0, 1, 2, 3], vec![4]]);
        assert_eq!(round(&next, &[0, 1, 2, 3], 2), Some(vec![2, 3]));
        assert_eq!(round(&next, &[0, 1, 2, 3], 0), Some(vec![0, 1, 2]));
        assert_eq!(round(&next, &[4], 4), Some(vec![4]));
        assert_eq!(reached(&next, &[5]), [0, 1, 2, 3, 5]);
        let mut without = all;
        without[1] = true;
        assert_eq!(parts(&next, &without), [vec![2, 3], vec![4]]);
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let many = 200_000;
        let next: Vec<Vec<usize>> = (0..many).map(|node| vec![(node + 1) % many]).collect();
        assert_eq!(parts(&next, &vec![false; many]).len(), 1);
    }
}
