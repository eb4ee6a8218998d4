//! The order in which the nodes of a program are computed.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::ScalarOperation;
use crate::language::function::{Combine, Function};
use crate::language::graph::{Graph, Node, Operation};

/// The scalar operation that a node becomes; none of arrays and sources.
fn kind(graph: &Graph, node: Node) -> Option<ScalarOperation> {
    match graph.operation(node) {
        _ if !graph.axes(node).is_none() => None,
        Operation::Apply(Function::Negate, _)
        | Operation::Combine(Combine::Add | Combine::Subtract | Combine::Multiply, ..) => {
            Some(ScalarOperation::MultiplyAdd)
        }
        Operation::Apply(f, _) => Some(ScalarOperation::Apply(f)),
        Operation::Combine(op, _, _) => Some(ScalarOperation::Combine(op)),
        _ => None,
    }
}

/// An order of the nodes, children first, in which equal scalar operations stand together: a long sequence
/// of changing operations is what a processor predicts worst.
pub(super) fn schedule(graph: &Graph, nodes: &[Node]) -> Vec<Node> {
    let mut missing: FxHashMap<Node, usize> = FxHashMap::default();
    let mut parents: FxHashMap<Node, Vec<Node>> = FxHashMap::default();
    // Sources and arrays have no operation of their own here and come in the order of the graph.
    let mut ready: BTreeMap<Option<ScalarOperation>, BTreeSet<Node>> = BTreeMap::new();
    for node in nodes {
        let children: BTreeSet<Node> = graph.children(*node).collect();
        if children.is_empty() {
            ready.entry(kind(graph, *node)).or_default().insert(*node);
        }
        missing.insert(*node, children.len());
        for child in children {
            parents.entry(child).or_default().push(*node);
        }
    }
    let mut order = Vec::with_capacity(nodes.len());
    loop {
        // All arrays that can be computed, then the scalar operations of the most numerous kind.
        let some = ready.iter().filter(|(_, r)| !r.is_empty());
        let next = some.max_by_key(|(k, r)| (k.is_none(), r.len())).map(|(k, _)| *k).unwrap_or(None);
        let Some(node) = ready.get_mut(&next).and_then(BTreeSet::pop_first) else { break };
        let mut batch = vec![node];
        while let Some(node) = batch.pop() {
            order.push(node);
            for parent in parents.remove(&node).unwrap_or_default() {
                let count = missing.entry(parent).or_default();
                *count -= 1;
                if *count == 0 {
                    ready.entry(kind(graph, parent)).or_default().insert(parent);
                }
            }
            if next.is_some() {
                batch.extend(ready.get_mut(&next).and_then(BTreeSet::pop_first));
            }
        }
    }
    order
}
