//! A Merkle tree over a log that only grows (RFC 6962, section 2.1; RFC 9162, section 2.1): a head
//! that somebody kept proves later that nothing before it was changed, left out or slipped in.

use serde::{Deserialize, Serialize};

use crate::seal::Hash;

/// The hash of a leaf.
pub fn leaf(data: &[u8]) -> Hash {
    Hash::of(&[&[0], data].concat())
}

fn node(left: Hash, right: Hash) -> Hash {
    Hash::of(&[[1].as_slice(), &left.0, &right.0].concat())
}

/// A tree to which leaves are added at the end. It keeps one hash for each complete subtree, so it
/// stays small however long the log grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// The roots of the complete subtrees, the largest first: one for each bit of `size`.
    peaks: Vec<Hash>,
}

/// How a tree stands: how many leaves, and what they come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Head {
    /// How many leaves.
    pub size: u64,
    /// The root.
    pub root: Hash,
}

impl Tree {
    /// The tree of so many leaves with these peaks; none where they do not belong together.
    pub fn from_parts(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        let fits = usize::try_from(size.count_ones()).is_ok_and(|count| count == peaks.len());
        fits.then_some(Self { size, peaks })
    }

    /// How many leaves there are.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, the largest first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Adds a leaf.
    pub fn add(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each trailing bit of the size is a complete subtree that the leaf now completes further.
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("there is a peak for each bit of the size");
            hash = node(left, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// How the tree stands.
    pub fn head(&self) -> Head {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return Head { size: 0, root: Hash::of(&[]) };
        };
        let root = peaks.fold(*last, |right, left| node(*left, right));
        Head { size: self.size, root }
    }
}

/// The root of these leaves, as the standard defines it: slow, for proofs and for checking.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of(&[]),
        [only] => *only,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(root(left), root(right))
        }
    }
}

/// The largest power of two below `count`.
const fn split(count: usize) -> usize {
    1 << (usize::BITS - 1 - (count - 1).leading_zeros())
}

/// What proves that the leaf at `place` is in the tree of `leaves`: its audit path.
pub fn inclusion(leaves: &[Hash], place: usize) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if place < left.len() {
        let mut path = inclusion(left, place);
        path.push(root(right));
        path
    } else {
        let mut path = inclusion(right, place - left.len());
        path.push(root(left));
        path
    }
}

/// Whether `path` proves that `leaf` is the one at `place` in the tree of `head`.
pub fn includes(head: &Head, leaf: Hash, place: u64, path: &[Hash]) -> bool {
    if place >= head.size {
        return false;
    }
    let (mut at, mut last, mut hash) = (place, head.size - 1, leaf);
    for step in path {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            hash = node(*step, hash);
            while at.is_multiple_of(2) && at != 0 {
                (at, last) = (at / 2, last / 2);
            }
        } else {
            hash = node(hash, *step);
        }
        (at, last) = (at / 2, last / 2);
    }
    last == 0 && hash == head.root
}

/// What proves that the first `old` of `leaves` are the beginning of them all.
pub fn consistency(leaves: &[Hash], old: usize) -> Vec<Hash> {
    if old == 0 || old >= leaves.len() {
        return Vec::new();
    }
    subproof(leaves, old, true)
}

fn subproof(leaves: &[Hash], old: usize, complete: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if complete { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if old <= left.len() {
        let mut proof = subproof(left, old, complete);
        proof.push(root(right));
        proof
    } else {
        let mut proof = subproof(right, old - left.len(), false);
        proof.push(root(left));
        proof
    }
}

/// Whether `proof` shows that the tree of `new` begins with the tree of `old`.
pub fn is_consistent(old: &Head, new: &Head, proof: &[Hash]) -> bool {
    if old.size == 0 {
        return true;
    }
    if old.size >= new.size {
        return old == new && proof.is_empty();
    }
    let mut steps = proof.iter().copied();
    let begins = if old.size.is_power_of_two() { Some(old.root) } else { steps.next() };
    let Some(first) = begins else { return false };
    let (mut at, mut last) = (old.size - 1, new.size - 1);
    while at % 2 == 1 {
        (at, last) = (at / 2, last / 2);
    }
    let (mut old_root, mut new_root) = (first, first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            old_root = node(step, old_root);
            new_root = node(step, new_root);
            while at.is_multiple_of(2) && at != 0 {
                (at, last) = (at / 2, last / 2);
            }
        } else {
            new_root = node(new_root, step);
        }
        (at, last) = (at / 2, last / 2);
    }
    last == 0 && (old_root, new_root) == (old.root, new.root)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The leaves and roots that Certificate Transparency's own implementations are tested with.
    const LEAVES: [&str; 8] = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn leaves() -> Vec<Hash> {
        LEAVES.iter().map(|text| leaf(&hex::decode(text).unwrap())).collect()
    }

    fn numbered(count: usize) -> Vec<Hash> {
        (0..count).map(|number| leaf(&number.to_be_bytes())).collect()
    }

    fn head(leaves: &[Hash]) -> Head {
        Head { size: leaves.len() as u64, root: root(leaves) }
    }

    #[test]
    fn roots_are_those_of_the_published_vectors() {
        assert_eq!(Tree::default().head().root.to_string(), EMPTY);
        let (leaves, mut tree) = (leaves(), Tree::default());
        for (place, expected) in ROOTS.iter().enumerate() {
            tree.add(leaves[place]);
            assert_eq!(tree.head().root.to_string(), *expected, "{place}");
            assert_eq!(root(&leaves[..=place]).to_string(), *expected, "{place}");
            let again = Tree::from_parts(tree.size(), tree.peaks().to_vec());
            assert_eq!(again.as_ref(), Some(&tree));
        }
        assert_eq!(Tree::from_parts(7, tree.peaks().to_vec()), None);
    }

    #[test]
    fn the_published_audit_paths_prove_what_they_are_for() {
        let hash = |text: &str| {
            let mut bytes = [0; 32];
            hex::decode_to_slice(text, &mut bytes).unwrap();
            Hash(bytes)
        };
        let path = [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]
        .map(hash);
        let leaves = leaves();
        assert_eq!(inclusion(&leaves, 0), path);
        assert!(includes(&head(&leaves), leaves[0], 0, &path));
    }

    #[test]
    fn every_leaf_is_proved_and_no_other_in_its_place() {
        for count in 1..20 {
            let leaves = numbered(count);
            let head = head(&leaves);
            for place in 0..count {
                let path = inclusion(&leaves, place);
                assert!(includes(&head, leaves[place], place as u64, &path), "{count} {place}");
                assert!(!includes(&head, leaf(b"other"), place as u64, &path));
                assert!(!includes(&head, leaves[place], place as u64 + 1, &path));
                for cut in 0..path.len() {
                    assert!(!includes(&head, leaves[place], place as u64, &path[..cut]));
                }
            }
        }
    }

    #[test]
    fn a_longer_log_is_proved_to_begin_with_the_shorter_and_a_changed_one_is_not() {
        for count in 1..20 {
            let leaves = numbered(count);
            for old in 1..=count {
                let proof = consistency(&leaves, old);
                let (before, after) = (head(&leaves[..old]), head(&leaves));
                assert!(is_consistent(&before, &after, &proof), "{old} {count}");
                let mut changed = leaves.clone();
                changed[old - 1] = leaf(b"changed");
                let forged = head(&changed);
                let proof = consistency(&changed, old);
                assert!(!is_consistent(&before, &forged, &proof), "{old} {count}");
            }
        }
    }
}
